# shellcheck shell=sh
# dash: functions, substitutions, pipes and jobs
# programs: dash

prepare() {
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

run() {
  dash t.sh
}
