# shellcheck shell=sh
# rsync: copies a tree twice, with changes between
# programs: rsync

run() {
  rsync -a /usr/share/perl/ a/ 2>/dev/null
  # shellcheck disable=SC2016 # the inner shell expands
  find a -name '*.pm' | sort | head -200 | xargs -I '{}' sh -c 'echo change >>"$1"' sh '{}'
  rsync -a --checksum --delete --no-whole-file --itemize-changes a/ b/ | wc -l
  rsync -a --delete --checksum --itemize-changes /usr/share/perl/ b/ | sort | sha256sum
}
