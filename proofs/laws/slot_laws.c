/* Laws of the slot table, alone and together with the span table and the radix
 * map: client code that verifies against the contracts of the headers alone. */
#include "radix_map.h"
#include "slot.h"

/* T5, T6: what was claimed is released, once. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires g: g < GRANULES && slot_state[g] == SLOT_CACHED;
    requires tag: tag >= SLOT_LIVE;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T6_once: \result; */
bool law_T6_release_after_claim(uint64_t g, uint8_t tag)
{
  if (!slot_claim(g, tag) || slot_release(g, slot_state_get(g)) != SLOT_OK) {
    //@ assert never: \false;
    return false;
  }
  return slot_release(g, slot_state_get(g)) == SLOT_ALREADY_FREE;
}

/* T5: what is live is not handed out again. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires g: g < GRANULES;
    requires tag: tag >= SLOT_LIVE && again >= SLOT_LIVE;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T5_not_twice: \result; */
bool law_T5_claim_once(uint64_t g, uint8_t tag, uint8_t again)
{
  if (slot_claim(g, tag) && slot_claim(g, again)) {
    //@ assert never: \false;
    return false;
  }
  return true;
}

/* T4: two blocks that are handed out do not overlap. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires two: a < b < GRANULES;
    requires tag: tag >= SLOT_LIVE;
    terminates \true; exits \false;
    assigns slot_state[a], slot_state[b];
    ensures w1: slot_wf_class; ensures w2: slot_wf_inside;
    ensures w3: slot_wf_owned; ensures w4: slot_wf_apart;
    ensures T4_disjoint: \result ==> slot_live(a) && slot_live(b) && a + slot_size(a) <= b; */
bool law_T4_two_claims(uint64_t a, uint64_t b, uint8_t tag)
{
  return slot_claim(a, tag) && slot_claim(b, tag);
}

/* T4: any two slots of a carved span are apart, and inside it. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires c: c < SIZE_CLASSES;
    requires empty: slot_none_in(s);
    terminates \true; exits \false;
    assigns page_class[s .. s + span_len[s] - 1], page_span[s .. s + span_len[s] - 1],
      slot_state[slot_low(s) .. slot_high(s) - 1];
    ensures T4_carved: \forall integer a, b; slot_low(s) <= a < b < slot_high(s)
      && slot_starts(a) && slot_starts(b) ==> a + class_granules(c) <= b;
    ensures T4_inside: \forall integer a; slot_low(s) <= a < slot_high(s) && slot_starts(a)
      ==> a + class_granules(c) <= slot_high(s); */
void law_T4_carved_apart(uint32_t s, uint32_t c)
{
  slot_carve(s, c);
  /*@ assert page: \forall integer a; slot_low(s) <= a < slot_high(s)
      ==> s <= slot_page(a) < span_end(s); */
}

/* A span that was carved and never used is cleared again. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires c: c < SIZE_CLASSES;
    requires empty: slot_none_in(s);
    terminates \true; exits \false;
    assigns page_class[s .. s + span_len[s] - 1], page_span[s .. s + span_len[s] - 1],
      slot_state[slot_low(s) .. slot_high(s) - 1];
    ensures cleared: \result && slot_none_in(s); */
bool law_clear_after_carve(uint32_t s, uint32_t c)
{
  slot_carve(s, c);
  return slot_clear(s);
}

/* A span in which a block lives, or is held by a thread, is never cleared. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires g: slot_low(s) <= g < slot_high(s) && slot_state[g] >= SLOT_CACHED;
    terminates \true; exits \false;
    assigns slot_state[slot_low(s) .. slot_high(s) - 1];
    ensures refused: !\result && slot_state[g] == \old(slot_state[g]); */
bool law_clear_refuses_held(uint32_t s, uint64_t g)
{
  return slot_clear(s);
}

/* A block with a span of its own leaves nothing in that span once it was
 * released and forgotten; before that it is not forgotten, and then once. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k2: span_wf_len; requires k4: span_wf_apart;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires g: slot_low(s) <= g < slot_high(s);
    requires tag: tag >= SLOT_LIVE;
    requires empty: slot_none_in(s);
    terminates \true; exits \false;
    assigns page_class[g / GRANULES_PER_PAGE], page_span[g / GRANULES_PER_PAGE], slot_state[g];
    ensures empty: slot_none_in(s);
    ensures w1: slot_wf_class; ensures w2: slot_wf_inside;
    ensures w3: slot_wf_owned; ensures w4: slot_wf_apart; */
void law_unplace_after_place(uint32_t s, uint64_t g, uint8_t tag)
{
  slot_place(s, g, tag);
  bool early = slot_unplace(g);
  bool released = slot_release(g, slot_state_get(g)) == SLOT_OK;
  bool forgotten = slot_unplace(g);
  bool again = slot_unplace(g);
  //@ assert once: !early && released && forgotten && !again;
}

/* T3, T4: giving a cleared span back leaves every slot in a span in use. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires used: s < PAGES && span_kind[s] == SPAN_USED && span_usable(s);
    terminates \true; exits \false;
    assigns slot_state[slot_low(s) .. slot_high(s) - 1],
      span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures w1: slot_wf_class; ensures w2: slot_wf_inside;
    ensures w3: slot_wf_owned; ensures w4: slot_wf_apart; */
