# shellcheck shell=sh
# dpkg: lists, verifies and builds packages
# programs: dpkg dpkg-deb

run() {
  dpkg -l | sha256sum
  dpkg -S /bin/ls /usr/bin/awk /usr/bin/perl 2>&1 | sort
  mkdir -p p/DEBIAN p/usr/share/x
  printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n' >p/DEBIAN/control
  cp -a /usr/share/perl5/Debconf p/usr/share/x
  find p -exec touch -h -d @1600000000 '{}' +
  dpkg-deb --root-owner-group -Zxz -b p x.deb
  dpkg-deb -c x.deb | sha256sum
  dpkg-deb --fsys-tarfile x.deb | sha256sum
}
