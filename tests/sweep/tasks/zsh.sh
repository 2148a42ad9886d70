# shellcheck shell=sh
# zsh: functions, substitutions, pipes and jobs
# programs: zsh

prepare() {
  shell_script
}

run() {
  zsh t.sh
}
