# shellcheck shell=sh
# mke2fs: makes, fills and checks a file system
# programs: mke2fs e2fsck debugfs

run() {
  truncate -s 32M a
  mke2fs -q -F -t ext4 -U 01234567-89ab-cdef-0123-456789abcdef -E hash_seed=01234567-89ab-cdef-0123-456789abcdef -d /usr/share/perl5/Debconf a
  e2fsck -f -n a 2>/dev/null | tail -n 1
  debugfs -R 'ls -p /' a 2>/dev/null | wc -l
}
