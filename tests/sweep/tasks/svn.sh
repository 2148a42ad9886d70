# shellcheck shell=sh
# svn: a repository with commits and a checkout
# programs: svnadmin svn

prepare() {
  mkdir tree
  text tree/a 500
  text tree/b 900
}

run() {
  svnadmin create r
  svn import -q -m one tree file:///tmp/w/r/trunk
  svn checkout -q file:///tmp/w/r/trunk co
  for i in 1 2 3 4 5; do
    echo "$i" >>co/a
    svn commit -q -m "c$i" co
  done
  svn update -q co
  svn diff -r 1:6 co | sed '/^---/d;/^+++/d' | sha256sum
  svnadmin verify -q r
}
