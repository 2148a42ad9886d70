// One of two copies of the C++ library in a process: this one is linked
// statically, and its names are bound inside (tests/system/system.mk).  So what
// is new here is malloc's, and what is deleted elsewhere is not.
#include "copy.hh"

#include <map>
#include <new>
#include <string>
#include <vector>

std::string *copy_string(size_t length)
{
  return new std::string(length, 'x');
}

int *copy_array(size_t count)
{
  return new int[count];
}

wide *copy_wide()
{
  return new wide();
}

wide *copy_wides(size_t count)
{
  return new wide[count];
}

counted *copy_counted(size_t count)
{
  return new counted[count];
}

void *copy_raw(size_t size)
{
  return ::operator new(size);
}

void *copy_raw_aligned(size_t size)
{
  return ::operator new(size, std::align_val_t(64));
}

std::map<int, std::string> *copy_map(int entries)
{
  auto *map = new std::map<int, std::string>();
  for (int i = 0; i < entries; i++) {
    (*map)[i] = std::string(static_cast<size_t>(i), 'm');
  }
  return map;
}

void copy_delete(std::string *string)
{
  delete string;
}

void copy_delete(std::vector<std::string> *strings)
{
  delete strings;
}

void copy_delete(wide *one)
{
  delete one;
}

void copy_delete(counted *array)
{
  delete[] array;
}
