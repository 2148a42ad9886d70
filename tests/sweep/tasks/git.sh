# shellcheck shell=sh
# git: imports, clones, repacks and blames
# programs: git
# quick:

prepare() {
  awk 'BEGIN { s = 42; for (c = 0; c < 80; c++) {
    printf "commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 2\nc\n\n", 1600000000 + c * 60
    for (f = 0; f < (c ? 10 : 200); f++) { t = ""; n = c ? c * 31 + f : f
      for (l = 0; l < 60; l++) { s = (s * 1103515245 + 12345) % 2147483648; t = t "line " s % 9973 "\n" }
      printf "M 100644 inline d%d/f%d\ndata %d\n%s\n", n % 10, n % 200, length(t), t } } }' >stream
  git init -q --initial-branch=main repository
  git -C repository fast-import --quiet <stream
}

run() {
  git clone -q --no-local repository clone
  git -C clone gc -q --aggressive
  git -C clone fsck --full 2>/dev/null
  git -C clone log --raw --no-abbrev | sha256sum
  git -C clone grep -c 'line 77' | sha256sum
  git -C clone diff HEAD~40 | sha256sum
  git -C clone cat-file --batch-all-objects --batch-check | sha256sum
}
