/* The C++ header: containers over regions and pools. */
#include "../../../src/ashlar.hpp"

#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <memory_resource>
#include <new>
#include <string>
#include <thread>
#include <vector>

static int tested;
static int failed;

static void check(bool condition, const char *what)
{
  tested++;
  if (!condition) {
    failed++;
    std::fprintf(stderr, "resources: not so: %s\n", what);
  }
}

template <class Map, class Text> static void fill(Map &map, std::pmr::memory_resource *resource)
{
  for (int i = 1; i <= 3000; i++) {
    map.emplace(i * 7919 % 3001, Text(static_cast<std::size_t>(i % 100), 'x', resource));
  }
  for (int i = 2; i <= 3000; i += 2) {
    map.erase(i);
  }
}

static void over_a_region()
{
  ashlar::region_resource resource;
  for (int round = 0; round < 3; round++) {
    {
      std::pmr::map<int, std::pmr::string> map(&resource);
      fill<decltype(map), std::pmr::string>(map, &resource);
      check(map.size() == 1500, "half is left");
      std::pmr::vector<int> vector(&resource);
      for (int i = 0; i < 100000; i++) {
        vector.push_back(i);
      }
      check(vector[99999] == 99999, "a vector that grows");
    }
    ashlar_region_statistics before;
    ashlar_region_stats(resource.region(), &before);
    check(before.used > 0, "the region was used");
    resource.reset();
    ashlar_region_statistics after;
    ashlar_region_stats(resource.region(), &after);
    check(after.used == 0, "and is empty");
  }
  struct alignas(256) wide {
    char bytes[300];
  };
  void *block = resource.allocate(sizeof(wide), alignof(wide));
  check(reinterpret_cast<std::uintptr_t>(block) % 256 == 0, "aligned");
  resource.deallocate(block, sizeof(wide), alignof(wide));
  ashlar::region_resource borrowed(resource.region());
  ashlar::region_resource other;
  check(resource.is_equal(borrowed) && !resource.is_equal(other), "the same region");
}

static void out_of_memory()
{
  ashlar_region_options options{};
  options.limit = 200000;
  ashlar::region_resource resource(options);
  bool thrown = false;
  try {
    std::pmr::vector<char> vector(&resource);
    vector.resize(1000000);
  } catch (const std::bad_alloc &) {
    thrown = true;
  }
  check(thrown, "bad_alloc at the limit");
  thrown = false;
  try {
    options.block_bytes = static_cast<std::size_t>(1) << 50;
    ashlar::region_resource none(options);
  } catch (const std::bad_alloc &) {
    thrown = true;
  }
  check(thrown, "bad_alloc for a region that cannot be");
}

static void over_a_pool_set()
{
  ashlar_pool_set_options options{};
  options.budget = 1 << 20;
  options.largest = 1 << 19;
  ashlar::pool_set_resource resource(options);
  {
    std::pmr::map<int, std::pmr::string> map(&resource);
    fill<decltype(map), std::pmr::string>(map, &resource);
    check(map.size() == 1500, "half is left");
    bool thrown = false;
    try {
      std::pmr::vector<char> vector(&resource);
      vector.resize(1 << 19);
      vector.resize(1 << 20);
    } catch (const std::bad_alloc &) {
      thrown = true;
    }
    check(thrown, "bad_alloc beyond the budget");
  }
  ashlar_pool_set_statistics statistics;
  ashlar_pool_set_stats(resource.set(), &statistics);
  check(statistics.live == 0 && statistics.free_pieces == 1, "all came back");
  ashlar::pool_set_resource borrowed(resource.set());
  ashlar::pool_set_resource other(options);
  check(resource.is_equal(borrowed) && !resource.is_equal(other), "the same set");
}

static void nodes()
{
  ashlar::node_pools pools;
  using pair = std::pair<const int, std::string>;
  std::map<int, std::string, std::less<int>, ashlar::node_allocator<pair>> map{
      ashlar::node_allocator<pair>(pools)};
  std::list<double, ashlar::node_allocator<double>> list{ashlar::node_allocator<double>(pools)};
  for (int i = 0; i < 5000; i++) {
    map.emplace(i * 7919 % 5003, std::to_string(i));
    list.push_back(i);
    if (i % 3 == 0) {
      list.pop_front();
    }
  }
  check(map.size() == 5000 && list.back() == 4999, "nodes");
  map.clear();
  std::vector<int, ashlar::node_allocator<int>> vector{ashlar::node_allocator<int>(pools)};
  vector.resize(100000, 7);
  check(vector[99999] == 7, "what is no node");
  ashlar::node_pools others;
  check(ashlar::node_allocator<int>(pools) == ashlar::node_allocator<long>(pools) &&
            ashlar::node_allocator<int>(pools) != ashlar::node_allocator<int>(others),
        "the same pools");
}

static void nodes_of_threads()
{
  ashlar::node_pools pools(ASHLAR_POOL_SHARED);
  { std::list<int, ashlar::node_allocator<int>> first(1, 1, ashlar::node_allocator<int>(pools)); }
  auto work = [&pools] {
    std::list<int, ashlar::node_allocator<int>> list{ashlar::node_allocator<int>(pools)};
    for (int i = 0; i < 50000; i++) {
      list.push_back(i);
      if (i % 2 == 0) {
        list.pop_front();
      }
    }
  };
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  check(true, "threads share pools");
}

int main()
{
  over_a_region();
  out_of_memory();
  over_a_pool_set();
  nodes();
  nodes_of_threads();
  check(ashlar_check(nullptr, nullptr), "the heap is sound");
  std::fprintf(stderr, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n",
               tested, tested - failed, failed);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
