# shellcheck shell=sh
# squashfs: packs a tree with threads, lists and unpacks it
# programs: mksquashfs unsquashfs

run() {
  mksquashfs /usr/share/perl5 a.sqfs -processors 2 -no-progress -quiet -all-root
  digest a.sqfs
  unsquashfs -q -n -no-xattrs -d b a.sqfs >log
  diff -r /usr/share/perl5 b && echo the same
}
