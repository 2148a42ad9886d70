# shellcheck shell=sh
# mawk: counts words
# programs: mawk sort

prepare() {
  text a.txt 20000
}

run() {
  mawk '{ for (i = 1; i <= NF; i++) { n[$i]++; s = s substr($i, 1, 1) } }
    END { for (w in n) print w, n[w]; print length(s) }' a.txt | sort | sha256sum
}
