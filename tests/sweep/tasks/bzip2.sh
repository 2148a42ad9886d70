# shellcheck shell=sh
# bzip2: compresses and expands
# programs: bzip2

prepare() {
  text a.txt 60000
}

run() {
  bzip2 -c a.txt >a.z
  digest a.z
  bzip2 -dc a.z | sha256sum
}
