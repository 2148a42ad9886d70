# shellcheck shell=sh
# man: renders manual pages
# programs: man groff
# quick:

run() {
  man -P cat man | wc
  man -P cat bash | sha256sum
}
