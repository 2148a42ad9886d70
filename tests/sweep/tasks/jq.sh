# shellcheck shell=sh
# jq: filters a large document
# programs: jq

prepare() {
  awk 'BEGIN { print "["; for (i = 0; i < 30000; i++) printf "%s{\"id\":%d,\"name\":\"w%d\",\"tags\":[\"a%d\",\"b\"],\"n\":{\"x\":%d}}\n", i ? "," : "", i, i * 7919 % 5003, i % 7, i * 3; print "]" }' >a.json
}

run() {
  jq -c 'group_by(.tags[0]) | map({t: .[0].tags[0], n: length, s: (map(.n.x) | add)})' a.json
  jq -S 'map(select(.name | test("^w1.*7$")) | .id)' a.json | sha256sum
}
