#include "slot.h"

ASHLAR_HOT uint8_t slot_tag(uint32_t kind, uint32_t code)
{
  return (uint8_t)(SLOT_LIVE + kind * SLACK_CODES + code);
}

ASHLAR_HOT uint32_t slot_tag_kind(uint8_t tag)
{
  return ((uint32_t)tag - SLOT_LIVE) / SLACK_CODES;
}

ASHLAR_HOT uint32_t slot_tag_code(uint8_t tag)
{
  return (uint32_t)tag % SLACK_CODES;
}

ASHLAR_HOT bool slot_claim(uint64_t g, uint8_t tag)
{
  if (slot_state_get(g) != SLOT_CACHED) {
    return false;
  }
  slot_state_set(g, tag);
  return true;
}

/* Changes the state of a live slot.  A lost race looks like a state that was
 * not live any more. */
/*@ requires g: g < GRANULES; requires state: state >= SLOT_CACHED;
    requires seen: seen == slot_state[g];
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior live: assumes slot_live(g);
      ensures accepted: \result == SLOT_OK && slot_state[g] == state;
    behavior free: assumes slot_starts(g) && !slot_live(g);
      ensures already_free: \result == SLOT_ALREADY_FREE;
      ensures kept: slot_state[g] == \old(slot_state[g]);
    behavior none: assumes !slot_starts(g);
      ensures not_a_slot: \result == SLOT_NOT_A_SLOT;
      ensures kept: slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
static ASHLAR_HOT enum slot_verdict from_live(uint64_t g, uint8_t seen, uint8_t state)
{
  if (seen >= SLOT_LIVE && slot_state_swap(g, seen, state)) {
    return SLOT_OK;
  }
  return seen == SLOT_NONE ? SLOT_NOT_A_SLOT : SLOT_ALREADY_FREE;
}

ASHLAR_HOT enum slot_verdict slot_release(uint64_t g, uint8_t seen)
{
  return from_live(g, seen, SLOT_CACHED);
}

enum slot_verdict slot_retag(uint64_t g, uint8_t seen, uint8_t becomes)
{
  return from_live(g, seen, becomes);
}

bool slot_draw(uint64_t g)
{
  if (slot_state_get(g) != SLOT_FREE) {
    return false;
  }
  slot_state_set(g, SLOT_CACHED);
  return true;
}

bool slot_retire(uint64_t g)
{
  if (slot_state_get(g) != SLOT_CACHED) {
    return false;
  }
  slot_state_set(g, SLOT_FREE);
  return true;
}

/* Names the class and the span on all pages of a span. */
/*@ requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    requires len: span_wf_len;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires c: c < SIZE_CLASSES;
    requires empty: slot_none_in(s);
    terminates \true; exits \false;
    assigns page_class[s .. s + span_len[s] - 1], page_span[s .. s + span_len[s] - 1];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    ensures pages: \forall integer p; s <= p < span_end(s) ==> page_class[p] == c
      && page_span[p] == s; */
static void name_pages(uint32_t s, uint32_t c)
{
  uint32_t end = s + span_len[s];
  /*@ loop invariant range: s <= p <= end;
      loop invariant named: \forall integer i; s <= i < p ==> page_class[i] == c
        && page_span[i] == s;
      loop invariant others: \forall integer i; 0 <= i < PAGES && !(s <= i < end) ==>
        page_class[i] == \at(page_class[i], Pre) && page_span[i] == \at(page_span[i], Pre);
      loop assigns p, page_class[s .. end - 1], page_span[s .. end - 1];
      loop variant end - p; */
  for (uint32_t p = s; p < end; p++) {
    page_class[p] = (uint8_t)c;
    page_span[p] = s;
  }
  //@ assert elsewhere: \forall integer g; slot_starts(g) ==> !(s <= slot_page(g) < end);
  /*@ assert same: \forall integer g; slot_starts(g) ==> slot_class(g) == \at(slot_class(g),
      Pre) && slot_span(g) == \at(slot_span(g), Pre); */
}

uint64_t slot_carve(uint32_t s, uint32_t c)
{
  name_pages(s, c);
  uint64_t step = size_class_granules(c);
  uint64_t low = (uint64_t)s * GRANULES_PER_PAGE;
  uint64_t high = low + (uint64_t)span_len[s] * GRANULES_PER_PAGE;
  //@ assert before: \forall integer g; slot_starts(g) && g < low ==> g + slot_size(g) <= low;
  uint64_t g = low;
  uint64_t n = 0;
  /*@ loop invariant range: low <= g <= high && n <= g - low;
      loop invariant count: g - low == n * step;
      loop invariant class: slot_wf_class;
      loop invariant inside: slot_wf_inside;
      loop invariant owned: slot_wf_owned;
      loop invariant apart: slot_wf_apart;
      loop invariant rest: \forall integer h; g <= h < high ==> slot_state[h] == SLOT_NONE;
      loop invariant only: \forall integer h; low <= h < g ==> slot_state[h] == SLOT_NONE
        || slot_state[h] == SLOT_FREE;
      loop invariant bound: \forall integer h; slot_starts(h) && h < g ==> h + slot_size(h) <= g;
      loop invariant first: n > 0 ==> slot_state[low] == SLOT_FREE;
      loop invariant some: n == 0 ==> g == low;
      loop invariant next: \forall integer h; low <= h && h + step < g
        && slot_state[h] != SLOT_NONE ==> slot_state[h + step] != SLOT_NONE;
      loop assigns g, n, slot_state[low .. high - 1];
      loop variant high - g; */
  while (high - g >= step) {
    //@ assert page: s <= slot_page(g) < span_end(s);
    slot_state_set(g, SLOT_FREE);
    //@ assert size: slot_size(g) == step;
    /*@ assert last: \forall integer h; low <= h < g && slot_state[h] != SLOT_NONE
        ==> h + step <= g; */
    g += step;
    n++;
  }
  return n;
}

