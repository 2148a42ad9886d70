# shellcheck shell=sh
# strace: traces a program and its children
# programs: strace

run() {
  strace -f -e trace=execve,openat -o log sh -c 'cat /etc/hostname >/dev/null; true'
  grep -c '"/etc/hostname"' log
  grep -o 'exited with [0-9]*' log | sort | uniq -c
}
