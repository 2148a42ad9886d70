/* What random.h promises: the key stream is ChaCha8's, keys are not kept, and
 * draws are as even as is said. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../src/os.h"
#include "../../src/random.h"

static void block_of(const uint32_t *stream, unsigned block, char hex[129])
{
  for (unsigned i = 0; i < 16; i++) {
    uint32_t word = stream[i * CIPHER_BLOCKS + block];
    for (unsigned j = 0; j < 4; j++) {
      unsigned byte = (word >> (8 * j)) & 0xff;
      hex[8 * i + 2 * j] = "0123456789abcdef"[byte >> 4];
      hex[8 * i + 2 * j + 1] = "0123456789abcdef"[byte & 15];
    }
  }
  hex[128] = '\0';
}

/* draft-strombergson-chacha-test-vectors, 256 bits, 8 rounds, TC1. */
Test(random, stream_is_chacha8_with_a_zero_key)
{
  uint32_t key[CIPHER_KEY_WORDS] = {0};
  uint32_t stream[CIPHER_WORDS];
  char hex[129];
  cipher_stream(key, stream);
  block_of(stream, 0, hex);
  cr_assert_str_eq(hex, "3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e"
                        "984ce172b9216f419f445367456d5619314a42a3da86b001387bfdb80e0cfe42");
  block_of(stream, 1, hex);
  cr_assert_str_eq(hex, "d2aefa0deaa5c151bf0adb6c01f2a5adc0fd581259f9a2aadcf20f8fd566a26b"
                        "5032ec38bbc5da98ee0c6f568b872a65a08abf251deb21bb4b56e5d8821e68aa");
}

/* The key 00 01 02 .. 1f; from an independent implementation that agrees with
 * OpenSSL on ChaCha20. */
Test(random, stream_is_chacha8_with_another_key)
{
  uint32_t key[CIPHER_KEY_WORDS];
  uint32_t stream[CIPHER_WORDS];
  char hex[129];
  for (uint32_t i = 0; i < CIPHER_KEY_WORDS; i++) {
    key[i] = (4 * i) | (4 * i + 1) << 8 | (4 * i + 2) << 16 | (4 * i + 3) << 24;
  }
  cipher_stream(key, stream);
  block_of(stream, 7, hex);
  cr_assert_str_eq(hex, "dfb198de331dcf18ef9900b9a4cdd885c4a04f915b315b85d2dbc868be8cea24"
                        "8ebe35ced7cb511e4a05201f1ba82078ac6a5df670c221259e446e6b70eb965e");
}

Test(random, a_zeroed_generator_seeds_itself)
{
  struct random a = {0};
  struct random b = {0};
  cr_assert_neq(random_word(&a), random_word(&b));
  uint32_t none[CIPHER_KEY_WORDS] = {0};
  cr_assert_neq(memcmp(a.key, none, sizeof none), 0);
}

Test(random, a_refill_overwrites_key_and_draws)
{
  struct random r = {0};
  random_draw(&r);
  for (int round = 0; round < 3; round++) {
    struct random before = r;
    uint32_t stream[CIPHER_WORDS];
    cipher_stream(before.key, stream);
    random_refill(&r);
    cr_assert_eq(memcmp(r.key, stream, sizeof r.key), 0);
    cr_assert_eq(memcmp(r.draws, stream + CIPHER_KEY_WORDS, sizeof r.draws), 0);
    cr_assert_neq(memcmp(r.key, before.key, sizeof r.key), 0);
    cr_assert_eq(r.left, RANDOM_DRAWS);
  }
}

Test(random, every_draw_is_used_once)
{
  struct random r = {0};
  random_refill(&r);
  struct random store = r;
  for (uint32_t i = RANDOM_DRAWS; i > 0; i--) {
    cr_assert_eq(random_draw(&r), store.draws[i - 1]);
  }
  cr_assert_eq(r.left, 0);
  random_draw(&r);
  cr_assert_eq(r.left, RANDOM_DRAWS - 1);
}

Test(random, a_seed_parts_two_copies)
{
  struct random parent = {0};
  random_draw(&parent);
  struct random child = parent;
  cr_assert_eq(random_draw(&parent), random_draw(&child));
  random_seed(&child);
  cr_assert_neq(random_word(&parent), random_word(&child));
}

/* What is learnt of a generator is worth no more than a MiB of draws. */
Test(random, copies_part_after_a_mebibyte)
{
  struct random a = {0};
  random_draw(&a);
  struct random b = a;
  int refills = 0;
  while (memcmp(a.key, b.key, sizeof a.key) == 0) {
    random_refill(&a);
    random_refill(&b);
    refills++;
    cr_assert_leq(refills, RANDOM_REFILLS_PER_SEED);
  }
  cr_assert_eq(refills, RANDOM_REFILLS_PER_SEED);
}

Test(random, a_failing_kernel_does_not_undo_a_good_key)
{
  struct random a = {0};
  random_draw(&a);
  uint64_t before = os_counters().failed[OS_RANDOM];
  struct random b = a;
  os_test_fail_at = 1;
  os_start();
  random_seed(&b);
  cr_assert_eq(os_counters().failed[OS_RANDOM], before + 1);
  cr_assert_neq(random_word(&a), random_word(&b));
}

/* Over all 2^16 values of a draw, for every n: the multiply-shift gives each
 * result floor or ceiling of 2^16 / n of them, as the header says. */
Test(random, below_is_as_even_as_is_said, .timeout = 300)
{
  static uint32_t hits[65536];
  struct random r = {0};
  for (uint32_t n = 1; n <= 65536; n = n < 300 ? n + 1 : n * 5 / 4 + 1) {
    memset(hits, 0, sizeof hits);
    for (uint32_t draw = 0; draw < 65536; draw++) {
      r.left = 1;
      r.draws[0] = (uint16_t)draw;
      uint32_t got = random_below(&r, n);
      cr_assert_lt(got, n);
      hits[got]++;
    }
    for (uint32_t i = 0; i < n; i++) {
      cr_assert(hits[i] == 65536 / n || hits[i] == 65536 / n + 1);
    }
  }
  r.left = 1;
  r.draws[0] = 65535;
  cr_assert_eq(random_below(&r, 65536), 65535);
}

/* Chi-square over 256 bins, a million draws: 255 +- 6 deviations. */
Test(random, draws_look_even)
{
  struct random r = {0};
  double bins[256] = {0};
  const int draws = 1 << 20;
  for (int i = 0; i < draws; i++) {
    bins[random_below(&r, 256)]++;
  }
  double chi = 0;
  for (int i = 0; i < 256; i++) {
    double off = bins[i] - draws / 256.0;
    chi += off * off / (draws / 256.0);
  }
  cr_assert(chi > 255 - 6 * 22.6 && chi < 255 + 6 * 22.6, "chi-square %f", chi);
}
