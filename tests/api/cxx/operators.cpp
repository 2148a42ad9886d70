// Every form of operator new and delete, the new-handler and bad_alloc, in a
// C++ program with libashlar.so.  Says at the end, as Criterion does, how many
// checks there were.
#include "../../../src/ashlar.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

static int tested;
static int failed;

static void check(bool holds, const char *what, std::size_t detail = 0)
{
  tested++;
  if (!holds) {
    failed++;
    std::fprintf(stderr, "[FAIL] operators::%s (%zu)\n", what, detail);
  }
}

// Opaque, so that the compiler pairs no new with its delete.
template <typename T> static T *hidden(T *block)
{
  asm volatile("" : "+r"(block) : : "memory");
  return block;
}

static bool ours(void *block, std::size_t size, std::size_t align)
{
  bool good = block != nullptr && reinterpret_cast<std::uintptr_t>(block) % align == 0 &&
              ashlar_malloc_usable_size(block) >= size &&
              (size == 0 || ashlar_object_size(block) >= size);
  if (good && size > 0) {
    std::memset(block, 0x5a, size < 5000 ? size : 5000);
  }
  return good;
}

static void each_form(std::size_t size)
{
  using std::nothrow;
  void *p = hidden(::operator new(size));
  check(ours(p, size, 16), "new", size);
  ::operator delete(p);
  p = hidden(::operator new(size));
  ::operator delete(p, size);
  p = hidden(::operator new(size, nothrow));
  check(ours(p, size, 16), "new nothrow", size);
  ::operator delete(p, nothrow);
  p = hidden(::operator new[](size));
  check(ours(p, size, 16), "new[]", size);
  ::operator delete[](p);
  p = hidden(::operator new[](size));
  ::operator delete[](p, size);
  p = hidden(::operator new[](size, nothrow));
  check(ours(p, size, 16), "new[] nothrow", size);
  ::operator delete[](p, nothrow);
}

static void each_aligned_form(std::size_t size, std::size_t alignment)
{
  using std::nothrow;
  std::align_val_t align{alignment};
  void *p = hidden(::operator new(size, align));
  check(ours(p, size, alignment), "new aligned", alignment);
  ::operator delete(p, align);
  p = hidden(::operator new(size, align));
  ::operator delete(p, size, align);
  p = hidden(::operator new(size, align, nothrow));
  check(ours(p, size, alignment), "new aligned nothrow", alignment);
  ::operator delete(p, align, nothrow);
  p = hidden(::operator new[](size, align));
  check(ours(p, size, alignment), "new[] aligned", alignment);
  ::operator delete[](p, align);
  p = hidden(::operator new[](size, align));
  ::operator delete[](p, size, align);
  p = hidden(::operator new[](size, align, nothrow));
  check(ours(p, size, alignment), "new[] aligned nothrow", alignment);
  ::operator delete[](p, align, nothrow);
}

static const std::size_t TOO_MUCH = std::size_t(1) << 46;

static bool throws(bool array, bool aligned)
{
  volatile std::size_t size = TOO_MUCH;
  std::align_val_t align{4096};
  try {
    void *p = array     ? aligned ? ::operator new[](size, align) : ::operator new[](size)
                  : aligned ? ::operator new(size, align)
                        : ::operator new(size);
    (void)hidden(p);
  } catch (const std::bad_alloc &) {
    return true;
  }
  return false;
}

// An alignment that is no power of two: bad_alloc, and no handler is asked; as the
// C++ library does it.
static void no_alignments()
{
  static int asked;
  std::new_handler before = std::set_new_handler([] {
    asked++;
    std::set_new_handler(nullptr);
  });
  for (std::size_t none : {0, 3, 12, 24, 48, 4097, 12288}) {
    for (std::size_t size : {0, 1, 100, 5000, 300000}) {
      volatile std::align_val_t align{none};
      for (bool array : {false, true}) {
        bool thrown = false;
        try {
          (void)hidden(array ? ::operator new[](size, align) : ::operator new(size, align));
        } catch (const std::bad_alloc &) {
          thrown = true;
        }
        check(thrown, "new aligned to no power of two", none);
      }
      check(hidden(::operator new(size, align, std::nothrow)) == nullptr, "the same, nothrow",
            none);
      check(hidden(::operator new[](size, align, std::nothrow)) == nullptr, "the same, nothrow[]",
            none);
    }
  }
  check(asked == 0, "the new-handler was asked for an alignment");
  std::set_new_handler(before);
  for (int shift = 47; shift < 64; shift++) {
    volatile std::align_val_t align{std::size_t(1) << shift};
    for (std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(300000), TOO_MUCH,
                             std::size_t(-1) / 2, std::size_t(-1)}) {
      check(hidden(::operator new(size, align, std::nothrow)) == nullptr, "beyond memory", size);
    }
  }
}

