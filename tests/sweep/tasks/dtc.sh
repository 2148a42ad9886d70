# shellcheck shell=sh
# dtc: compiles a device tree and back
# programs: dtc

prepare() {
  awk 'BEGIN { print "/dts-v1/; / {"; for (i = 0; i < 2000; i++) printf "n%d: node@%x { reg = <%d>; name%d = \"x%d\"; other = <&n%d>; };\n", i, i, i, i, i, (i * 7) % 2000; print "};" }' >a.dts
}

run() {
  dtc -q -O dtb -o a.dtb a.dts
  digest a.dtb
  dtc -q -O dts a.dtb | sha256sum
}
