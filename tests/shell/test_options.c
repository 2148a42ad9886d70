/* What options.h promises.  The source is taken in whole, so that the test can
 * say what the auxiliary vector says. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static unsigned long secure;

static unsigned long test_getauxval(unsigned long type)
{
  return type == AT_SECURE ? secure : 0;
}

#define getauxval test_getauxval
#include "../../src/options.c"
#undef getauxval

static struct options o;
static char complaints[1024];

static void parse(const char *text)
{
  struct text t;
  text_start(&t, complaints, sizeof complaints - 1);
  options_default(&o);
  options_parse(&o, text, &t);
  *t.at = '\0';
}

static bool is_default(void)
{
  struct options d;
  options_default(&d);
  return d.stats_at_exit == o.stats_at_exit && strcmp(d.report_file, o.report_file) == 0 &&
         d.thread_cache_bytes == o.thread_cache_bytes && d.release_rate == o.release_rate &&
         d.guards == o.guards && d.kind_mismatch == o.kind_mismatch &&
         d.deepbind_keep == o.deepbind_keep && d.sandbox == o.sandbox;
}

Test(options, defaults)
{
  parse("");
  cr_assert(is_default());
  cr_assert_str_eq(complaints, "");
  cr_assert_not(o.stats_at_exit);
  cr_assert_str_eq(o.report_file, "");
  cr_assert_eq(o.thread_cache_bytes, 2 << 20);
  cr_assert_eq(o.release_rate, 5);
  cr_assert(o.guards);
  cr_assert_eq(o.kind_mismatch, OPTIONS_MISMATCH_WARN);
  cr_assert_not(o.deepbind_keep);
}

Test(options, all_at_once)
{
  parse("stats_at_exit=1,report_file=/tmp/a=b:c,thread_cache_bytes=64K,release_rate=10,"
        "guards=off,kind_mismatch=abort,deepbind=keep");
  cr_assert_str_eq(complaints, "");
  cr_assert(o.stats_at_exit);
  cr_assert_str_eq(o.report_file, "/tmp/a=b:c");
  cr_assert_eq(o.thread_cache_bytes, 65536);
  cr_assert_eq(o.release_rate, 10);
  cr_assert_not(o.guards);
  cr_assert_eq(o.kind_mismatch, OPTIONS_MISMATCH_ABORT);
  cr_assert(o.deepbind_keep);
}

Test(options, a_choice_is_a_flag_or_whatever_is_found)
{
  parse("");
  cr_assert_eq(o.sandbox, OPTIONS_NO);
  parse("sandbox=1");
  cr_assert_eq(o.sandbox, OPTIONS_YES);
  parse("sandbox=yes,sandbox=off");
  cr_assert_eq(o.sandbox, OPTIONS_NO);
  parse("sandbox=0,sandbox=find");
  cr_assert_eq(o.sandbox, OPTIONS_FIND);
  cr_assert_str_eq(complaints, "");
  parse("sandbox=on,sandbox=maybe");
  cr_assert_eq(o.sandbox, OPTIONS_YES);
  cr_assert_str_neq(complaints, "");
}

Test(options, the_last_of_two_counts_and_empty_items_do_not)
{
  parse(",,release_rate=1,,release_rate=2,");
  cr_assert_str_eq(complaints, "");
  cr_assert_eq(o.release_rate, 2);
}

Test(options, flags)
{
  const char *yes[] = {"1", "yes", "on", "true"};
  const char *no[] = {"0", "no", "off", "false"};
  for (int i = 0; i < 4; i++) {
    char text[64] = "stats_at_exit=";
    strcat(text, yes[i]);
    parse(text);
    cr_assert(o.stats_at_exit);
    strcpy(text, "guards=");
    strcat(text, no[i]);
    parse(text);
    cr_assert_not(o.guards);
  }
}

Test(options, sizes)
{
  struct {
    const char *text;
    uint64_t bytes;
  } good[] = {{"thread_cache_bytes=16384", 16384},    {"thread_cache_bytes=16k", 16384},
              {"thread_cache_bytes=3M", 3 << 20},     {"thread_cache_bytes=1G", 1 << 30},
              {"thread_cache_bytes=1m", 1 << 20},     {"thread_cache_bytes=1073741824", 1 << 30},
              {"thread_cache_bytes=000016K", 16384},  {"thread_cache_bytes=2MB", 2 << 20},
              {"thread_cache_bytes=64kb", 65536},     {"thread_cache_bytes=1GiB", 1 << 30},
              {"thread_cache_bytes= 3MiB\t", 3 << 20}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    parse(good[i].text);
    cr_assert_str_eq(complaints, "");
    cr_assert_eq(o.thread_cache_bytes, good[i].bytes, "%s", good[i].text);
  }
}

/* Each has no effect, and is named. */
Test(options, what_is_not_understood_is_named)
{
  const char *bad[] = {"nosuch=1",
                       "validate=0",
                       "guards",
                       "guards=",
                       "guards=2",
                       "guards=ONE",
                       "=1",
                       "=",
                       "GUARDS=0",
                       "gua rds=0",
                       "guards=0 0",
                       "kind_mismatch=",
                       "kind_mismatch=1",
                       "kind_mismatch=aborts",
                       "kind_mismatch_abort=warn",
                       "deepbind=1",
                       "deepbind=",
                       "guard=0",
                       "guardss=0",
                       "release_rate=11",
                       "release_rate=-1",
                       "release_rate=",
                       "release_rate=1x",
                       "release_rate=18446744073709551617",
                       "thread_cache_bytes=0",
                       "thread_cache_bytes=16383",
                       "thread_cache_bytes=1073741825",
                       "thread_cache_bytes=2G",
                       "thread_cache_bytes=18014398509481985K",
                       "thread_cache_bytes=17179869185G",
                       "thread_cache_bytes=18446744073709551616",
                       "thread_cache_bytes=18446744073709617152",
                       "thread_cache_bytes=K",
                       "thread_cache_bytes=1KK",
                       "thread_cache_bytes=65536B",
                       "thread_cache_bytes=64Ki",
                       "thread_cache_bytes=64iB",
                       "thread_cache_bytes=64KBB",
                       "thread_cache_bytes=KiB",
                       "thread_cache_bytes=B",
                       "thread_cache_bytes=64 K",
                       "thread_cache_bytes=0x10000",
                       "thread_cache_bytes="};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    parse(bad[i]);
    cr_assert(is_default(), "%s", bad[i]);
    cr_assert_eq(strncmp(complaints, "ashlar: warning: ASHLAR_OPTIONS: ", 33), 0, "%s", bad[i]);
    cr_assert_neq((size_t)strstr(complaints, bad[i]), 0, "%s", bad[i]);
    cr_assert_eq(complaints[strlen(complaints) - 1], '\n');
  }
}

