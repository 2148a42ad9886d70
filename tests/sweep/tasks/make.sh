# shellcheck shell=sh
# make: forty objects, two at a time
# programs: make gcc

prepare() {
  i=0
  while [ $i -lt 40 ]; do
    echo "#include <stdlib.h>
int f$i(int n) { int *p = malloc((unsigned)n * sizeof *p), s = 0; for (int i = 0; i < n; i++) p[i] = i * $i; for (int i = 0; i < n; i++) s += p[i]; free(p); return s; }" >"f$i.c"
    i=$((i + 1))
  done
  {
    echo '#include <stdio.h>'
    i=0; while [ $i -lt 40 ]; do echo "int f$i(int);"; i=$((i + 1)); done
    echo 'int main(void) { int s = 0;'
    i=0; while [ $i -lt 40 ]; do echo "s += f$i(10);"; i=$((i + 1)); done
    printf '%s\n' 'printf("%d\n", s); return 0; }'
  } >main.c
  # shellcheck disable=SC2016 # make's variables
  printf 'CFLAGS = -O2\nt: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\tgcc -o $@ $^\n' >Makefile
}

run() {
  make -s -j2
  ./t
  make -s -j2
  find . -name '*.o' | sort | xargs cat | sha256sum
}
