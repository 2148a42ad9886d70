/* Laws of the first state: what stands before the first call meets every
 * invariant, and an arena that is added leaves them so. */
#include "page_bins.h"
#include "piece_set.h"
#include "radix_map.h"
#include "slot.h"

/* T3, T4, T11: tables that are all zero meet every invariant.  What the system maps
 * is zero, and so is what it maps again in place of what was given back. */
/*@ requires kinds: \forall integer p; 0 <= p < PAGES ==> span_kind[p] == 0;
    requires lists: \forall integer p; 0 <= p < PAGES ==> list_of[p] == 0;
    requires firsts: \forall integer l; 0 <= l < SPAN_LISTS ==> list_first[l] == 0;
    requires states: \forall integer g; 0 <= g < GRANULES ==> slot_state[g] == 0;
    requires keys: \forall integer k; 0 <= k < RADIX_KEYS ==> radix_arena[k] == 0;
    requires arenas: \forall integer a; 0 <= a < MAX_ARENAS ==> arena_key[a] == 0;
    terminates \true; exits \false;
    assigns list_place[0 .. PAGES - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures nobody: span_nobody;
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures T11_free: bins_wf_free; ensures fit: bins_wf_len; ensures head: bins_wf_head;
    ensures backed: bins_wf_resident;
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    ensures forward: radix_wf_forward; ensures back: radix_wf_back; */
void law_T3_zero_is_sound(void)
{
  /*@ ghost
      /@ loop invariant range: 0 <= p <= PAGES;
         loop invariant placed: \forall integer q; 0 <= q < p ==> list_place[q] == q;
         loop assigns p, list_place[0 .. PAGES - 1];
         loop variant PAGES - p; @/
      for (uint32_t p = 0; p < PAGES; p++) {
        list_place[p] = p;
      } */
}

/* The tables of regions, all zero, are sets without pieces. */
/*@ requires r < REGIONS;
    requires counts: piece_sets[r].count == 0;
    requires owners: \forall integer p; 0 <= p < PAGES ==> piece_owner[p] == 0;
    terminates \true; exits \false;
    assigns \nothing;
    ensures count: piece_wf_count(r); ensures T13_named: piece_wf_named(r);
      ensures T13_placed: piece_wf_placed(r); */
void law_T13_zero_is_sound(uint32_t r)
{
}

/* T3, T4, T11: adding a run of arenas, in which no span stands, to a heap that is
 * sound leaves it sound, and nobody's arena empty.
 * first: the number of the first one, not 0.  n: how many.  key: where they stand. */
/*@ requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced; requires nobody: span_nobody;
    requires l1: list_wf_next; requires l2: list_wf_prev; requires l3: list_wf_front;
    requires l4: list_wf_first; requires l5: list_wf_range;
    requires l6: list_wf_order; requires l7: list_wf_places; requires l8: list_wf_one;
    requires b1: bins_wf_free; requires b2: bins_wf_len; requires b3: bins_wf_head;
    requires b4: bins_wf_resident;
    requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires f: radix_wf_forward; requires b: radix_wf_back;
    requires numbers: 1 <= first < MAX_ARENAS && 1 <= n <= MAX_ARENAS - first;
    requires places: key < RADIX_KEYS && n <= RADIX_KEYS - key;
    requires unused: \forall integer p; 0 <= p < PAGES && span_head(p)
      ==> span_end(p) <= first * ARENA_PAGES || (first + n) * ARENA_PAGES <= p;
    requires new: \forall integer a; first <= a < first + n ==> arena_key[a] == 0;
    requires vacant: \forall integer k; key <= k < key + n ==> radix_arena[k] == 0;
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1],
      radix_arena[key .. key + n - 1], arena_key[first .. first + n - 1],
        span_resident[0 .. PAGES - 1],
      list_next[0 .. PAGES - 1], list_prev[0 .. PAGES - 1], list_of[0 .. PAGES - 1],
        list_first[0 .. SPAN_LISTS - 1], list_place[0 .. PAGES - 1];
    ensures T3_kind: span_wf_kind; ensures T3_len: span_wf_len; ensures T3_inside: span_wf_inside;
    ensures T3_apart: span_wf_apart; ensures T3_next: span_wf_next; ensures T3_back: span_wf_back;
      ensures co: span_coalesced;
    ensures nobody: span_nobody;
    ensures next: list_wf_next; ensures prev: list_wf_prev; ensures front: list_wf_front;
    ensures first: list_wf_first; ensures range: list_wf_range;
    ensures order: list_wf_order; ensures places: list_wf_places; ensures one: list_wf_one;
    ensures T11_free: bins_wf_free; ensures fit: bins_wf_len; ensures head: bins_wf_head;
    ensures backed: bins_wf_resident;
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    ensures forward: radix_wf_forward; ensures back: radix_wf_back;
    ensures T3_added: span_kind[first * ARENA_PAGES] == SPAN_FREE
      && span_len[first * ARENA_PAGES] == n * ARENA_PAGES && bins_hold(first * ARENA_PAGES);
    ensures T2_stands: \forall integer i; first <= i < first + n
      ==> arena_key[i] == key + (i - first) + 1; */
