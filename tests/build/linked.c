/* A program with the archive: whether its malloc is Ashlar's. */
#include <ashlar.h>
#include <stdlib.h>

int main(void)
{
  void *volatile block = malloc(100);
  int status = ashlar_object_size(block) >= 100 ? EXIT_SUCCESS : EXIT_FAILURE;
  free(block);
  return status;
}
