#include "payload.h"
#include "processor.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The one place where an integer becomes a pointer to user memory. */
static inline unsigned char *payload_at(uintptr_t block)
{
  return (unsigned char *)block;
}

/* A block that is about to be handed out is not zero. */
static ASHLAR_COLD _Noreturn void payload_not_zero(uintptr_t block)
{
  ashlar_root_pages.root.payload_written(block);
  __builtin_trap(); /* not reached */
}

/* ---- long slots ----------------------------------------------------------- */

enum {
  PAYLOAD_LONG_BYTES = 16 * PAGE_BYTES,
  /* so much of a page is looked at before it is cleared from there on */
  PAYLOAD_LOOK_BYTES = PAGE_BYTES < 256 ? PAGE_BYTES : 256
};

static void payload_zero_page(uintptr_t page)
{
  for (size_t at = 0; at < PAGE_BYTES; at += PAYLOAD_LOOK_BYTES) {
    if (!payload_is_zero(page + at, PAYLOAD_LOOK_BYTES)) {
      memset(payload_at(page + at), 0, PAGE_BYTES - at);
      return;
    }
  }
}

/* Clears what the usual sizes are not: of a long slot no page that is zero, lest
 * one that the program never touched becomes resident. */
static void payload_zero_more(uintptr_t block, size_t bytes)
{
  if (bytes < PAYLOAD_LONG_BYTES) {
    memset(payload_at(block), 0, bytes);
    return;
  }
  uintptr_t end = block + bytes;
  uintptr_t page = (block + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  memset(payload_at(block), 0, page - block);
  for (; end - page >= PAGE_BYTES; page += PAGE_BYTES) {
    payload_zero_page(page);
  }
  memset(payload_at(page), 0, end - page);
}

/* ---- anywhere ------------------------------------------------------------ */

static void payload_zero_any(uintptr_t block, size_t bytes)
{
  payload_zero_more(block, bytes);
}

static bool payload_is_zero_any(uintptr_t block, size_t bytes)
{
  const unsigned char *at = payload_at(block);
  uint64_t seen = 0;
  for (size_t i = 0; i < bytes; i += 16) {
    uint64_t word[2];
    memcpy(word, at + i, sizeof word);
    seen |= word[0] | word[1];
  }
  return seen == 0;
}

static uintptr_t payload_hand_out_any(uintptr_t block, size_t bytes)
{
  if (ASHLAR_UNLIKELY(!payload_is_zero_any(block, bytes))) {
    payload_not_zero(block);
  }
  return block;
}

/* ---- x86-64 ---------------------------------------------------------------
 * Blocks of unpredictable size cost more in mispredicted branches than in
 * stores, so the usual sizes are done without a branch on the size: with
 * masked 64-byte stores where the processor has them, with overlapping 32-byte
 * ones where not.  The sanitizers get what they can see through. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PAYLOAD_VECTORS

enum {
  MASKED_BYTES = 256
};

/* One bit for each 4 bytes of a block of at most 64. */
__attribute__((target("avx512f,bmi2"))) static inline __mmask16 payload_mask(size_t bytes)
{
  return (__mmask16)_bzhi_u32(0xffff, (unsigned)bytes / 4);
}

__attribute__((target("avx512f,bmi2"))) static void payload_zero_512(uintptr_t block, size_t bytes)
{
  unsigned char *at = payload_at(block);
  __m512i zero = _mm512_setzero_si512();
  if (bytes <= 64) {
    _mm512_mask_storeu_epi32(at, payload_mask(bytes), zero);
    return;
  }
  if (bytes > MASKED_BYTES) {
    payload_zero_more(block, bytes);
    return;
  }
  size_t last = bytes - 64;
  size_t second = last < 64 ? last : 64;
  _mm512_storeu_si512(at, zero);
  _mm512_storeu_si512(at + second, zero);
  _mm512_storeu_si512(at + last - second, zero);
  _mm512_storeu_si512(at + last, zero);
}

__attribute__((target("avx512f,bmi2"))) static inline bool payload_is_zero_512(uintptr_t block,
                                                                               size_t bytes)
{
  const unsigned char *at = payload_at(block);
  if (bytes <= 64) {
    __m512i a = _mm512_maskz_loadu_epi32(payload_mask(bytes), at);
    return _mm512_test_epi32_mask(a, a) == 0;
  }
  size_t last = bytes - 64;
  if (bytes <= MASKED_BYTES) {
    size_t second = last < 64 ? last : 64;
    __m512i seen = _mm512_or_si512(_mm512_loadu_si512(at), _mm512_loadu_si512(at + second));
    seen = _mm512_or_si512(seen, _mm512_loadu_si512(at + last - second));
    seen = _mm512_or_si512(seen, _mm512_loadu_si512(at + last));
    return _mm512_test_epi32_mask(seen, seen) == 0;
  }
  __m512i seen = _mm512_loadu_si512(at + last);
  size_t i = 0;
  for (; i < last; i += 64) {
    seen = _mm512_or_si512(seen, _mm512_loadu_si512(at + i));
  }
  return _mm512_test_epi32_mask(seen, seen) == 0;
}

__attribute__((target("avx512f,bmi2"))) static uintptr_t payload_hand_out_512(uintptr_t block,
                                                                              size_t bytes)
{
  if (ASHLAR_UNLIKELY(!payload_is_zero_512(block, bytes))) {
    payload_not_zero(block);
  }
  return block;
}

__attribute__((target("avx2"))) static void payload_zero_256(uintptr_t block, size_t bytes)
{
  unsigned char *at = payload_at(block);
  __m256i zero = _mm256_setzero_si256();
  if (bytes == 16) {
    _mm_storeu_si128((__m128i *)(void *)at, _mm_setzero_si128());
    return;
  }
  if (bytes > MASKED_BYTES) {
    payload_zero_more(block, bytes);
    return;
  }
  size_t last = bytes - 32;
  _mm256_storeu_si256((__m256i *)(void *)at, zero);
  _mm256_storeu_si256((__m256i *)(void *)(at + last), zero);
  for (size_t i = 32; i < last; i += 32) {
    _mm256_storeu_si256((__m256i *)(void *)(at + i), zero);
  }
}

__attribute__((target("avx2"))) static inline bool payload_is_zero_256(uintptr_t block,
                                                                       size_t bytes)
{
  const unsigned char *at = payload_at(block);
  if (bytes == 16) {
    return payload_is_zero_any(block, bytes);
  }
  size_t last = bytes - 32;
  __m256i seen = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(const void *)at),
                                 _mm256_loadu_si256((const __m256i *)(const void *)(at + last)));
  for (size_t i = 32; i < last; i += 32) {
    seen = _mm256_or_si256(seen, _mm256_loadu_si256((const __m256i *)(const void *)(at + i)));
  }
  return _mm256_testz_si256(seen, seen) != 0;
}