void law_T3_arenas_are_added(uint32_t first, uint32_t n, uint64_t key)
{
  uint32_t s = first * ARENA_PAGES;
  //@ assert own: !span_head(s) && list_of[s] == 0;
before:
  span_add(s, n * ARENA_PAGES);
  /*@ assert kinds: \forall integer p; 0 <= p < PAGES && p != s
      ==> span_kind[p] == \at(span_kind[p], before); */
  /*@ assert lens: \forall integer p; 0 <= p < PAGES && p != s ==> span_len[p] == \at(span_len[p],
      before); */
  //@ assert sizes: \forall integer g; slot_starts(g) ==> slot_size(g) == \at(slot_size(g), before);
  /*@ loop invariant range: 0 <= i <= n;
      loop invariant forward: radix_wf_forward;
      loop invariant back: radix_wf_back;
      loop invariant new: \forall integer a; first + i <= a < first + n ==> arena_key[a] == 0;
      loop invariant vacant: \forall integer k; key + i <= k < key + n ==> radix_arena[k] == 0;
      loop invariant stands: \forall integer a; first <= a < first + i
        ==> arena_key[a] == key + (a - first) + 1;
      loop assigns i, radix_arena[key .. key + n - 1], arena_key[first .. first + n - 1];
      loop variant n - i; */
  for (uint32_t i = 0; i < n; i++) {
    radix_set(key + i, first + i);
  }
  page_bins_add(s, 0);
}

/* T3: the first arena of all, on tables that are all zero. */
/*@ requires kinds: \forall integer p; 0 <= p < PAGES ==> span_kind[p] == 0;
    requires lists: \forall integer p; 0 <= p < PAGES ==> list_of[p] == 0;
    requires firsts: \forall integer l; 0 <= l < SPAN_LISTS ==> list_first[l] == 0;
    requires states: \forall integer g; 0 <= g < GRANULES ==> slot_state[g] == 0;
    requires keys: \forall integer k; 0 <= k < RADIX_KEYS ==> radix_arena[k] == 0;
    requires arenas: \forall integer a; 0 <= a < MAX_ARENAS ==> arena_key[a] == 0;
    requires key: key < RADIX_KEYS;
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1],
      radix_arena[key], arena_key[1], span_resident[0 .. PAGES - 1],
      list_next[0 .. PAGES - 1], list_prev[0 .. PAGES - 1], list_of[0 .. PAGES - 1],
        list_first[0 .. SPAN_LISTS - 1], list_place[0 .. PAGES - 1];
    ensures T3_first: span_kind[ARENA_PAGES] == SPAN_FREE && span_len[ARENA_PAGES] == ARENA_PAGES;
    ensures T11_free: bins_wf_free;
    ensures nobody: span_nobody; */
void law_T3_first_arena(uint64_t key)
{
  law_T3_zero_is_sound();
  law_T3_arenas_are_added(1, 1, key);
}
