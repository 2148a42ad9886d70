# shellcheck shell=sh
# screen: a session that runs a command
# programs: screen

run() {
  SCREENDIR=/tmp/w/s
  export SCREENDIR
  mkdir -m 700 s
  screen -c /dev/null -dmS a sh -c 'seq 1 3000; echo end >ended; sleep 60'
  until_true 20 test -f ended
  sleep 0.3
  screen -S a -X hardcopy -h /tmp/w/copy
  until_true 10 test -s copy
  grep -c . copy
  screen -S a -X quit
}
