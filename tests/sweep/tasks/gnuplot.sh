# shellcheck shell=sh
# gnuplot: a surface as SVG
# programs: gnuplot

run() {
  gnuplot -e 'set terminal svg; set isosamples 80; set output "a.svg"; splot sin(x) * cos(y) with pm3d'
  digest a.svg
}
