# shellcheck shell=sh
# xz: compresses and expands
# programs: xz
# quick:

prepare() {
  text a.txt 60000
}

run() {
  xz -T2 -2 --block-size=1MiB -c a.txt >a.z
  digest a.z
  xz -dc a.z | sha256sum
}
