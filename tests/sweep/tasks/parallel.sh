# shellcheck shell=sh
# parallel: many jobs, two at a time
# programs: parallel

run() {
  # shellcheck disable=SC2016 # for its shells
  seq 1 60 | parallel --will-cite -j2 -k 'echo {} $(({} * {}))' 2>/dev/null | sha256sum
}
