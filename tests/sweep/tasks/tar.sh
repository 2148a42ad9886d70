# shellcheck shell=sh
# tar: packs and unpacks a tree
# programs: tar gzip
# quick:

run() {
  tar -C /usr/share -czf a.tgz --sort=name --mtime=@0 --owner=0 --group=0 perl5 2>/dev/null
  tar -tzf a.tgz | wc -l
  mkdir b
  tar -C b -xzf a.tgz
  tar -C b -cf - --sort=name --mtime=@0 --owner=0 --group=0 perl5 | sha256sum
}
