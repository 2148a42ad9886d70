/* replays: runs that once failed, as the explorer printed them.
 *
 * Where the code has changed since, a schedule may lead elsewhere; it is a run of
 * its scenario all the same, and the search makes every run.
 */
#include "explore.h"

const struct explore_replay explore_replays[] = {
    /* The late one of two frees took the class that the block had before: byte 0 of
     * another live block was cleared. */
    {"double_free_reuse", {{4, STEP_TO, 1, 0}, {1, STEP_TO, 0, 3}}, 2},
    /* A look-up walked a span that was being split, for ever. */
    {"publication_probe", {{0, STEP_TO, 1, 72}}, 1},
    /* The guard that was tried at the start stayed, and the next trial trapped. */
    {"start_refused", {{0, STEP_REFUSED, 0, 5}}, 1},
    {.scenario = NULL}};
