/* Laws of where slots stand: what a request with an alignment rests on. */
#include "radix_map.h"
#include "slot.h"

/* A product is a multiple of its factor: told step by step, since no solver finds it
 * alone.
 * x: t times align. */
/*@ requires align: 1 <= align;
    requires product: x == t * align;
    terminates \true; exits \false;
    assigns \nothing;
    ensures multiple: x % align == 0; */
void law_multiple(uint64_t x, uint64_t t, uint64_t align)
{
  //@ ghost uint64_t quotient = x / align;
  //@ ghost uint64_t rest = x % align;
  //@ assert divided: align * (t - quotient) == rest;
  //@ assert not_more: t > quotient ==> align * (t - quotient) >= align;
  //@ assert not_less: t < quotient ==> align * (t - quotient) <= -align;
}

/* What is equal is so in the same multiple; what is not more is not more there, and
 * the other way. */
/*@ requires equal: a == b;
    terminates \true; exits \false;
    assigns \nothing;
    ensures multiples: n * a == n * b; */
void law_times(uint64_t n, uint64_t a, uint64_t b)
{
}

/*@ requires order: a <= b;
    terminates \true; exits \false;
    assigns \nothing;
    ensures multiples: 0 <= n * a <= n * b; */
void law_grows(uint64_t n, uint64_t a, uint64_t b)
{
}

/*@ requires align: 1 <= align;
    requires order: b * align <= a * align;
    terminates \true; exits \false;
    assigns \nothing;
    ensures order: b <= a; */
void law_divides(uint64_t a, uint64_t b, uint64_t align)
{
  //@ assert more: a < b ==> (b - a) * align >= align;
}

/* T14: every slot of a carved span begins at an address that is a multiple of any
 * alignment, up to a page, of which the size of its class is one: so the least
 * class that is large enough and a multiple serves an aligned request.
 * Returns the address of the slot that starts on g; 0 where none does. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k2: span_wf_len; requires k4: span_wf_apart;
    requires f: radix_wf_forward; requires b: radix_wf_back;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires c: c < SIZE_CLASSES;
    requires empty: slot_none_in(s);
    requires g: slot_low(s) <= g < slot_high(s) && arena_key[g / ARENA_GRANULES] != 0;
    requires align: 1 <= align <= PAGE_BYTES && PAGE_BYTES % align == 0
      && class_bytes(c) % align == 0;
    terminates \true; exits \false;
    assigns page_class[s .. s + span_len[s] - 1], page_span[s .. s + span_len[s] - 1],
      slot_state[slot_low(s) .. slot_high(s) - 1];
    ensures T14_aligned: \result % align == 0;
    ensures T14_there: slot_starts(g) ==> radix_granule_at(\result) == g; */
uintptr_t law_T14_aligned(uint32_t s, uint32_t c, uint64_t g, uint64_t align)
{
  slot_carve(s, c);
  if (slot_state_get(g) == SLOT_NONE) {
    return 0;
  }
  uint64_t low = (uint64_t)s * GRANULES_PER_PAGE;
  uint64_t step = size_class_granules(c);
  uint64_t bytes = step * GRANULE_BYTES;
  uint64_t of_page = PAGE_BYTES / align;
  uint64_t of_slot = bytes / align;
  //@ assert page: PAGE_BYTES == of_page * align;
  //@ assert slot: bytes == of_slot * align;
  /*@ assert sizes: \forall integer h; slot_low(s) <= h < slot_high(s) && slot_starts(h)
      ==> slot_size(h) == step; */
  //@ assert less: of_page <= PAGE_BYTES && of_slot <= bytes;
  law_grows(s, of_page, PAGE_BYTES);
  law_times(s, PAGE_BYTES, of_page * align);
  uint64_t h = low;
  uint64_t t = s * of_page;
  //@ assert low: low * GRANULE_BYTES == t * align;
  /*@ loop invariant range: low <= h <= g;
      loop invariant slot: slot_starts(h);
      loop invariant multiple: h * GRANULE_BYTES == t * align;
      loop invariant few: t <= h * GRANULE_BYTES;
      loop assigns h, t;
      loop variant g - h; */
  while (h < g) {
    //@ assert behind: h + step <= g;
    h += step;
    t += of_slot;
  }
  uintptr_t address = radix_address(g);
  uint64_t arena = g / ARENA_GRANULES;
  uint64_t key = (uint64_t)arena_key[arena] - 1;
  uint64_t of_key = key * ARENA_PAGES;
  uint64_t of_arena = arena * ARENA_PAGES;
  //@ assert of_key: of_key == key * ARENA_PAGES && of_key <= RADIX_KEYS * ARENA_PAGES;
  //@ assert of_arena: of_arena == arena * ARENA_PAGES && of_arena <= PAGES;
  law_grows(of_key, of_page, PAGE_BYTES);
  law_grows(of_arena, of_page, PAGE_BYTES);
  law_times(of_key, PAGE_BYTES, of_page * align);
  law_times(of_arena, PAGE_BYTES, of_page * align);
  uint64_t more = of_key * of_page + t;
  uint64_t less = of_arena * of_page;
  //@ assert address: address == key * ARENA_BYTES + g * GRANULE_BYTES - arena * ARENA_BYTES;
  //@ assert sum: address == more * align - less * align;
  //@ assert difference: address == (more - less) * align;
  law_divides(more, less, align);
  law_multiple(address, more - less, align);
  return address;
}
