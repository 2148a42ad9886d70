/* watched: src/lock.h's functions, compiled as src/ is, for the scenario lock. */
#ifndef ASHLAR_EXPLORE_WATCHED_H
#define ASHLAR_EXPLORE_WATCHED_H

#include "../../../src/lock.h"

void watched_lock_acquire(struct lock *l);
bool watched_lock_try(struct lock *l);
void watched_lock_release(struct lock *l);

#endif
