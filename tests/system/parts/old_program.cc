// What old programs do, and what was never an error that they could see.
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct header {
  int length;
  int more;
};

int main(int argc, char **argv)
{
  size_t n = argc > 1 ? static_cast<size_t>(std::atoi(argv[1])) : 100;
  for (int i = 0; i < 50; i++, n += 37) {
    char *buffer = new char[n];
    std::memset(buffer, 'b', n);
    delete buffer; // its size is that of one character
    char *copy = strdup("a name");
    delete copy;
    delete[] strdup("another name");
    std::free(new header());
    std::free(new header[3]);
    header *grown = new header();
    grown = static_cast<header *>(std::realloc(static_cast<void *>(grown), n));
    grown->length = i;
    std::free(grown);
    header *allocated = static_cast<header *>(std::malloc(sizeof(header)));
    delete allocated;
    header *large = static_cast<header *>(std::malloc(80000 * sizeof(header)));
    delete[] large;
  }
  std::puts("done");
  return 0;
}
