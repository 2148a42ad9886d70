# shellcheck shell=sh
# zip: packs, tests and unpacks a tree
# programs: zip unzip

run() {
  cp -a /usr/share/perl5/Debconf tree
  find tree -exec touch -d @1600000000 '{}' +
  zip -q -X -r a.zip tree
  unzip -tq a.zip
  unzip -q a.zip -d b
  diff -r tree b/tree
  digest a.zip
}