__attribute__((target("avx2"))) static uintptr_t payload_hand_out_256(uintptr_t block, size_t bytes)
{
  if (ASHLAR_UNLIKELY(!payload_is_zero_256(block, bytes))) {
    payload_not_zero(block);
  }
  return block;
}

#endif

/* ---- all ------------------------------------------------------------------ */

void payload_start(void (*written)(uintptr_t block))
{
  ashlar_root_pages.root.payload_written = written;
  ashlar_root_pages.root.payload_zero = payload_zero_any;
  ashlar_root_pages.root.payload_is_zero = payload_is_zero_any;
  ashlar_root_pages.root.payload_hand_out = payload_hand_out_any;
#ifdef PAYLOAD_VECTORS
  enum processor_vectors vectors = processor_vectors();
  if (vectors == PROCESSOR_VECTORS_512) {
    ashlar_root_pages.root.payload_zero = payload_zero_512;
    ashlar_root_pages.root.payload_is_zero = payload_is_zero_512;
    ashlar_root_pages.root.payload_hand_out = payload_hand_out_512;
  } else if (vectors == PROCESSOR_VECTORS_256) {
    ashlar_root_pages.root.payload_zero = payload_zero_256;
    ashlar_root_pages.root.payload_is_zero = payload_is_zero_256;
    ashlar_root_pages.root.payload_hand_out = payload_hand_out_256;
  }
#endif
}

/* Whether the last slack bytes of the 16 before end are zero; slack at most 16. */
static ASHLAR_HOT bool payload_last_is_zero(const unsigned char *end, size_t slack)
{
#if defined(__SSE2__)
  __m128i last = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
  unsigned zero = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(last, _mm_setzero_si128()));
  return (zero ^ 0xffffu) >> (16 - slack) == 0;
#else
  unsigned char seen = 0;
  for (size_t i = 0; i < slack; i++) {
    seen |= end[-1 - (ptrdiff_t)i];
  }
  return seen == 0;
#endif
}

/* Whether the last slack bytes before end are zero; slack more than 16.  All are
 * looked at, 16 at a time and the last 16 once more, with no branch on them. */
static __attribute__((noinline)) bool payload_many_are_zero(const unsigned char *end, size_t slack)
{
  uint64_t seen = 0;
  uint64_t word[2];
  for (size_t i = slack; i > 16; i -= 16) {
    memcpy(word, end - i, sizeof word);
    seen |= word[0] | word[1];
  }
  memcpy(word, end - 16, sizeof word);
  return (seen | word[0] | word[1]) == 0;
}

ASHLAR_HOT bool payload_slack_is_zero(uintptr_t end, size_t slack)
{
  const unsigned char *at = payload_at(end);
  if (slack > 16) {
    return payload_many_are_zero(at, slack);
  }
  return payload_last_is_zero(at, slack);
}

bool payload_find(uintptr_t block, size_t from, size_t to, uintptr_t *where, uint8_t *byte)
{
  const unsigned char *at = payload_at(block);
  for (size_t i = from; i < to; i++) {
    if (at[i] != 0) {
      *where = block + i;
      *byte = at[i];
      return true;
    }
  }
  return false;
}

void payload_clear(uintptr_t block, size_t first, size_t last)
{
  if (first < last) {
    memset(payload_at(block) + first, 0, last - first);
  }
}

void payload_copy(uintptr_t to, uintptr_t from, size_t bytes)
{
  memcpy(payload_at(to), payload_at(from), bytes);
}
