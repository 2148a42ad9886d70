/* slot: which granules start a block, whose it is at the moment, and how much
 * of it was asked for.  One byte for each granule of the heap.
 *
 * Owns slot_state[], page_class[] and page_span[]; reads the span table.
 * page_class[] and page_span[] of a span's pages are written under the lock of
 * the size class (or by whoever just took the span) while no slot lives there.
 * An entry of slot_state[] is written by whoever holds the slot: the central
 * cache under its lock while FREE, a thread's list while CACHED, the program
 * while LIVE; the change from LIVE is an atomic exchange, because a wrong
 * program may free one block from two threads at once.
 *
 * Invariant (spec/slot.acsl.h): the page of every slot names its size class
 * and its span; every slot lies inside that span; the span is in use; no two
 * slots overlap.  Theorems T4, T5, T6, T7.
 *
 * States: NONE (no slot starts here), FREE (held by the central cache), CACHED
 * (held by a thread's free list), LIVE and above (handed out; the other bits
 * are the tag: how it was asked for, and the slack code of size_class).
 */
#ifndef ASHLAR_SLOT_H
#define ASHLAR_SLOT_H

#include "platform.h"
#include "size_class.h"
#include "span.h"

enum {
  SLOT_NONE = 0,
  SLOT_FREE = 1,
  SLOT_CACHED = 2,
  SLOT_LIVE = 0x80
};

/* How a block was asked for. */
enum slot_kind {
  KIND_MALLOC = 0,
  KIND_NEW = 1,
  KIND_NEW_ARRAY = 2,
  KIND_REGION = 3, /* a region's; no free of the heap's takes it */
  SLOT_KINDS = 4
};

/* What an attempt to give a block back finds. */
enum slot_verdict {
  SLOT_OK = 0,
  SLOT_NOT_A_SLOT = 1,  /* no block starts there: interior, or never handed out */
  SLOT_ALREADY_FREE = 2 /* one does, but it is not live */
};

_Static_assert(SLOT_LIVE == SLOT_KINDS * SLACK_CODES, "kind and slack code fill the tag");

#include "../spec/slot.acsl.h"

/* The state byte of a live slot.
 * kind: an enum slot_kind.  code: the slack code, 0 where there is none. */
/*@ requires kind: kind < SLOT_KINDS; requires code: code < SLACK_CODES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures live: \result >= SLOT_LIVE;
    ensures value: \result == SLOT_LIVE + kind * SLACK_CODES + code; */
uint8_t slot_tag(uint32_t kind, uint32_t code);

/* The kind and the slack code that a live slot's state byte holds. */
/*@ requires live: tag >= SLOT_LIVE;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result < SLOT_KINDS;
    ensures T7_inverse: \forall integer kind, code; 0 <= kind < SLOT_KINDS
      && 0 <= code < SLACK_CODES
      && tag == SLOT_LIVE + kind * SLACK_CODES + code ==> \result == kind; */
uint32_t slot_tag_kind(uint8_t tag);

/*@ requires live: tag >= SLOT_LIVE;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result < SLACK_CODES;
    ensures T7_inverse: \forall integer kind, code; 0 <= kind < SLOT_KINDS
      && 0 <= code < SLACK_CODES
      && tag == SLOT_LIVE + kind * SLACK_CODES + code ==> \result == code; */
uint32_t slot_tag_code(uint8_t tag);

/* Hands a cached slot to the program.
 * g: a granule.  tag: the state byte it gets, from slot_tag.
 * Returns true if the slot was CACHED at that moment and is now live; false,
 * and nothing has changed, in every other state.  The caller's thread holds
 * the slot. */
/*@ requires g: g < GRANULES; requires tag: tag >= SLOT_LIVE;
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior cached: assumes slot_state[g] == SLOT_CACHED;
      ensures done: \result && slot_state[g] == tag;
      ensures T5_fresh: !slot_live{Pre}(g) && slot_live(g);
    behavior other: assumes slot_state[g] != SLOT_CACHED;
      assigns \nothing;
      ensures T5_refused: !\result && slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
bool slot_claim(uint64_t g, uint8_t tag);

/* Takes a slot back from the program, into the list of the calling thread.
 * g: any granule of the heap.  seen: its state, which the caller has just read,
 * since it had to look at the tag.
 * Returns SLOT_OK, and the slot is CACHED, exactly where a live block starts
 * on g; else what is wrong, and nothing has changed.  Of two threads that
 * release one block at the same time, one gets SLOT_OK and the other
 * SLOT_ALREADY_FREE. */
