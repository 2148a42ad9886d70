/* A library that is found by RUNPATH alone; it allocates and frees. */
#include <stdlib.h>

void *hidden_malloc(size_t size);
void *hidden_malloc(size_t size)
{
  return malloc(size);
}

void hidden_free(void *block);
void hidden_free(void *block)
{
  free(block);
}
