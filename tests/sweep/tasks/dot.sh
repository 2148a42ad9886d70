# shellcheck shell=sh
# dot: lays out a graph
# programs: dot

prepare() {
  awk 'BEGIN { print "digraph g {"; for (i = 1; i < 250; i++) print "n" int(i * 0.61) % i " -> n" i ";"; print "}" }' >a.dot
}

run() {
  dot -Tsvg a.dot | grep -v '^<!-- Generated' | sha256sum
  neato -Tplain a.dot | wc -l
}
