# shellcheck shell=sh
# zstd: compresses and expands
# programs: zstd
# quick:

prepare() {
  text a.txt 60000
}

run() {
  zstd -q -T2 -9 -c a.txt >a.z
  digest a.z
  zstd -qdc a.z | sha256sum
}