/*@ requires g: g < GRANULES; requires seen: seen == slot_state[g];
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior live: assumes slot_live(g);
      ensures T6_accepted: \result == SLOT_OK && slot_state[g] == SLOT_CACHED;
    behavior free: assumes slot_starts(g) && !slot_live(g);
      ensures T6_already_free: \result == SLOT_ALREADY_FREE;
      ensures T6_kept: slot_state[g] == \old(slot_state[g]);
    behavior none: assumes !slot_starts(g);
      ensures T6_not_a_slot: \result == SLOT_NOT_A_SLOT;
      ensures T6_kept: slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
enum slot_verdict slot_release(uint64_t g, uint8_t seen);

/* Changes the tag of a live slot (a realloc in place).
 * seen: its state, as for slot_release.  becomes: the one it gets.
 * Returns as slot_release does; the slot stays live. */
/*@ requires g: g < GRANULES; requires seen: seen == slot_state[g];
    requires tag: becomes >= SLOT_LIVE;
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior live: assumes slot_live(g);
      ensures T6_accepted: \result == SLOT_OK && slot_state[g] == becomes;
    behavior free: assumes slot_starts(g) && !slot_live(g);
      ensures T6_already_free: \result == SLOT_ALREADY_FREE;
      ensures T6_kept: slot_state[g] == \old(slot_state[g]);
    behavior none: assumes !slot_starts(g);
      ensures T6_not_a_slot: \result == SLOT_NOT_A_SLOT;
      ensures T6_kept: slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
enum slot_verdict slot_retag(uint64_t g, uint8_t seen, uint8_t becomes);

/* Moves a slot from the central cache to a thread's list (a refill).
 * Returns true if the slot was FREE and is now CACHED; else nothing has
 * changed.  Under the lock of the class. */
/*@ requires g: g < GRANULES;
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior free: assumes slot_state[g] == SLOT_FREE;
      ensures done: \result && slot_state[g] == SLOT_CACHED;
    behavior other: assumes slot_state[g] != SLOT_FREE;
      assigns \nothing;
      ensures refused: !\result && slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
bool slot_draw(uint64_t g);

/* Moves a slot from a thread's list to the central cache (a flush).
 * Returns true if the slot was CACHED and is now FREE; else nothing has
 * changed.  Under the lock of the class. */
/*@ requires g: g < GRANULES;
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior cached: assumes slot_state[g] == SLOT_CACHED;
      ensures done: \result && slot_state[g] == SLOT_FREE;
    behavior other: assumes slot_state[g] != SLOT_CACHED;
      assigns \nothing;
      ensures refused: !\result && slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
bool slot_retire(uint64_t g);

/* Cuts a span into slots of one class, all FREE.
 * s: the first page of a span in use in which no slot starts.  c: the class.
 * Returns how many slots there are: as many as fit, from the span's start on,
 * one behind the other. */
/*@ requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    requires len: span_wf_len; requires disjoint: span_wf_apart;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires c: c < SIZE_CLASSES;
    requires empty: slot_none_in(s);
    terminates \true; exits \false;
    assigns page_class[s .. s + span_len[s] - 1], page_span[s .. s + span_len[s] - 1],
      slot_state[slot_low(s) .. slot_high(s) - 1];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    ensures pages: \forall integer p; s <= p < span_end(s) ==> page_class[p] == c
      && page_span[p] == s;
    ensures all_free: slot_all_free(s);
    ensures first: \result > 0 ==> slot_state[slot_low(s)] == SLOT_FREE;
    ensures fits: class_granules(c) <= slot_high(s) - slot_low(s) ==> \result > 0;
    ensures bound: \result <= slot_high(s) - slot_low(s);
    ensures count: \result * class_granules(c) <= slot_high(s) - slot_low(s);
    ensures all: slot_high(s) - slot_low(s) < (\result + 1) * class_granules(c);
    ensures next: \forall integer g; slot_low(s) <= g && g + 2 * class_granules(c) <= slot_high(s)
      && slot_state[g] != SLOT_NONE ==> slot_state[g + class_granules(c)] != SLOT_NONE; */
uint64_t slot_carve(uint32_t s, uint32_t c);

/* Makes one live block in a span of its own.
 * s: the first page of a span in use in which no slot starts.
 * g: the granule of that span where the block begins; all behind it belongs to
 * the block.  tag: its state byte. */
/*@ requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    requires len: span_wf_len; requires disjoint: span_wf_apart;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    requires g: slot_low(s) <= g < slot_high(s);
    requires tag: tag >= SLOT_LIVE;
    requires empty: slot_none_in(s);
    terminates \true; exits \false;
    assigns page_class[g / GRANULES_PER_PAGE], page_span[g / GRANULES_PER_PAGE], slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    ensures T5_fresh: !slot_live{Pre}(g) && slot_live(g);
    ensures whole: slot_state[g] == tag && slot_span(g) == s && slot_class(g) == CLASS_LARGE
      && g + slot_size(g) == slot_high(s); */
