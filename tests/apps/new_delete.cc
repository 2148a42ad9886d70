// All forms of new and delete, on their own, from several threads and under the
// standard containers.  Prints a checksum, which does not depend on the allocator.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <new>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace
{

std::atomic<unsigned long> wrong{0};

struct Random {
  std::uint64_t state;
  std::uint32_t operator()()
  {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state >> 33);
  }
};

struct alignas(64) Line {
  unsigned char bytes[192];
};

struct Base {
  virtual ~Base() = default;
  virtual unsigned value() const = 0;
};

template <int N> struct Derived : Base {
  unsigned char bytes[N];
  explicit Derived(unsigned char b)
  {
    std::memset(bytes, b, N);
  }
  unsigned value() const override
  {
    return bytes[0] + bytes[N - 1];
  }
};

void expect(bool good)
{
  if (!good) {
    wrong++;
  }
}

bool aligned(const void *p, std::size_t a)
{
  return reinterpret_cast<std::uintptr_t>(p) % a == 0;
}

// One block by one of the operators; how to give it back.
std::function<void()> one(Random &random)
{
  std::size_t n = random() % 3000 + 1;
  std::align_val_t a{std::size_t{16} << random() % 9};
  void *p = nullptr;
  std::function<void()> back;
  switch (random() % 16) {
  case 0:
    p = ::operator new(n);
    back = [p] { ::operator delete(p); };
    break;
  case 1:
    p = ::operator new(n);
    back = [p, n] { ::operator delete(p, n); };
    break;
  case 2:
    p = ::operator new[](n);
    back = [p] { ::operator delete[](p); };
    break;
  case 3:
    p = ::operator new[](n);
    back = [p, n] { ::operator delete[](p, n); };
    break;
  case 4:
    p = ::operator new(n, std::nothrow);
    back = [p] { ::operator delete(p, std::nothrow); };
    break;
  case 5:
    p = ::operator new[](n, std::nothrow);
    back = [p] { ::operator delete[](p, std::nothrow); };
    break;
  case 6:
    p = ::operator new(n, a);
    expect(aligned(p, static_cast<std::size_t>(a)));
    back = [p, a] { ::operator delete(p, a); };
    break;
  case 7:
    p = ::operator new(n, a);
    back = [p, n, a] { ::operator delete(p, n, a); };
    break;
  case 8:
    p = ::operator new[](n, a);
    expect(aligned(p, static_cast<std::size_t>(a)));
    back = [p, a] { ::operator delete[](p, a); };
    break;
  case 9:
    p = ::operator new[](n, a);
    back = [p, n, a] { ::operator delete[](p, n, a); };
    break;
  case 10:
    p = ::operator new(n, a, std::nothrow);
    back = [p, a] { ::operator delete(p, a, std::nothrow); };
    break;
  case 11:
    p = ::operator new[](n, a, std::nothrow);
    back = [p, a] { ::operator delete[](p, a, std::nothrow); };
    break;
  case 12: {
    auto *line = new Line[n % 7 + 1];
    expect(aligned(line, 64));
    return [line] { delete[] line; };
  }
  case 13: {
    Base *object = new Derived<300>(7);
    return [object] {
      expect(object->value() == 14);
      delete object;
    };
  }
  case 14: {
    auto *words = new std::string[n % 5 + 1];
    words[0].assign(n, 'w');
    return [words] { delete[] words; };
  }
  default: {
    auto shared = std::make_shared<Derived<40>>(3);
    return [shared] { expect(shared->value() == 6); };
  }
  }
  expect(p != nullptr);
  auto *bytes = static_cast<unsigned char *>(p);
  auto mark = static_cast<unsigned char>(n);
  bytes[0] = mark;
  bytes[n - 1] = mark;
  return [back, bytes, n, mark] {
    expect(bytes[0] == mark && bytes[n - 1] == mark);
    back();
  };
}

void operators(unsigned seed)
{
  Random random{seed};
  std::vector<std::function<void()>> live(5000);
  for (int i = 0; i < 600000; i++) {
    auto &slot = live[random() % live.size()];
    if (slot) {
      slot();
    }
    slot = one(random);
  }
  for (auto &slot : live) {
    if (slot) {
      slot();
    }
  }
}

std::uint64_t containers(unsigned seed)
{
  Random random{seed};
  std::map<unsigned, std::string> map;
  std::unordered_map<std::string, std::vector<unsigned>> words;
  std::list<std::string> list;
  std::deque<unsigned> deque;
  std::multiset<unsigned> set;
  for (unsigned i = 0; i < 300000; i++) {
    unsigned r = random() % 50000;
    map[r] += static_cast<char>('a' + i % 26);
    words["word " + std::to_string(r % 5000)].push_back(i);
    list.emplace_back(r % 100, 'l');
    deque.push_back(r);
    set.insert(r);
    if (list.size() > 2000) {
      list.pop_front();
    }
    if (deque.size() > 3000) {
      deque.pop_front();
    }
    if (r % 5 == 0) {
      map.erase(r + 1);
    }
    if (set.size() > 20000) {
      set.erase(set.begin());
    }
  }
  std::pmr::unsynchronized_pool_resource pool;
  std::pmr::vector<std::pmr::string> texts(&pool);
  for (unsigned i = 0; i < 50000; i++) {
    texts.emplace_back("a text that is longer than what fits into a string itself");
  }
  std::ostringstream out;
  for (const auto &[key, value] : map) {
    out << key << value;
  }
  for (unsigned i = 0; i < 5000; i++) {
    out << words["word " + std::to_string(i)].size();
  }
  for (const auto &text : list) {
    out << text.size();
  }
  out << deque.size() << set.size() << *set.rbegin() << texts.size();
  std::uint64_t sum = 14695981039346656037u;
  for (char c : out.str()) {
    sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return sum;
}

// What cannot be had is said by an exception or by a null pointer.
void failures()
{
  volatile std::size_t huge = SIZE_MAX / 2;
  int caught = 0;
  try {
    ::operator delete(::operator new(huge));
  } catch (const std::bad_alloc &) {
    caught++;
  }
  try {
    ::operator delete[](::operator new[](huge, std::align_val_t{64}), std::align_val_t{64});
  } catch (const std::bad_alloc &) {
    caught++;
  }
  expect(::operator new(huge, std::nothrow) == nullptr);
  std::set_new_handler([] { throw std::bad_alloc(); });
  try {
    ::operator delete(::operator new(huge));
  } catch (const std::bad_alloc &) {
    caught++;
  }
  expect(caught == 3);
}

} // namespace

int main()
{
  failures();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; i++) {
    threads.emplace_back(operators, i + 1);
  }
  std::uint64_t sum = containers(9);
  for (auto &t : threads) {
    t.join();
  }
  std::printf("%016llx, %lu wrong\n", static_cast<unsigned long long>(sum), wrong.load());
  return wrong.load() == 0 ? 0 : 1;
}
