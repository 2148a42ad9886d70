# shellcheck shell=sh
# rsvg: draws vector pictures
# programs: rsvg-convert

prepare() {
  awk 'BEGIN { print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"600\" height=\"600\">"; for (i = 0; i < 3000; i++) printf "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"#%06x\" opacity=\".5\"/>\n", i * 79 % 600, i * 31 % 600, i % 20 + 1, i * 5551 % 16777216; print "</svg>" }' >a.svg
}

run() {
  rsvg-convert -o a.png a.svg
  digest a.png
}