static void without_memory()
{
  volatile std::size_t size = TOO_MUCH;
  for (int form = 0; form < 4; form++) {
    check(throws(form & 1, form & 2), "bad_alloc", std::size_t(form));
  }
  check(hidden(::operator new(size, std::nothrow)) == nullptr, "nothrow gives NULL");
  check(hidden(::operator new[](size, std::nothrow)) == nullptr, "nothrow[] gives NULL");
  check(hidden(::operator new (size, std::align_val_t{64}, std::nothrow)) == nullptr,
        "aligned nothrow gives NULL");
  volatile std::size_t length = std::size_t(-1) / 4;
  bool thrown = false;
  try {
    (void)hidden(new long[length]);
  } catch (const std::bad_array_new_length &) {
    thrown = true;
  }
  check(thrown, "bad_array_new_length");
}

static int calls;

// Gives up at the third call.
static void handler()
{
  if (++calls == 3) {
    std::set_new_handler(nullptr);
  }
}

static void throwing_handler()
{
  calls++;
  throw std::bad_alloc();
}

struct other {
  static int ended;
  ~other()
  {
    ended++;
  }
};
int other::ended;

static void throwing_other_handler()
{
  other local;
  calls++;
  throw other();
}

// What the handler throws, whatever it is, ends in the nothrow forms, and is gone.
static void nothrow_with_throwing_handler(std::size_t size)
{
  for (std::new_handler throwing : {throwing_handler, throwing_other_handler}) {
    std::set_new_handler(throwing);
    calls = 0;
    for (int i = 0; i < 1000; i++) {
      check(hidden(::operator new(size, std::nothrow)) == nullptr, "nothrow, and it throws");
      check(hidden(::operator new[](size, std::nothrow)) == nullptr, "nothrow[], and it throws");
      check(hidden(::operator new (size, std::align_val_t{64}, std::nothrow)) == nullptr,
            "aligned nothrow, and it throws");
    }
    check(calls == 3000, "each was asked once", std::size_t(calls));
  }
  check(other::ended >= 2 * 3000, "what was thrown was ended", std::size_t(other::ended));
  check(std::uncaught_exceptions() == 0, "nothing is on its way");
}

static void handlers()
{
  volatile std::size_t size = TOO_MUCH;
  calls = 0;
  std::set_new_handler(handler);
  check(throws(false, false) && calls == 3, "the handler is asked until it is gone");
  calls = 0;
  std::set_new_handler(handler);
  check(hidden(::operator new(size, std::nothrow)) == nullptr && calls == 3, "by nothrow as well");
  calls = 0;
  std::set_new_handler(throwing_handler);
  check(throws(true, true) && calls == 1, "what the handler throws comes through");
  nothrow_with_throwing_handler(size);
  std::set_new_handler(nullptr);
}

struct alignas(256) wide {
  int value[100];
  virtual ~wide() = default;
};

struct base {
  virtual ~base() = default;
  int one = 1;
};
struct derived : base {
  std::string more = "more than a small string holds, so that it is allocated";
  int array[100];
};

static void objects()
{
  std::unique_ptr<base> b(new derived); // sized delete of the dynamic type
  std::unique_ptr<wide> w(new wide);
  check(reinterpret_cast<std::uintptr_t>(w.get()) % 256 == 0, "alignas");
  std::unique_ptr<derived[]> a(new derived[17]); // with a cookie
  std::unique_ptr<wide[]> wa(new wide[5]);
  std::map<int, std::string> m;
  std::vector<std::shared_ptr<derived>> v;
  for (int i = 0; i < 2000; i++) {
    m[i * 7919 % 2000] = std::string(std::size_t(i % 300), 'x');
    v.push_back(std::make_shared<derived>());
  }
  std::size_t sum = 0;
  for (auto &e : m) {
    sum += e.second.size();
  }
  check(m.size() == 2000 && sum > 0 && v.size() == 2000, "containers");
}

int main()
{
  static const std::size_t sizes[] = {0,    1,      16,     40,     500,    4096,
                                      9000, 262143, 262144, 300000, 5000000};
  for (std::size_t size : sizes) {
    each_form(size);
    for (std::size_t align = 1; align <= (1u << 20); align *= 2) {
      each_aligned_form(size, align);
    }
  }
  ::operator delete(nullptr);
  ::operator delete[](nullptr, std::size_t(7));
  ::operator delete (nullptr, std::size_t(7), std::align_val_t{64});
  no_alignments();
  without_memory();
  handlers();
  objects();
  std::thread t(objects);
  t.join();
  check(ashlar_check(nullptr, nullptr), "the heap is damaged");
  std::fprintf(stderr, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n",
               tested, tested - failed, failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
