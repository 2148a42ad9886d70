/* child: what is tested in a process of its own, so that each begins with what
 * its parent had and leaves nothing behind. */
#ifndef ASHLAR_TESTS_CHILD_H
#define ASHLAR_TESTS_CHILD_H

/* Runs a function, with a number that tells it from its like, in a child.  It
 * must come back, or end the child with status 0; within a minute, since it may
 * wait for what never comes.  A failure names the number.
 * Only for the thread that runs the test. */
void child_runs(void (*run)(int number), int number);

#endif
