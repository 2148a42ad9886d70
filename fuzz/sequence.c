/* sequence: right programs.  Whatever they do, the allocator does what the model
 * says, and has every page back in the end. */
#include "program.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
  struct step step;
  if (!program_read(input, bytes, 0, &step)) {
    return 0;
  }
  program_start(&step);
  for (uint32_t n = 1; program_read(input, bytes, n, &step); n++) {
    program_step(&step);
  }
  program_end();
  return 0;
}