void slot_place(uint32_t s, uint64_t g, uint8_t tag)
{
  uint32_t p = (uint32_t)(g / GRANULES_PER_PAGE);
  //@ assert page: s <= p < span_end(s);
  /*@ assert before: \forall integer h; slot_starts(h) && h < slot_low(s)
      ==> h + slot_size(h) <= slot_low(s); */
  //@ assert elsewhere: \forall integer h; slot_starts(h) ==> slot_page(h) != p;
  page_class[p] = CLASS_LARGE;
  page_span[p] = s;
  /*@ assert same: \forall integer h; slot_starts(h) ==> slot_class(h) == \at(slot_class(h),
      Pre) && slot_span(h) == \at(slot_span(h), Pre); */
  slot_state_set(g, tag);
}

bool slot_unplace(uint64_t g)
{
  if (slot_state_get(g) != SLOT_CACHED || page_class[g / GRANULES_PER_PAGE] != CLASS_LARGE) {
    return false;
  }
  /*@ assert behind: \forall integer h; g < h < slot_high(slot_span(g))
      ==> slot_state[h] == SLOT_NONE; */
  slot_state_set(g, SLOT_NONE);
  return true;
}

bool slot_clear(uint32_t s)
{
  uint64_t low = (uint64_t)s * GRANULES_PER_PAGE;
  uint64_t high = low + (uint64_t)span_len[s] * GRANULES_PER_PAGE;
  /*@ loop invariant range: low <= g <= high;
      loop invariant sofar: \forall integer h; low <= h < g ==> slot_state[h] == SLOT_NONE
        || slot_state[h] == SLOT_FREE;
      loop assigns g;
      loop variant high - g; */
  for (uint64_t g = low; g < high; g++) {
    if (slot_state_get(g) > SLOT_FREE) {
      return false;
    }
  }
  /*@ loop invariant range: low <= g <= high;
      loop invariant cleared: \forall integer h; low <= h < g ==> slot_state[h] == SLOT_NONE;
      loop invariant class: slot_wf_class;
      loop invariant inside: slot_wf_inside;
      loop invariant owned: slot_wf_owned;
      loop invariant apart: slot_wf_apart;
      loop assigns g, slot_state[low .. high - 1];
      loop variant high - g; */
  for (uint64_t g = low; g < high; g++) {
    slot_state_set(g, SLOT_NONE);
  }
  return true;
}

uint64_t slot_granules(uint64_t g)
{
  uint64_t p = g / GRANULES_PER_PAGE;
  uint32_t c = page_class[p];
  if (c < SIZE_CLASSES) {
    return size_class_granules(c);
  }
  uint64_t s = page_span[p];
  return (s + span_len[s]) * GRANULES_PER_PAGE - g;
}

uint64_t slot_find(uint64_t g, uint64_t low)
{
  uint64_t h = g;
  /*@ loop invariant range: low <= h <= g;
      loop invariant none: \forall integer i; h < i <= g ==> slot_state[i] == SLOT_NONE;
      loop assigns h;
      loop variant h - low; */
  while (slot_state_get(h) == SLOT_NONE) {
    if (h == low) {
      return GRANULES;
    }
    h--;
  }
  //@ assert before: \forall integer i; low <= i < h && slot_starts(i) ==> i + slot_size(i) <= h;
  return g - h < slot_granules(h) ? h : GRANULES;
}

/* What one slot must be by itself. */
/*@ predicate slot_sound{L}(integer g) =
      slot_class(g) <= CLASS_LARGE
      && slot_span(g) < PAGES && span_kind[slot_span(g)] == SPAN_USED
      && slot_low(slot_span(g)) <= g < slot_high(slot_span(g))
      && g + slot_size(g) <= slot_high(slot_span(g)); */
/*@ requires starts: slot_starts(g);
    requires spans: span_wf_len;
    terminates \true; exits \false;
    assigns \nothing;
    ensures bad: \result == 0 <==> !slot_sound(g);
    ensures good: \result > 0 ==> \result == slot_size(g); */
static uint64_t sound_granules(uint64_t g)
{
  uint64_t p = g / GRANULES_PER_PAGE;
  uint64_t s = page_span[p];
  if (page_class[p] > CLASS_LARGE || s >= PAGES || span_kind[s] != SPAN_USED) {
    return 0;
  }
  uint64_t high = (s + span_len[s]) * GRANULES_PER_PAGE;
  if (s * GRANULES_PER_PAGE > g || g >= high) {
    return 0;
  }
  uint64_t size = page_class[p] < SIZE_CLASSES ? size_class_granules(page_class[p]) : high - g;
  return size <= high - g ? size : 0;
}

bool slot_check(uint64_t lo, uint64_t hi)
{
  uint64_t end = 0; /* of the last slot seen */
  /*@ loop invariant range: lo <= g <= hi && end <= GRANULES;
      loop invariant one: \forall integer h; lo <= h < g && slot_starts(h) ==> slot_sound(h)
        && h + slot_size(h) <= end;
      loop invariant last: end == 0 || \exists integer h; lo <= h < g && slot_starts(h)
        && h + slot_size(h) == end;
      loop invariant apart: slot_apart_in(lo, g);
      loop assigns g, end;
      loop variant hi - g; */
  for (uint64_t g = lo; g < hi; g++) {
    if (slot_state_get(g) == SLOT_NONE) {
      continue;
    }
    uint64_t size = sound_granules(g);
    if (g < end || size == 0) {
      return false;
    }
    end = g + size;
  }
  return true;
}
