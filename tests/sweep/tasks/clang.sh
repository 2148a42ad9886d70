# shellcheck shell=sh
# clang: compiles a large source with -O2
# programs: clang
# quick:

prepare() {
  awk 'BEGIN { print "#include <stdlib.h>"; for (i = 0; i < 200; i++)
    printf "struct s%d { int a[%d]; }; int f%d(struct s%d *s, int n) { int r = 0; for (int i = 0; i < n; i++) { s->a[i %% %d] += i * %d; r ^= s->a[(i * 7) %% %d]; } return r; }\n", i, i + 3, i, i, i + 3, i, i + 3 }' >t.c
}

run() {
  clang -O2 -c t.c -o t.o
  digest t.o
}
