// What the two copies of the C++ library give each other.
#ifndef ASHLAR_TESTS_SYSTEM_COPY_H
#define ASHLAR_TESTS_SYSTEM_COPY_H

#include <cstddef>
#include <map>
#include <string>
#include <vector>

struct alignas(128) wide {
  char byte[200];
};

// Its arrays have a cookie.
struct counted {
  std::string name = "counted";
  ~counted() {}
};

std::string *copy_string(size_t length);
int *copy_array(size_t count);
wide *copy_wide();
wide *copy_wides(size_t count);
counted *copy_counted(size_t count);
void *copy_raw(size_t size);
void *copy_raw_aligned(size_t size);
std::map<int, std::string> *copy_map(int entries);

void copy_delete(std::string *string);
void copy_delete(std::vector<std::string> *strings);
void copy_delete(wide *one);
void copy_delete(counted *array);

#endif
