# shellcheck shell=sh
# apt: simulates an installation and searches
# programs: apt-get apt-cache

run() {
  apt-get -s -o Debug::NoLocking=1 install --reinstall coreutils bash python3 2>/dev/null | sort | sha256sum
  apt-cache search --names-only '^lib.*dev$' | sort | sha256sum
  apt-cache depends bash perl python3 | sha256sum
  apt-cache policy bash
}
