/* plain_runner: runs Criterion tests without Criterion's runner.
 *
 * ThreadSanitizer leaves no room for the memory that Criterion's runner hands
 * to its test processes (Criterion issue 274), so the builds under it link
 * this in its place: one child process a test, one after the other, and the
 * same closing line.  The tests themselves are the same objects.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Criterion's Test macro puts a pointer to each test here. */
extern struct criterion_test *const __start_cr_tst[];
extern struct criterion_test *const __stop_cr_tst[];

/* What the Test macro calls around a test. */
void criterion_internal_test_setup(void)
{
}

void criterion_internal_test_main(void (*test)(void))
{
  test();
}

void criterion_internal_test_teardown(void)
{
}

/* Runs a test in a child.  Returns whether it came to its end. */
static bool passes(const struct criterion_test *test)
{
  fflush(NULL);
  pid_t child = fork();
  if (child < 0) {
    perror("fork");
    return false;
  }
  if (child == 0) {
    test->test();
    exit(EXIT_SUCCESS);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Whether the last `--filter PATTERN`, if there is one, names a test as
 * `suite/name`; as Criterion's runner has it. */
static bool chosen(const struct criterion_test *test, int argc, char *argv[])
{
  const char *pattern = "*";
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], "--filter") == 0) {
      pattern = argv[i + 1];
    }
  }
  char name[300];
  snprintf(name, sizeof name, "%s/%s", test->category, test->name);
  return fnmatch(pattern, name, FNM_EXTMATCH) == 0;
}

int main(int argc, char *argv[])
{
  int failed = 0;
  int tested = 0;
  for (struct criterion_test *const *t = __start_cr_tst; t != __stop_cr_tst; t++) {
    if (*t == NULL) {
      continue; /* the sections of several objects are padded */
    }
    if (!chosen(*t, argc, argv)) {
      continue;
    }
    tested++;
    if (!passes(*t)) {
      failed++;
      fprintf(stderr, "[FAIL] %s::%s\n", (*t)->category, (*t)->name);
    }
  }
  fprintf(stderr, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n",
          tested, tested - failed, failed);
  /* A filter that names nothing is a mistake, not a success. */
  return tested > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
