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
