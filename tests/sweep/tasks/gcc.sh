# shellcheck shell=sh
# gcc: a large source with -O2
# programs: gcc
# quick:

prepare() {
  awk 'BEGIN { print "#include <stdlib.h>\n#include <string.h>"; for (i = 0; i < 250; i++)
    printf "struct s%d { int a[%d]; double b; }; int f%d(struct s%d *s, int n) { int r = 0; for (int i = 0; i < n; i++) { s->a[i %% %d] += i * %d; r ^= s->a[(i * 7) %% %d]; switch (r & 7) { case 0: r += %d; break; case 3: r *= 3; break; case 5: s->b += r; } } return r; }\n", i, i + 3, i, i, i + 3, i, i + 3, i }' >t.c
}

run() {
  gcc -O2 -c t.c -o t.o
  digest t.o
}
