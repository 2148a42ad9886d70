/* watched: src/lock.h's functions, compiled as src/ is, for the scenario lock. */
#include "watched.h"

void watched_lock_acquire(struct lock *l)
{
  lock_acquire(l);
}

bool watched_lock_try(struct lock *l)
{
  return lock_try(l);
}

void watched_lock_release(struct lock *l)
{
  lock_release(l);
}
