# shellcheck shell=sh
# wget: mirrors from the loopback
# programs: wget /usr/bin/python3

prepare() {
  mkdir www
  for i in 1 2 3 4 5 6 7 8 9; do
    text www/$i.txt $((i * 300))
  done
}

run() {
  /usr/bin/python3 -m http.server -b 127.0.0.1 -d www 8083 >/dev/null 2>&1 &
  until_true 20 wget -q -O /dev/null http://127.0.0.1:8083/1.txt
  wget -q -r -np -P b http://127.0.0.1:8083/
  find b -name '*.txt' | sort | xargs sha256sum
  kill $!
}