void slot_place(uint32_t s, uint64_t g, uint8_t tag);

/* Forgets the block of a span of its own once it was released; without going
 * through the span's granules, of which a large block has many.
 * g: where the block begins; no other slot starts before it in its span.
 * Returns true, and no slot starts in the span any more, exactly where a
 * CACHED block with a span of its own starts on g; else nothing has changed. */
/*@ requires g: g < GRANULES;
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    requires len: span_wf_len;
    requires alone: slot_starts(g) ==> \forall integer h; slot_low(slot_span(g)) <= h < g
      ==> slot_state[h] == SLOT_NONE;
    terminates \true; exits \false;
    assigns slot_state[g];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior whole: assumes slot_state[g] == SLOT_CACHED && slot_class(g) == CLASS_LARGE;
      ensures cleared: \result && slot_state[g] == SLOT_NONE && slot_none_in(slot_span(g));
    behavior other: assumes slot_state[g] != SLOT_CACHED || slot_class(g) != CLASS_LARGE;
      assigns \nothing;
      ensures refused: !\result && slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
bool slot_unplace(uint64_t g);

/* Forgets the slots of a span, if none of them is in anyone's hands.
 * s: the first page of a span in use.
 * Returns true, and no slot starts in the span any more, exactly where every
 * slot of it is FREE; else nothing has changed.  This scan, not a counter,
 * decides whether a span may go back to the page heap. */
/*@ requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    requires len: span_wf_len;
    requires used: s < PAGES && span_kind[s] == SPAN_USED;
    terminates \true; exits \false;
    assigns slot_state[slot_low(s) .. slot_high(s) - 1];
    ensures T4_class: slot_wf_class; ensures T4_inside: slot_wf_inside;
    ensures T4_owned: slot_wf_owned; ensures T4_apart: slot_wf_apart;
    behavior all: assumes slot_all_free(s);
      ensures cleared: \result && slot_none_in(s);
    behavior held: assumes !slot_all_free(s);
      assigns \nothing;
      ensures kept: !\result && \forall integer g; slot_low(s) <= g < slot_high(s)
        ==> slot_state[g] == \old(slot_state[g]);
    complete behaviors; disjoint behaviors; */
bool slot_clear(uint32_t s);

/* Finds the slot in which a granule lies, for reports and the size of what an
 * interior pointer points to; by walking back, not for speed.
 * g: a granule.  low: one at or before it, from which on to look.
 * Returns the first granule of the slot that starts at or behind low and
 * contains g; GRANULES where there is none. */
/*@ requires g: low <= g < GRANULES;
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns \nothing;
    behavior in: assumes \exists integer h; low <= h <= g && slot_starts(h) && g < h + slot_size(h);
      ensures contains: low <= \result <= g && slot_starts(\result)
        && g < \result + slot_size(\result);
      ensures unique: \forall integer h; low <= h <= g && slot_starts(h) && g < h + slot_size(h)
        ==> h == \result;
    behavior out: assumes \forall integer h; low <= h <= g && slot_starts(h)
      ==> h + slot_size(h) <= g;
      ensures none: \result == GRANULES;
    complete behaviors; disjoint behaviors; */
uint64_t slot_find(uint64_t g, uint64_t low);

/* The granules of the slot that starts at g: those of its class, or all behind
 * it in its span. */
/*@ requires starts: slot_starts(g);
    requires class: slot_wf_class; requires inside: slot_wf_inside;
    requires owned: slot_wf_owned; requires apart: slot_wf_apart;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == slot_size(g);
    ensures some: \result >= 1; */
uint64_t slot_granules(uint64_t g);

/* The invariant as a function.
 * lo, hi: the granules to look at, lo .. hi - 1.
 * Returns true exactly where all clauses hold for the slots that start there. */
/*@ requires range: lo <= hi <= GRANULES;
    requires spans: span_wf_len;
    terminates \true; exits \false;
    assigns \nothing;
    ensures sound: \result ==> slot_class_in(lo, hi) && slot_inside_in(lo, hi)
      && slot_owned_in(lo, hi) && slot_apart_in(lo, hi);
    ensures complete: slot_class_in(lo, hi) && slot_inside_in(lo, hi)
      && slot_owned_in(lo, hi) && slot_apart_in(lo, hi) ==> \result; */
bool slot_check(uint64_t lo, uint64_t hi);

#endif
