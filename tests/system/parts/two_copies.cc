// A correct program with two copies of the C++ library: what one makes, the
// other deletes, in every form that the language has.
#include "copy.hh"

#include <cstdio>
#include <cstring>
#include <new>

enum {
  ROUNDS = 200
};

static size_t seen;

static void from_the_copy(size_t i)
{
  std::string *string = copy_string(i);
  seen += string->size();
  delete string;
  delete[] copy_array(i);
  wide *one = copy_wide();
  seen += reinterpret_cast<size_t>(one) % 128;
  delete one;
  delete[] copy_wides(i);
  delete[] copy_counted(i);
  ::operator delete(copy_raw(i), i);
  ::operator delete(copy_raw_aligned(i), i, std::align_val_t(64));
  ::operator delete(copy_raw(1000 * i));
  std::map<int, std::string> *map = copy_map(static_cast<int>(i));
  seen += map->size();
  delete map;
}

static void to_the_copy(size_t i)
{
  copy_delete(new std::string(i, 'y'));
  copy_delete(new std::vector<std::string>(i, "a string that is too long to be kept inside"));
  copy_delete(new wide());
  copy_delete(new counted[i]);
}

int main()
{
  for (size_t i = 0; i < ROUNDS; i++) {
    from_the_copy(i);
    to_the_copy(i);
  }
  std::printf("%zu\n", seen);
  return 0;
}
