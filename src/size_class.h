/* size_class: which slot serves a request, and how a slot records its request.
 *
 * Owns nothing; pure functions, callable from anywhere without a lock.
 *
 * Class 0 serves requests of no bytes.  Classes 1 .. 16 are slots of 16 .. 256
 * bytes in steps of 16; from there each doubling of the size has eight classes
 * of equal step.  A request of n bytes gets the least slot of more than n
 * bytes: one byte at least is never handed out, so that an overflow of one
 * byte finds something to break (theorem T1).
 *
 * The doubling of a class is 0 for slots of up to 256 bytes, and one more for
 * each doubling beyond; slots of doubling d come in steps of 16 << d bytes.
 *
 * A live slot records in five bits how many of its bytes were not asked for
 * (the slack code), in units that make the size exact up to 512 bytes and to
 * 1/256 of it above (theorem T7).
 */
#ifndef ASHLAR_SIZE_CLASS_H
#define ASHLAR_SIZE_CLASS_H

#include "platform.h"
#include "../spec/size_class.acsl.h"

enum {
  SLACK_CODES = 32
};

/* Finds the class that serves a request.
 * asked: bytes, below SMALL_BYTES.
 * Returns the least class whose slots hold more than asked bytes; 0 exactly
 * for 0 bytes. */
/*@ requires small: asked < SMALL_BYTES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T1_total: \result < SIZE_CLASSES;
    ensures none: \result == 0 <==> asked == 0;
    ensures T1_capacity: asked > 0 ==> asked + 1 <= class_bytes(\result);
    ensures T1_tight: \result > 1 ==> class_bytes(\result - 1) < asked + 1;
    ensures T1_waste: asked >= 128 ==> 8 * (class_bytes(\result) - asked) < class_bytes(\result); */
uint32_t size_class_of(uint32_t asked);

/* The size of a class's slots.
 * c: a class.  Returns bytes: a multiple of 16, and 16 for class 0. */
/*@ requires class: c < SIZE_CLASSES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == class_bytes(c);
    ensures range: GRANULE_BYTES <= \result <= SMALL_BYTES;
    ensures granules: \result % GRANULE_BYTES == 0; */
uint32_t size_class_bytes(uint32_t c);

/* The size of a class's slots in granules.
 * c: a class.  Returns granules, at least 1. */
/*@ requires class: c < SIZE_CLASSES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == class_granules(c);
    ensures bytes: \result * GRANULE_BYTES == class_bytes(c);
    ensures range: 1 <= \result <= SMALL_BYTES / GRANULE_BYTES; */
uint32_t size_class_granules(uint32_t c);

/* The least request that a class's slack code can record.
 * c: a class but 0.  Returns bytes: the size of the slots less their step. */
/*@ requires class: 1 <= c < SIZE_CLASSES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == class_bytes(c) - class_step(class_doubling(c));
    ensures range: \result < class_bytes(c); */
uint32_t size_class_least(uint32_t c);

/* The slack code of a request in a class.
 * c: a class but 0, served at its own step: size_class_of(asked), or a larger
 * one with asked raised to size_class_least.
 * asked: bytes.  Returns the code, below SLACK_CODES; size_class_recorded
 * gives back asked from it, rounded up to the unit of the class. */
/*@ requires class: 1 <= c < SIZE_CLASSES;
    requires served: class_bytes(c) - class_step(class_doubling(c)) <= asked < class_bytes(c);
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result < SLACK_CODES;
    ensures step: class_slack(class_doubling(c), \result) < class_step(class_doubling(c));
    ensures T7_least: asked <= class_recorded(c, \result);
    ensures T7_exact: class_recorded(c, \result) < asked + class_unit(class_doubling(c)); */
uint32_t size_class_slack(uint32_t c, uint32_t asked);

/* All that an allocation wants to know at once. */
struct size_request {
  uint32_t class_of; /* size_class_of */
  uint32_t bytes;    /* size_class_bytes of it */
  uint32_t code;     /* size_class_slack of both */
};

/* Finds the class that serves a request, its size and the slack code, without
 * working any of it out twice.
 * asked: bytes, 1 .. SMALL_BYTES - 1. */
/*@ requires small: 1 <= asked < SMALL_BYTES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures T1_total: 1 <= \result.class_of < SIZE_CLASSES;
    ensures bytes: \result.bytes == class_bytes(\result.class_of);
    ensures T1_capacity: asked + 1 <= \result.bytes;
    ensures T1_tight: \result.class_of > 1 ==> class_bytes(\result.class_of - 1) < asked + 1;
    ensures range: \result.code < SLACK_CODES;
    ensures step: class_slack(class_doubling(\result.class_of), \result.code)
      < class_step(class_doubling(\result.class_of));
    ensures T7_least: asked <= class_recorded(\result.class_of, \result.code);
    ensures T7_exact: class_recorded(\result.class_of, \result.code)
      < asked + class_unit(class_doubling(\result.class_of)); */
struct size_request size_class_serve(uint32_t asked);

/* The size that a slot's slack code records.
 * c: a class but 0.  code: below SLACK_CODES.
 * Returns bytes: what was asked, rounded up to the unit of the class. */
/*@ requires class: 1 <= c < SIZE_CLASSES;
    requires code: code < SLACK_CODES;
    requires step: class_slack(class_doubling(c), code) < class_step(class_doubling(c));
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == class_recorded(c, code);
    ensures range: \result < class_bytes(c); */
uint32_t size_class_recorded(uint32_t c, uint32_t code);

#endif