Test(options, blanks_around_names_and_values_do_not_count)
{
  static const char *const good[] = {" guards=0", "guards =0", "guards=0 ", "\tguards\t=\t0\t",
                                     "  ,  guards = no  , "};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    parse(good[i]);
    cr_assert_str_eq(complaints, "", "%s", good[i]);
    cr_assert_not(o.guards, "%s", good[i]);
  }
  parse(" report_file = /tmp/a file , release_rate=2");
  cr_assert_str_eq(complaints, "");
  cr_assert_str_eq(o.report_file, "/tmp/a file");
  cr_assert_eq(o.release_rate, 2);
}

Test(options, kind_mismatch)
{
  static const struct {
    const char *text;
    enum options_mismatch is;
  } good[] = {{"kind_mismatch=allow", OPTIONS_MISMATCH_ALLOW},
              {"kind_mismatch=warn", OPTIONS_MISMATCH_WARN},
              {"kind_mismatch=abort", OPTIONS_MISMATCH_ABORT},
              {"kind_mismatch_abort=0", OPTIONS_MISMATCH_WARN},
              {"kind_mismatch_abort=yes", OPTIONS_MISMATCH_ABORT},
              {"kind_mismatch=allow,kind_mismatch_abort=1", OPTIONS_MISMATCH_ABORT},
              {"kind_mismatch_abort=1,kind_mismatch=allow", OPTIONS_MISMATCH_ALLOW}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    parse(good[i].text);
    cr_assert_str_eq(complaints, "", "%s", good[i].text);
    cr_assert_eq(o.kind_mismatch, good[i].is, "%s", good[i].text);
  }
}

