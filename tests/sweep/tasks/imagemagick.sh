# shellcheck shell=sh
# imagemagick: filters and converts pictures
# programs: convert
# time: 90

run() {
  convert -size 900x700 gradient:red-blue -swirl 120 -blur 0x3 -resize 60% a.png
  convert a.png -colors 64 -rotate 30 b.gif
  convert a.png b.gif -background white +append -quality 80 c.jpg
  for file in a.png b.gif c.jpg; do
    convert "$file" -depth 8 rgb:- | sha256sum
  done
}
