/* misuse BUG: does with the heap what no program may, and says whether it got
 * away with it.  BUG: double-free, interior, overflow, use-after-free. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the compiler cannot see through: it would warn, or drop the store. */
static char *volatile misuse_block;
static volatile size_t misuse_inside = 16;

int main(int argc, char **argv)
{
  const char *bug = argc > 1 ? argv[1] : "";
  /* More of its size come and go, as in a program that does something. */
  char *others[16];
  for (int i = 0; i < 16; i++) {
    others[i] = malloc(40);
  }
  misuse_block = malloc(40);
  char *block = misuse_block;
  if (block == NULL) {
    return 2;
  }
  memset(block, 'x', 40);
  if (strcmp(bug, "double-free") == 0) {
    free(misuse_block);
    for (int i = 0; i < 16; i++) {
      free(others[i]);
    }
    free(misuse_block);
  } else if (strcmp(bug, "interior") == 0) {
    free(misuse_block + misuse_inside);
  } else if (strcmp(bug, "overflow") == 0) {
    misuse_block[40] = 'y';
    free(misuse_block);
  } else if (strcmp(bug, "use-after-free") == 0) {
    free(misuse_block);
    misuse_block[8] = 'y';
    for (int i = 0; i < 1000; i++) {
      misuse_block = malloc(40);
      free(misuse_block);
    }
  } else {
    fputs("usage: misuse double-free|interior|overflow|use-after-free\n", stderr);
    return 2;
  }
  puts("nobody noticed");
  return 0;
}
