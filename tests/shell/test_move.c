/* os_move: pages go from one range to another, or nothing happens; either way it
 * is known where their contents are. */
#include "../../src/os.h"
#include "../support/harness.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  PAGES_MOVED = 40,
  PAGES_THERE = 60,
  PAGES_BEFORE = 7
};

static uintptr_t from, to;
static size_t bytes, room;

static unsigned char *at(uintptr_t a)
{
  return (unsigned char *)a;
}

/* Two ranges of one mapping, with others around; every other page of the first is
 * written. */
static void begin(void)
{
  os_start();
  size_t page = os_page_bytes();
  bytes = PAGES_MOVED * page;
  room = PAGES_THERE * page;
  size_t all = 4 * room;
  uintptr_t base = os_reserve(all, page);
  cr_assert(base != 0 && os_commit(base, all));
  os_show(base, all); /* as what blocks are in */
  from = base + PAGES_BEFORE * page;
  to = base + 2 * room;
  for (size_t i = 0; i < PAGES_MOVED; i += 2) {
    memset(at(from) + i * page, (int)(i + 1), page);
  }
  at(from)[-1] = 0x11;
  at(from)[bytes] = 0x22;
  at(to)[-1] = 0x33;
  at(to)[room] = 0x44;
}

static void expect_contents(uintptr_t a)
{
  size_t page = os_page_bytes();
  for (size_t i = 0; i < bytes; i++) {
    size_t nth = i / page;
    cr_assert_eq(at(a)[i], nth % 2 == 0 ? (unsigned char)(nth + 1) : 0);
  }
}

static void expect_zero(uintptr_t a, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    cr_assert_eq(at(a)[i], 0);
    at(a)[i] = 0xff;
  }
}

static void expect_others(void)
{
  cr_assert_eq(at(from)[-1], 0x11);
  cr_assert_eq(at(from)[bytes], 0x22);
  cr_assert_eq(at(to)[-1], 0x33);
  cr_assert_eq(at(to)[room], 0x44);
}

static size_t lines_of_maps(void)
{
  FILE *maps = fopen("/proc/self/maps", "r");
  cr_assert(maps != NULL);
  size_t lines = 0;
  for (int c = getc(maps); c != EOF; c = getc(maps)) {
    lines += c == '\n';
  }
  fclose(maps);
  return lines;
}

Test(os_move, takes_the_pages)
{
  begin();
  size_t before = lines_of_maps();
  errno = 5;
  struct os_moved moved = os_move(from, bytes, to, room);
  cr_assert_eq(errno, 5);
  cr_assert(moved.at == to && moved.usable);
  expect_contents(to);
  expect_zero(to + bytes, room - bytes);
  expect_zero(from, bytes);
  expect_others();
  cr_assert_leq(lines_of_maps(), before + 2);
  cr_assert(os_renew(to, room));
  cr_assert_eq(errno, 5);
  expect_zero(to, room);
  expect_others();
  cr_assert_leq(lines_of_maps(), before);
  cr_assert_eq(os_counters().failed[OS_MOVE], 0);
}

/* What was moved can move again, with the room that it got there. */
Test(os_move, again_and_again)
{
  begin();
  size_t page = os_page_bytes();
  for (int i = 0; i < 100; i++) {
    struct os_moved moved = os_move(from, bytes, to, room);
    cr_assert(moved.at == to && moved.usable);
    at(to)[room - 1] = 1;
    moved = os_move(to, room, from - PAGES_BEFORE * page, room + PAGES_BEFORE * page);
    cr_assert(moved.usable && moved.at == from - PAGES_BEFORE * page);
    cr_assert_eq(at(moved.at)[room - 1], 1);
    at(moved.at)[room - 1] = 0;
    moved = os_move(moved.at, room, to, room);
    cr_assert(moved.at == to && moved.usable);
    moved = os_move(to, bytes, from, bytes);
    cr_assert(moved.at == from && moved.usable);
    expect_contents(from);
  }
  cr_assert_eq(os_counters().failed[OS_MOVE], 0);
}

/* Every request of it refused in its turn. */
Test(os_move, refused)
{
  uint64_t reserved = 0;
  for (uint32_t after = 0; after < 3; after++) {
    begin();
    reserved = os_counters().reserved_bytes;
    uint64_t failed = os_counters().failed[OS_MOVE];
    os_test_fail_after = after;
    os_test_fail_next = 1;
    errno = 0;
    struct os_moved moved = os_move(from, bytes, to, room);
    os_test_fail_next = 0;
    cr_assert(moved.at != to && moved.usable, "after %u", after);
    cr_assert_eq(errno, ENOMEM);
    cr_assert_eq(os_counters().failed[OS_MOVE], failed + 1);
    expect_contents(moved.at);
    expect_zero(to, room);
    expect_others();
    if (moved.at != from) {
      expect_zero(from, bytes);
      cr_assert_eq(os_counters().reserved_bytes, reserved + bytes);
      os_release(moved.at, bytes);
    }
    cr_assert_eq(os_counters().reserved_bytes, reserved);
  }
}

/* Where the kernel lost the range, its addresses are nobody's, and nothing is
 * moved any more. */
Test(os_move, lost)
{
  begin();
  os_test_move_loses = true;
  struct os_moved moved = os_move(from, bytes, to, room);
  cr_assert(!moved.usable && moved.at != to && moved.at != from);
  expect_contents(moved.at);
  expect_zero(from, bytes);
  expect_others();
  os_test_move_loses = false;
  struct os_moved next = os_move(moved.at, bytes, from, bytes);
  cr_assert(next.usable && next.at == moved.at);
  cr_assert_eq(errno, ENOTSUP);
}

Test(os_move, a_kernel_without)
{
  begin();
  os_test_no_moves = true;
  struct os_moved moved = os_move(from, bytes, to, room);
  cr_assert(moved.at == from && moved.usable);
  expect_contents(from);
  expect_others();
}

/* Moving would undo the lock of all that is mapped together with the range. */
Test(os_move, locked_memory)
{
  begin();
  /* By system call: a sanitizer's mlock does nothing. */
  if (syscall(SYS_mlock, from, bytes) != 0) {
    return;
  }
  struct os_moved moved = os_move(from, bytes, to, room);
  cr_assert(moved.at == from && moved.usable);
  expect_contents(from);
}

/* So that a program keeps mappings for itself. */
Test(os_move, on_a_budget)
{
  os_start();
  size_t page = os_page_bytes();
  size_t n = 40000;
  uintptr_t base = os_reserve(2 * n * page, page);
  cr_assert(base != 0 && os_commit(base, 2 * n * page));
  size_t moves = 0;
  size_t before = lines_of_maps();
  for (size_t i = 0; i < n / 2; i++) {
    /* Upside down, and apart, so that no two become one mapping. */
    uintptr_t there = base + (2 * n - 1 - 2 * i) * page;
    at(base + i * page)[0] = 1;
    struct os_moved moved = os_move(base + i * page, page, there, page);
    cr_assert(moved.usable);
    moves += moved.at == there;
  }
  size_t taken = lines_of_maps() - before;
  cr_assert(moves > 1000 && moves < n / 2, "%zu moves", moves);
  cr_assert_leq(taken, 2 * moves);
  cr_assert_leq(taken, 20000);
}
