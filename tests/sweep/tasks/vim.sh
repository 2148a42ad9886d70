# shellcheck shell=sh
# vim: edits by script, with syntax and undo
# programs: vim.nox

prepare() {
  text a.c 3000
}

run() {
  vim.nox -N -u NONE -i NONE -es -c 'syntax on' -c 'set undolevels=1000' -c '%s/w\(\d\)/<\1>/g' \
    -c 'sort' -c 'g/<7>/m0' -c 'normal ggVGgu' -c 'undo' -c 'redo' -c 'wq! b.c' a.c
  digest b.c
  vim.nox -N -u NONE -i NONE -es -c "let d = {} | for i in range(50000) | let d['k' . i % 997] = i | endfor | call writefile([len(d), string(d)[0:40]], 'c')" -c 'q!' || :
  cat c
}
