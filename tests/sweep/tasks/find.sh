# shellcheck shell=sh
# find: walks a tree, with xargs and grep
# programs: find grep

run() {
  find /usr/share/perl /usr/share/perl5 /usr/include -type f -printf '%s %p\n' | sort | sha256sum
  find /usr/share/perl5 -name '*.pm' -print0 | xargs -0 grep -cE '(sub|my) .*\$' | sort | sha256sum
  grep -rhoP '\b(\w)\w*\1\b' /usr/share/perl5/Debconf | sort | uniq -c | sort -rn | sha256sum
  # shellcheck disable=SC2012 # ls is what is tried
  ls -laR --time-style=+%s /usr/share/perl5 | sha256sum
}
