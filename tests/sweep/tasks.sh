# shellcheck shell=sh
# What several tasks of tests/sweep use.  The working directory is /tmp/w; who
# started a server need not end it: all end with the task.

# digest FILE...: their checksums.
digest() {
  sha256sum "$@" | cut -c 1-64
}

# until_true SECONDS COMMAND...: waits until a command succeeds.
until_true() {
  tries=$(($1 * 20))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      echo "not within its time: $*" >&2
      return 1
    fi
    sleep 0.05
  done
}

# unprivileged COMMAND...: becomes a command of a user who is nobody, if root; to be used
# in the background or between parentheses.
unprivileged() {
  if [ "$(id -u)" -eq 0 ] && grep -q 4294967295 /proc/self/uid_map; then
    exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
  fi
  exec "$@"
}

# text FILE LINES: words, the same each time.
text() {
  awk -v n="$2" 'BEGIN { s = 42; for (i = 0; i < n; i++) { line = ""; for (j = 0; j < 10; j++) {
    s = (s * 1103515245 + 12345) % 2147483648; line = line sprintf("w%d ", s % 20011) }
    print line } }' >"$1"
}

# shell_script: t.sh, for any shell: functions, substitutions, pipes and jobs.
shell_script() {
  cat >t.sh <<'END'
i=0; s=
while [ $i -lt 3000 ]; do s="$s$((i * 7 % 10))"; i=$((i + 1)); done
echo "${#s} ${s%%3*}"
f() { [ "$1" -le 1 ] && echo 1 || echo $(($1 * $(f $(($1 - 1))))); }
f 12
for n in 1 2 3 4; do (sleep 0.0$n; echo $((n * n)) >j$n) & done
wait
cat j1 j2 j3 j4
trap 'echo trapped' USR1; kill -USR1 $$
printf '%s\n' $(seq 1 300) | while read -r x; do [ $((x % 50)) -eq 0 ] && echo "$x"; done
END
}
