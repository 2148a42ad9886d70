# shellcheck shell=sh
# bash: functions, substitutions, pipes and jobs
# programs: bash

prepare() {
  shell_script
}

run() {
  bash t.sh
}
