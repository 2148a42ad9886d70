/* Ashlar's regions, pools and pool sets for C++17: memory resources for
 * std::pmr, and an allocator for containers of nodes.  Header only; link
 * libashlar.
 *
 * None of these classes may be used by two threads at once, unless it says so.
 */
#ifndef ASHLAR_HPP
#define ASHLAR_HPP

#include "ashlar.h"

#include <array>
#include <cstddef>
#include <memory_resource>
#include <new>

namespace ashlar
{

/* Memory that lives as long as a region.  deallocate frees large blocks, and
 * leaves others to reset and to the region's end. */
class region_resource : public std::pmr::memory_resource
{
public:
  /* A region of its own, which ends with the resource.
   * options: as for ashlar_region_create. */
  explicit region_resource(const ashlar_region_options &options = {})
      : region_(ashlar_region_create(&options)), owned_(true)
  {
    if (region_ == nullptr) {
      throw std::bad_alloc();
    }
  }

  /* A region of somebody else's, which must outlive the resource. */
  explicit region_resource(ashlar_region *region) noexcept : region_(region), owned_(false) {}

  region_resource(const region_resource &) = delete;
  region_resource &operator=(const region_resource &) = delete;

  ~region_resource() override
  {
    if (owned_) {
      ashlar_region_destroy(region_);
    }
  }

  ashlar_region *region() const noexcept { return region_; }

  /* Ends all that was allocated. */
  void reset() { ashlar_region_reset(region_); }

private:
  void *do_allocate(std::size_t bytes, std::size_t alignment) override
  {
    void *block = alignment <= 16 ? ashlar_region_alloc(region_, bytes)
                                  : ashlar_region_memalign(region_, alignment, bytes);
    if (block == nullptr) {
      throw std::bad_alloc();
    }
    return block;
  }

  void do_deallocate(void *block, std::size_t, std::size_t) override
  {
    ashlar_region_free(region_, block);
  }

  bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
  {
    const auto *that = dynamic_cast<const region_resource *>(&other);
    return that != nullptr && that->region_ == region_;
  }

  ashlar_region *region_;
  bool owned_;
};

/* Pieces out of a fixed budget; what is larger than the largest size, or aligned
 * to more than 64 bytes, is refused. */
class pool_set_resource : public std::pmr::memory_resource
{
public:
  /* A set of its own, which ends with the resource.
   * options: as for ashlar_pool_set_create. */
  explicit pool_set_resource(const ashlar_pool_set_options &options)
      : set_(ashlar_pool_set_create(&options)), owned_(true)
  {
    if (set_ == nullptr) {
      throw std::bad_alloc();
    }
  }

  /* A set of somebody else's, which must outlive the resource; where it is
   * shared, any thread may use the resource at any time. */
  explicit pool_set_resource(ashlar_pool_set *set) noexcept : set_(set), owned_(false) {}

  pool_set_resource(const pool_set_resource &) = delete;
  pool_set_resource &operator=(const pool_set_resource &) = delete;

  ~pool_set_resource() override
  {
    if (owned_) {
      ashlar_pool_set_destroy(set_);
    }
  }

  ashlar_pool_set *set() const noexcept { return set_; }

private:
  void *do_allocate(std::size_t bytes, std::size_t alignment) override
  {
    void *piece = alignment <= 64 ? ashlar_pool_set_alloc(set_, bytes) : nullptr;
    if (piece == nullptr) {
      throw std::bad_alloc();
    }
    return piece;
  }

  void do_deallocate(void *piece, std::size_t, std::size_t) override
  {
    ashlar_pool_set_free(set_, piece);
  }

  bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
  {
    const auto *that = dynamic_cast<const pool_set_resource *>(&other);
    return that != nullptr && that->set_ == set_;
  }

  ashlar_pool_set *set_;
  bool owned_;
};

/* Object pools for nodes of up to 512 bytes, one for each multiple of 16; made
 * when first used. */
class node_pools
{
public:
  static constexpr std::size_t largest = 512;

  /* threads: as for ashlar_pool_create; with ASHLAR_POOL_SHARED any thread may
   * use the pools once each of them was used by one. */
  explicit node_pools(ashlar_pool_threads threads = ASHLAR_POOL_ONE_OWNER,
                      std::size_t growth = 256) noexcept
      : threads_(threads), growth_(growth)
  {
  }

  node_pools(const node_pools &) = delete;
  node_pools &operator=(const node_pools &) = delete;

  ~node_pools()
  {
    for (ashlar_pool *pool : pools_) {
      ashlar_pool_destroy(pool);
    }
  }

  /* bytes: 1 .. largest. */
  void *allocate(std::size_t bytes)
  {
    ashlar_pool *&pool = pools_[(bytes - 1) / 16];
    if (pool == nullptr) {
      pool = make((bytes + 15) / 16 * 16);
    }
    void *node = ashlar_pool_alloc(pool);
    if (node == nullptr) {
      throw std::bad_alloc();
    }
    return node;
  }

  void deallocate(void *node, std::size_t bytes) noexcept
  {
    ashlar_pool_free(pools_[(bytes - 1) / 16], node);
  }

private:
  ashlar_pool *make(std::size_t bytes) const
  {
    ashlar_pool_options options{};
    options.object_size = bytes;
    options.growth = growth_;
    options.threads = threads_;
    ashlar_pool *pool = ashlar_pool_create(&options);
    if (pool == nullptr) {
      throw std::bad_alloc();
    }
    return pool;
  }

  std::array<ashlar_pool *, largest / 16> pools_{};
  ashlar_pool_threads threads_;
  std::size_t growth_;
};

/* For std::list, std::map and the like: nodes come from pools, what is not one
 * node from the heap. */
template <class T> class node_allocator
{
public:
  using value_type = T;

  explicit node_allocator(node_pools &pools) noexcept : pools_(&pools) {}

  template <class U>
  node_allocator(const node_allocator<U> &other) noexcept : pools_(other.pools())
  {
  }

  T *allocate(std::size_t count)
  {
    if (is_node(count)) {
      return static_cast<T *>(pools_->allocate(sizeof(T)));
    }
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) {
      throw std::bad_array_new_length();
    }
    void *block = ashlar_memalign(alignof(T), count * sizeof(T));
    if (block == nullptr) {
      throw std::bad_alloc();
    }
    return static_cast<T *>(block);
  }

  void deallocate(T *block, std::size_t count) noexcept
  {
    if (is_node(count)) {
      pools_->deallocate(block, sizeof(T));
    } else {
      ashlar_free(block);
    }
  }

  node_pools *pools() const noexcept { return pools_; }

  template <class U> bool operator==(const node_allocator<U> &other) const noexcept
  {
    return pools_ == other.pools();
  }

  template <class U> bool operator!=(const node_allocator<U> &other) const noexcept
  {
    return pools_ != other.pools();
  }

private:
  static constexpr bool is_node(std::size_t count) noexcept
  {
    return count == 1 && sizeof(T) <= node_pools::largest && alignof(T) <= 16;
  }

  node_pools *pools_;
};

} // namespace ashlar

#endif
