# shellcheck shell=sh
# lo-calc: an office suite converts a sheet and back
# programs: soffice /usr/lib/libreoffice/program/libsclo.so
# time: 180

prepare() {
  awk 'BEGIN { print "a,b,c"; for (i = 1; i < 3000; i++) print i "," i * 7919 % 5003 ",=A" i + 1 "*B" i + 1 }' >a.csv
}

run() {
  soffice -env:UserInstallation=file:///tmp/w/profile --headless --convert-to xlsx a.csv >log 2>&1
  mkdir back
  soffice -env:UserInstallation=file:///tmp/w/profile --headless --convert-to csv --outdir back a.xlsx >log 2>&1
  digest back/a.csv
}
