# shellcheck shell=sh
# gdb: breakpoints, a backtrace and values
# programs: gdb gcc

prepare() {
  cat >t.c <<'END'
#include <stdio.h>
#include <stdlib.h>
struct node { struct node *next; int value; };
static int sum(struct node *n) { return n ? n->value + sum(n->next) : 0; }
int main(void) { struct node *head = NULL; for (int i = 0; i < 9; i++) { struct node *n = malloc(sizeof *n); n->next = head; n->value = i; head = n; } printf("%d\n", sum(head)); return 0; }
END
  gcc -g -O0 t.c -o t
}

run() {
  gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'break sum if n == 0' -ex run -ex 'bt 3' \
    -ex 'up 1' -ex 'print *n' -ex 'info sharedlibrary libc' -ex delete -ex continue ./t 2>/dev/null |
    grep -E '^#|^\$|^[0-9]+$|exited'
}
