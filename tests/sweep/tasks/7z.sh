# shellcheck shell=sh
# 7z: packs with threads, lists and tests
# programs: 7z

prepare() {
  text a.txt 30000
}

run() {
  7z a -mmt=2 -bso0 -bsp0 a.7z a.txt
  7z t -bsp0 a.7z | grep -E '^(Everything|Files|Size)' || 7z t a.7z | grep -c Ok
  7z x -so a.7z | sha256sum
}