Test(options, deepbind)
{
  parse("deepbind=keep");
  cr_assert(o.deepbind_keep);
  parse("deepbind=keep,deepbind=drop");
  cr_assert_not(o.deepbind_keep);
  cr_assert_str_eq(complaints, "");
}

Test(options, one_bad_item_spoils_no_other)
{
  parse("release_rate=3,x=y,stats_at_exit=1");
  cr_assert_eq(o.release_rate, 3);
  cr_assert(o.stats_at_exit);
  cr_assert_str_eq(complaints, "ashlar: warning: ASHLAR_OPTIONS: unknown option 'x=y'\n");
}

Test(options, complaints_are_short_and_printable)
{
  parse("a\x1b[31m\n\xff=1");
  cr_assert_str_eq(complaints, "ashlar: warning: ASHLAR_OPTIONS: unknown option 'a?[31m?\?=1'\n");
  char text[5000];
  memset(text, 'n', sizeof text);
  text[sizeof text - 1] = '\0';
  parse(text);
  cr_assert_lt(strlen(complaints), 128);
  for (size_t i = 1; i < sizeof text - 1; i += 2) {
    text[i] = ',';
  }
  parse(text); /* more complaints than fit */
  cr_assert_eq(strlen(complaints), sizeof complaints - 1);
}

Test(options, a_path_fits_or_is_refused)
{
  char text[OPTIONS_PATH_BYTES + 32] = "report_file=";
  size_t before = strlen(text);
  memset(text + before, 'p', OPTIONS_PATH_BYTES - 1);
  parse(text);
  cr_assert_str_eq(complaints, "");
  cr_assert_eq(strlen(o.report_file), OPTIONS_PATH_BYTES - 1);
  text[before + OPTIONS_PATH_BYTES - 1] = 'p';
  parse(text);
  cr_assert(is_default());
  cr_assert_neq(strlen(complaints), 0);
}

/* Whatever bytes come: what results is inside its bounds. */
Test(options, any_text_is_survived)
{
  static const char alphabet[] = "=,,0189KMG\xff\n aguards=0,release_rate=thread_cache_bytes=";
  uint64_t x = 88172645463325252u;
  for (int round = 0; round < 200000; round++) {
    char text[96];
    size_t length = 0;
    while (length < sizeof text - 24) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      static const char *const words[] = {
          "guards=", "release_rate=", "thread_cache_bytes=", "report_file="};
      if (x % 5 == 0) {
        strcpy(text + length, words[(x >> 8) % 4]);
        length += strlen(words[(x >> 8) % 4]);
      } else if (x % 31 == 0) {
        break;
      } else {
        text[length++] = alphabet[(x >> 8) % (sizeof alphabet - 1)];
      }
    }
    text[length] = '\0';
    parse(text);
    cr_assert_geq(o.thread_cache_bytes, OPTIONS_MIN_THREAD_CACHE);
    cr_assert_leq(o.thread_cache_bytes, OPTIONS_MAX_THREAD_CACHE);
    cr_assert_leq(o.release_rate, OPTIONS_MAX_RELEASE_RATE);
    cr_assert_neq((size_t)memchr(o.report_file, '\0', sizeof o.report_file), 0);
  }
}

/* ---- the environment ------------------------------------------------------------ */

static char *given[] = {"X=1", "ASHLAR_OPTIONSX=release_rate=9", "ASHLAR_OPTIONS=release_rate=7",
                        "ASHLAR_OPTIONS=release_rate=8", NULL};

Test(options, start_takes_the_environment_once)
{
  environ = given;
  cr_assert_eq(options()->release_rate, 5);
  options_start();
  cr_assert_eq(options()->release_rate, 7);
  given[2] = "ASHLAR_OPTIONS=release_rate=1";
  options_start();
  cr_assert_eq(options()->release_rate, 7);
}

Test(options, start_waits_for_the_environment)
{
  environ = NULL;
  options_start();
  cr_assert_eq(options()->release_rate, 5);
  environ = given;
  options_start();
  cr_assert_eq(options()->release_rate, 7);
}

Test(options, start_takes_nothing_with_raised_privileges)
{
  environ = given;
  secure = 1;
  options_start();
  cr_assert_eq(options()->release_rate, 5);
  secure = 0;
  options_start();
  cr_assert_eq(options()->release_rate, 5);
}
