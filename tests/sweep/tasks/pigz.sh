# shellcheck shell=sh
# pigz: compresses and expands
# programs: pigz

prepare() {
  text a.txt 60000
}

run() {
  pigz -n -p 2 -c a.txt >a.z
  digest a.z
  pigz -dc a.z | sha256sum
}
