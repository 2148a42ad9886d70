# shellcheck shell=sh
# sshd: a server on the loopback, and clients that copy
# programs: /usr/sbin/sshd ssh ssh-keygen

prepare() {
  ssh-keygen -q -t ed25519 -N '' -f host
  ssh-keygen -q -t ed25519 -N '' -f key
  mkdir -p .ssh
  cp key.pub authorized
  text a.txt 5000
}

client() {
  ssh -F none -p 2222 -i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/tmp/w/known \
    -o BatchMode=yes -o LogLevel=ERROR "$(id -un)@127.0.0.1" "$@"
}

run() {
  mkdir -p /run/sshd
  chmod 700 . /tmp/w
  /usr/sbin/sshd -D -e -f /dev/null -p 2222 -h /tmp/w/host \
    -o ListenAddress=127.0.0.1 -o AuthorizedKeysFile=/tmp/w/authorized -o StrictModes=no \
    -o UsePAM=no -o PidFile=none -o PermitRootLogin=yes 2>log &
  until_true 20 client true
  client 'cat >/tmp/w/copy; sha256sum </tmp/w/copy; echo done' <a.txt
  for i in 1 2 3 4 5; do
    client "echo $i" </dev/null
  done
  kill $!
}
