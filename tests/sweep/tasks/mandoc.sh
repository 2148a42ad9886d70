# shellcheck shell=sh
# mandoc: manual pages as HTML
# programs: mandoc

run() {
  for page in /usr/share/man/man1/[b-g]*.1.gz; do
    zcat "$page" | mandoc -Thtml 2>/dev/null
  done | head -c 20000000 | sha256sum
}
