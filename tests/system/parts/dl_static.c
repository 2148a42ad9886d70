/* A program that is linked statically, library and all. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
  for (size_t size = 1; size < 3000000; size += 1 + size / 7) {
    char *block = malloc(size);
    if (block == NULL) {
      return 1;
    }
    memset(block, 1, size);
    free(block);
  }
  return 0;
}
