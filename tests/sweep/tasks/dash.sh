# shellcheck shell=sh
# dash: functions, substitutions, pipes and jobs
# programs: dash

prepare() {
  shell_script
}

run() {
  dash t.sh
}
