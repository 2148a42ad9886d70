/* tables: the allocator's tables, for tests of the core without the allocator. */
#ifndef ASHLAR_TESTS_TABLES_H
#define ASHLAR_TESTS_TABLES_H

/* Makes every entry of every table zero, as at the start of a process. */
void tables_reset(void);

#endif