void law_T4_release_of_cleared_span(uint32_t s)
{
  if (!slot_clear(s)) {
    return;
  }
  //@ assert elsewhere: \forall integer g; slot_starts(g) ==> slot_span(g) != s;
before:
  span_release(s);
  /*@ assert kept: \forall integer t; 0 <= t < PAGES && t != s && \at(span_kind[t],
      before) == SPAN_USED ==> span_kind[t] == SPAN_USED && span_len[t] == \at(span_len[t],
      before); */
  //@ assert sizes: \forall integer g; slot_starts(g) ==> slot_size(g) == \at(slot_size(g), before);
}

/* T3, T4: a span whose block is forgotten goes back as one that was cleared. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires g: slot_starts(g) && slot_span(g) == s && span_usable(s);
    requires alone: \forall integer h; slot_low(s) <= h < g ==> slot_state[h] == SLOT_NONE;
    terminates \true; exits \false;
    assigns slot_state[0 .. GRANULES - 1],
      span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures w1: slot_wf_class; ensures w2: slot_wf_inside;
    ensures w3: slot_wf_owned; ensures w4: slot_wf_apart; */
void law_T4_release_of_forgotten_span(uint32_t s, uint64_t g)
{
  if (!slot_unplace(g)) {
    return;
  }
  //@ assert elsewhere: \forall integer h; slot_starts(h) ==> slot_span(h) != s;
before:
  span_release(s);
  /*@ assert kept: \forall integer t; 0 <= t < PAGES && t != s && \at(span_kind[t],
      before) == SPAN_USED ==> span_kind[t] == SPAN_USED && span_len[t] == \at(span_len[t],
      before); */
  //@ assert sizes: \forall integer h; slot_starts(h) ==> slot_size(h) == \at(slot_size(h), before);
}

/* T3, T4: taking a span into use leaves every slot as it was. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires k1: span_wf_kind; requires k2: span_wf_len; requires k3: span_wf_inside;
    requires k4: span_wf_apart; requires k5: span_wf_next; requires k6: span_wf_back;
    requires co: span_coalesced;
    requires free: s < PAGES && span_kind[s] == SPAN_FREE;
    requires size: 1 <= n <= span_len[s];
    requires whole: n == span_len[s] || s % ARENA_PAGES + span_len[s] <= ARENA_PAGES;
    terminates \true; exits \false;
    assigns span_kind[0 .. PAGES - 1], span_len[0 .. PAGES - 1], span_back[0 .. PAGES - 1];
    ensures w1: slot_wf_class; ensures w2: slot_wf_inside;
    ensures w3: slot_wf_owned; ensures w4: slot_wf_apart;
    ensures T4_empty: slot_none_in(s); */
void law_T4_take_of_span(uint32_t s, uint32_t n)
{
  /*@ assert empty: \forall integer g; slot_low(s) <= g < slot_high(s)
      ==> slot_state[g] == SLOT_NONE; */
before:
  span_take(s, n);
  /*@ assert kept: \forall integer t; 0 <= t < PAGES && \at(span_kind[t],
      before) == SPAN_USED ==> span_kind[t] == SPAN_USED && span_len[t] == \at(span_len[t],
      before); */
  //@ assert sizes: \forall integer g; slot_starts(g) ==> slot_size(g) == \at(slot_size(g), before);
}

/* No slot starts where no span is in use. */
/*@ requires w2: slot_wf_inside; requires w3: slot_wf_owned;
    requires nobody: span_nobody; requires g: g < ARENA_GRANULES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures none: slot_state[g] == SLOT_NONE; */
void law_no_slot_without_arena(uint64_t g)
{
  //@ assert span: slot_starts(g) ==> slot_low(slot_span(g)) <= g;
  //@ assert first: slot_starts(g) ==> slot_span(g) < ARENA_PAGES;
}

/* T6: whatever address a program frees, the verdict is SLOT_OK exactly where a
 * live block starts there; else nothing changes. */
/*@ requires w1: slot_wf_class; requires w2: slot_wf_inside;
    requires w3: slot_wf_owned; requires w4: slot_wf_apart;
    requires f: radix_wf_forward; requires nobody: span_nobody;
    terminates \true; exits \false;
    assigns slot_state[0 .. GRANULES - 1];
    behavior live:
      assumes radix_mapped(address) && address % GRANULE_BYTES == 0
        && slot_live(radix_granule_at(address));
      ensures T6_accepted: \result == SLOT_OK;
    behavior other:
      assumes !(radix_mapped(address) && address % GRANULE_BYTES == 0
        && slot_live(radix_granule_at(address)));
      ensures T6_refused: \result != SLOT_OK;
      ensures T6_kept: \forall integer g; 0 <= g < GRANULES
        ==> slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
enum slot_verdict law_T6_any_address(uintptr_t address)
{
  uint64_t g = radix_granule(address);
  if (address % GRANULE_BYTES != 0) {
    return SLOT_NOT_A_SLOT;
  }
  if (g < ARENA_GRANULES) {
    law_no_slot_without_arena(g);
  }
  return slot_release(g, slot_state_get(g));
}
