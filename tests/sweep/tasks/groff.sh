# shellcheck shell=sh
# groff: a manual page as PostScript and as text
# programs: groff

run() {
  zcat -f /usr/share/man/man1/bash.1* >page
  groff -mandoc -Tps page | grep -av '^%%CreationDate' | sha256sum
  groff -mandoc -Tutf8 page | sha256sum
}
