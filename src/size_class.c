#include "size_class.h"

/* 2^k for k of 0 .. 14.  Compilers turn multiplying, dividing and taking the
 * rest by it into shifts and masks; solvers know what those mean. */
/*@ requires domain: k <= 14;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == pow2(k);
    ensures range: 1 <= \result <= 16384; */
static ASHLAR_HOT uint32_t power_of_two(uint32_t k)
{
  //@ assert k0: k == 0 ==> (1 << k) == 1;
  //@ assert k1: k == 1 ==> (1 << k) == 2;
  //@ assert k2: k == 2 ==> (1 << k) == 4;
  //@ assert k3: k == 3 ==> (1 << k) == 8;
  //@ assert k4: k == 4 ==> (1 << k) == 16;
  //@ assert k5: k == 5 ==> (1 << k) == 32;
  //@ assert k6: k == 6 ==> (1 << k) == 64;
  //@ assert k7: k == 7 ==> (1 << k) == 128;
  //@ assert k8: k == 8 ==> (1 << k) == 256;
  //@ assert k9: k == 9 ==> (1 << k) == 512;
  //@ assert k10: k == 10 ==> (1 << k) == 1024;
  //@ assert k11: k == 11 ==> (1 << k) == 2048;
  //@ assert k12: k == 12 ==> (1 << k) == 4096;
  //@ assert k13: k == 13 ==> (1 << k) == 8192;
  //@ assert k14: k == 14 ==> (1 << k) == 16384;
  return 1u << k;
}

/*@ requires domain: x < 262144 && k <= 14;
    terminates \true; exits \false;
    assigns \nothing;
    ensures quotient: \result == over_pow2(x, k); */
static ASHLAR_HOT uint32_t shift_right(uint32_t x, uint32_t k)
{
  return x / power_of_two(k);
}

/*@ requires domain: x <= 32 && k <= 14;
    terminates \true; exits \false;
    assigns \nothing;
    ensures product: \result == times_pow2(x, k); */
static ASHLAR_HOT uint32_t shift_left(uint32_t x, uint32_t k)
{
  return x * power_of_two(k);
}

/* The doubling of the class that serves a request.
 * asked: bytes, below SMALL_BYTES. */
/*@ requires small: asked < SMALL_BYTES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures range: \result <= DOUBLINGS - 1;
    ensures none: asked < 256 ==> \result == 0;
    ensures some: asked >= 256 ==> pow2(\result + 7) <= asked < pow2(\result + 8); */
static ASHLAR_HOT uint32_t doubling_of(uint32_t asked)
{
  /* A branch, since most requests are small, and some processors are slow at
   * counting bits. */
  if (asked < 256) {
    return 0;
  }
  return bits_width(asked) - 8;
}

/* The doubling of a class. */
/*@ requires class: c < SIZE_CLASSES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == class_doubling(c);
    ensures range: \result < DOUBLINGS;
    ensures rest: 1 <= c ==> 1 <= c - CLASSES_PER_DOUBLING * \result <= 16; */
static ASHLAR_HOT uint32_t doubling_of_class(uint32_t c)
{
  uint32_t from = c < 9 ? 9 : c; /* no branch: sizes are unpredictable */
  return (from - 9) / CLASSES_PER_DOUBLING;
}

/* log2 of the unit in which slack is recorded. */
/*@ requires d: d < DOUBLINGS;
    terminates \true; exits \false;
    assigns \nothing;
    ensures value: \result == (d < 2 ? 0 : d - 1);
    ensures unit: pow2(\result) == class_unit(d); */
static ASHLAR_HOT uint32_t unit_shift(uint32_t d)
{
  return (d < 1 ? 1 : d) - 1;
}

uint32_t size_class_of(uint32_t asked)
{
  if (asked == 0) {
    return 0;
  }
  uint32_t d = doubling_of(asked);
  uint32_t steps = shift_right(asked, d + 4);
  //@ assert steps: d > 0 ? 8 <= steps < 16 : steps < 16;
  //@ assert below: times_pow2(steps, d + 4) <= asked;
  //@ assert above: asked < times_pow2(steps + 1, d + 4);
  uint32_t c = CLASSES_PER_DOUBLING * d + steps + 1;
  //@ assert doubling: class_doubling(c) == d;
  //@ assert previous: c > 1 ==> class_bytes(c - 1) == times_pow2(steps, d + 4);
  return c;
}

ASHLAR_HOT uint32_t size_class_bytes(uint32_t c)
{
  if (c == 0) {
    return GRANULE_BYTES;
  }
  uint32_t d = doubling_of_class(c);
  return shift_left(c - CLASSES_PER_DOUBLING * d, d + 4);
}

uint32_t size_class_granules(uint32_t c)
{
  if (c == 0) {
    return 1;
  }
  uint32_t d = doubling_of_class(c);
  return shift_left(c - CLASSES_PER_DOUBLING * d, d);
}

uint32_t size_class_least(uint32_t c)
{
  return size_class_bytes(c) - power_of_two(doubling_of_class(c) + 4);
}

uint32_t size_class_slack(uint32_t c, uint32_t asked)
{
  uint32_t d = doubling_of_class(c);
  uint32_t unused = size_class_bytes(c) - 1 - asked;
  return shift_right(unused, unit_shift(d));
}

ASHLAR_HOT struct size_request size_class_serve(uint32_t asked)
{
  uint32_t d = doubling_of(asked);
  uint32_t steps = shift_right(asked, d + 4);
  //@ assert steps: d > 0 ? 8 <= steps < 16 : steps < 16;
  //@ assert below: times_pow2(steps, d + 4) <= asked;
  //@ assert above: asked < times_pow2(steps + 1, d + 4);
  struct size_request request;
  request.class_of = CLASSES_PER_DOUBLING * d + steps + 1;
  //@ assert doubling: class_doubling(request.class_of) == d;
  /*@ assert previous: request.class_of > 1
      ==> class_bytes(request.class_of - 1) == times_pow2(steps, d + 4); */
  request.bytes = shift_left(steps + 1, d + 4);
  uint32_t unused = request.bytes - 1 - asked;
  request.code = shift_right(unused, unit_shift(d));
  return request;
}

ASHLAR_HOT uint32_t size_class_recorded(uint32_t c, uint32_t code)
{
  uint32_t d = doubling_of_class(c);
  uint32_t unused = shift_left(code, unit_shift(d));
  return size_class_bytes(c) - 1 - unused;
}
