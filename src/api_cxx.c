/* The C++ entry points, by the names that the Itanium ABI gives them, so that
 * the library needs no C++ run time of its own.  What a failing new needs of
 * one, the new-handler and bad_alloc, is looked up weakly: a program that calls
 * operator new has it.  Compiled with -fexceptions: they are thrown through. */
#include "api.h"
#include "api_catch.h"

#include <stdlib.h>

typedef void (*api_new_handler)(void);

/* std::get_new_handler(), std::__throw_bad_alloc() */
extern api_new_handler _ZSt15get_new_handlerv(void) __attribute__((weak));
extern _Noreturn void _ZSt17__throw_bad_allocv(void) __attribute__((weak));

/* Allocates as operator new must: asks the new-handler for memory until there
 * is some or no handler any more.
 * catches: whether what the handler throws ends there, and there is no block.
 * Returns NULL where there is neither. */
static ASHLAR_COLD void *api_new_retry(size_t size, size_t align, uint32_t kind, bool catches)
{
  for (;;) {
    api_new_handler handler = _ZSt15get_new_handlerv != NULL ? _ZSt15get_new_handlerv() : NULL;
    if (handler == NULL) {
      return NULL;
    }
    if (!catches) {
      handler();
    } else if (api_catch(handler)) {
      return NULL;
    }
    uintptr_t block = heap_allocate_aligned(align, size, kind);
    if (block != 0) {
      return (void *)block;
    }
  }
}

_Noreturn static ASHLAR_COLD void api_new_throw(void)
{
  if (_ZSt17__throw_bad_allocv != NULL) {
    _ZSt17__throw_bad_allocv();
  }
  abort();
}

static ASHLAR_COLD void *api_new_failed(size_t size, size_t align, uint32_t kind)
{
  void *block = api_new_retry(size, align, kind, false);
  if (block == NULL) {
    api_new_throw();
  }
  return block;
}

static inline void *api_new(size_t size, uint32_t kind)
{
  uintptr_t block = heap_allocate(size, kind);
  return block != 0 ? (void *)block : api_new_failed(size, GRANULE_BYTES, kind);
}

/* No handler can help with an alignment that is none. */
static inline void *api_new_aligned(size_t size, size_t align, uint32_t kind)
{
  if (!api_is_alignment(align)) {
    api_new_throw();
  }
  uintptr_t block = heap_allocate_aligned(align, size, kind);
  return block != 0 ? (void *)block : api_new_failed(size, align, kind);
}

static inline void *api_new_nothrow(size_t size, size_t align, uint32_t kind)
{
  if (!api_is_alignment(align)) {
    return NULL;
  }
  uintptr_t block = heap_allocate_aligned(align, size, kind);
  return block != 0 ? (void *)block : api_new_retry(size, align, kind, true);
}

static inline void api_delete(void *block, enum heap_operation operation)
{
  heap_free((uintptr_t)block, operation);
}

static inline void api_delete_sized(void *block, size_t size, size_t align,
                                    enum heap_operation operation)
{
  heap_free_sized((uintptr_t)block, align, size, operation);
}

/* Every form, for operator new and delete (w, l) and for those of arrays (a, a). */
#define API_CXX(NEW, DELETE, KIND, OPERATION)                                                      \
  ASHLAR_PUBLIC void *NEW##m(size_t size)                                                          \
  {                                                                                                \
    return api_new(size, KIND);                                                                    \
  }                                                                                                \
  ASHLAR_PUBLIC void *NEW##mRKSt9nothrow_t(size_t size, const void *nothrow)                       \
  {                                                                                                \
    (void)nothrow;                                                                                 \
    return api_new_nothrow(size, GRANULE_BYTES, KIND);                                             \
  }                                                                                                \
  ASHLAR_PUBLIC void *NEW##mSt11align_val_t(size_t size, size_t align)                             \
  {                                                                                                \
    return api_new_aligned(size, align, KIND);                                                     \
  }                                                                                                \
  ASHLAR_PUBLIC void *NEW##mSt11align_val_tRKSt9nothrow_t(size_t size, size_t align,               \
                                                          const void *nothrow)                     \
  {                                                                                                \
    (void)nothrow;                                                                                 \
    return api_new_nothrow(size, align, KIND);                                                     \
  }                                                                                                \
  ASHLAR_PUBLIC void DELETE##Pv(void *block)                                                       \
  {                                                                                                \
    api_delete(block, OPERATION);                                                                  \
  }                                                                                                \
  ASHLAR_PUBLIC void DELETE##PvRKSt9nothrow_t(void *block, const void *nothrow)                    \
  {                                                                                                \
    (void)nothrow;                                                                                 \
    api_delete(block, OPERATION);                                                                  \
  }                                                                                                \
  ASHLAR_PUBLIC void DELETE##Pvm(void *block, size_t size)                                         \
  {                                                                                                \
    api_delete_sized(block, size, 1, OPERATION);                                                   \
  }                                                                                                \
  ASHLAR_PUBLIC void DELETE##PvSt11align_val_t(void *block, size_t align)                          \
  {                                                                                                \
    heap_expect_aligned((uintptr_t)block, align, OPERATION);                                       \
    api_delete(block, OPERATION);                                                                  \
  }                                                                                                \
  ASHLAR_PUBLIC void DELETE##PvSt11align_val_tRKSt9nothrow_t(void *block, size_t align,            \
                                                             const void *nothrow)                  \
  {                                                                                                \
    heap_expect_aligned((uintptr_t)block, align, OPERATION);                                       \
    (void)nothrow;                                                                                 \
    api_delete(block, OPERATION);                                                                  \
  }                                                                                                \
  ASHLAR_PUBLIC void DELETE##PvmSt11align_val_t(void *block, size_t size, size_t align)            \
  {                                                                                                \
    heap_expect_aligned((uintptr_t)block, align, OPERATION);                                       \
    api_delete_sized(block, size, align, OPERATION);                                               \
  }

API_CXX(_Znw, _Zdl, KIND_NEW, HEAP_DELETE)
API_CXX(_Zna, _Zda, KIND_NEW_ARRAY, HEAP_DELETE_ARRAY)
