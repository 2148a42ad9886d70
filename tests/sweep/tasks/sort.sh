# shellcheck shell=sh
# sort: sorts in memory and through files, with threads
# programs: sort uniq comm
# quick:

prepare() {
  text a.txt 40000
}

run() {
  tr ' ' '\n' <a.txt >words
  sort --parallel=4 words | sha256sum
  sort --parallel=2 -S 1M -T . -u words | sha256sum
  sort -k1.2n -r words | uniq -c | sort -rn | head -5
  sort words | shuf --random-source=words -n 5
}
