# shellcheck shell=sh
# gs: renders PostScript, and makes a PDF
# programs: gs groff pdftotext

prepare() {
  zcat -f /usr/share/man/man1/bash.1* | groff -mandoc -Tps >a.ps
}

run() {
  gs -q -dBATCH -dNOPAUSE -dSAFER -r50 -sDEVICE=pnggray -sOutputFile=p%03d.png a.ps
  cat p*.png | sha256sum
  gs -q -dBATCH -dNOPAUSE -dSAFER -sDEVICE=pdfwrite -sOutputFile=a.pdf a.ps
  pdftotext a.pdf - | sha256sum
}
