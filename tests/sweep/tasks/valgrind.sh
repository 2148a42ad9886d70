# shellcheck shell=sh
# valgrind: memcheck on a program with one leak
# programs: valgrind gcc
# mask: ==\d+== => ==
# time: 90

prepare() {
  cat >t.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void) { for (int i = 0; i < 2000; i++) free(malloc(i)); printf("%d\n", malloc(10) != NULL); return 0; }
END
  gcc -g -O0 t.c -o t
}

run() {
  # What it measures is the program's malloc, which is the library's where that is preloaded.
  valgrind -q --error-exitcode=9 ./t
}
