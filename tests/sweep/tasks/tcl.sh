# shellcheck shell=sh
# tcl: arrays, lists and strings
# programs: tclsh

prepare() {
  cat >t.tcl <<'END'
for {set i 0} {$i < 200000} {incr i} { incr a(w[expr {$i * 7919 % 5003}]) $i }
set l {}; foreach k [lsort [array names a]] { lappend l $k $a($k) }
puts "[array size a] [string length $l] [lrange $l 0 5]"
puts [regexp -all {w(\d)\d*\1 } $l]; puts [string length [string repeat [encoding convertto utf-8 "\u00e4"] 100000]]
END
}

run() {
  tclsh t.tcl
}
