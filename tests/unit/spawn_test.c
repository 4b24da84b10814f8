/* Children: what they are given, what they say, how they end. */
#include "../../core/os/spawn.h"

#include "../../core/base/clock.h"
#include "valgrind.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static lun_ctx *ctx;
static struct lun_error error;

static int set_up(void **state)
{
  (void)state;
  memset(&error, 0, sizeof(error));
  return (int)lun_ctx_new(&ctx, NULL);
}

static int tear_down(void **state)
{
  (void)state;
  assert_int_equal(ctx->account.live_blocks, 0);
  lun_ctx_free(ctx);
  return 0;
}

static lun_child *sh(const char *script, struct lun_spawn_options options)
{
  const char *const argv[] = {"sh", "-c", script, NULL};
  lun_child *child = NULL;

  options.argv = argv;
  assert_int_equal(lun_child_new(&child, ctx, &options, &error), LUN_OK);
  return child;
}

/* Runs a script to its end, checks its output, gives its status; of one that
 * a signal ended, less than 0. */
static int says(const char *script, struct lun_spawn_options options,
                const char *want)
{
  lun_child *child = sh(script, options);
  struct lun_child_end end = {.ended = false};

  assert_int_equal(lun_child_wait(child, 20000, -1, &end, &error), LUN_OK);
  assert_true(end.ended);
  assert_false(end.stopped);
  if (want != NULL)
    assert_string_equal(lun_child_output(child, NULL).ptr, want);
  lun_child_free(child);
  return end.signal != 0 ? -end.signal : end.status;
}

static void statuses(void **state)
{
  struct lun_spawn_options plain = {.argv = NULL};

  (void)state;
  assert_int_equal(says("exit 0", plain, ""), 0);
  assert_int_equal(says("exit 3", plain, ""), 3);
  assert_int_equal(says("kill -TERM $$", plain, ""), -SIGTERM);
  assert_int_equal(says("exit 143", plain, ""), 143);
  assert_int_equal(says("exit 255", plain, ""), 255);
  assert_int_equal(says("echo out; echo err >&2", plain, "out\nerr\n"), 0);
}

static void input(void **state)
{
  static char big[300000];
  struct lun_spawn_options some = {.input = LUN_SPAN_LIT("canary-in\n")};
  struct lun_spawn_options lots = {.input = {big, sizeof(big)}};
  struct lun_spawn_options none = {.argv = NULL};

  (void)state;
  memset(big, 'x', sizeof(big));
  assert_int_equal(says("cat", some, "canary-in\n"), 0);
  assert_int_equal(says("cat", none, ""), 0);
  assert_int_equal(says("wc -c | tr -d ' '", lots, "300000\n"), 0);
  /* One that does not want to hear it: no SIGPIPE for us. */
  assert_int_equal(says("exec <&-; sleep 0.1; exit 4", lots, ""), 4);
  assert_int_equal(says("exit 5", lots, ""), 5);
}

static void output_is_capped(void **state)
{
  struct lun_spawn_options plain = {.argv = NULL};
  struct lun_spawn_options more = {.limit = 100000};
  struct lun_spawn_options whole = {
      .limit = 100000, .whole = true, .own_group = true};
  lun_child *child = sh("head -c 1000000 /dev/zero | tr '\\0' y", plain);
  struct lun_child_end end = {.ended = false};
  bool cut = false;

  (void)state;
  assert_int_equal(lun_child_wait(child, 20000, -1, &end, &error), 0);
  assert_true(end.ended);
  assert_int_equal(end.status, 0);
  assert_int_equal(lun_child_output(child, &cut).len, 64 << 10);
  assert_true(cut);
  lun_child_free(child);
  child = sh("head -c 100000 /dev/zero", more);
  assert_int_equal(lun_child_wait(child, 20000, -1, &end, &error), 0);
  assert_int_equal(lun_child_output(child, &cut).len, 100000);
  assert_false(cut);
  lun_child_free(child);
  child = sh("yes", whole); /* for ever */
  assert_int_equal(lun_child_wait(child, 20000, -1, &end, &error), 0);
  assert_int_equal(end.signal, SIGKILL);
  assert_int_equal(lun_child_output(child, &cut).len, 100000);
  assert_true(cut);
  lun_child_free(child);
}

/* Standard error apart; of much, what was said last. */
static void errors_apart(void **state)
{
  struct lun_spawn_options apart = {.errors = true};
  lun_child *child = sh("echo out; echo err >&2", apart);
  struct lun_child_end end = {.ended = false};
  bool cut = true;

  (void)state;
  assert_int_equal(lun_child_wait(child, 20000, -1, &end, &error), 0);
  assert_string_equal(lun_child_output(child, &cut).ptr, "out\n");
  assert_false(cut);
  assert_string_equal(lun_child_errors(child).ptr, "err\n");
  lun_child_free(child);
  child = sh("head -c 300000 /dev/zero >&2; printf 'the last' >&2", apart);
  assert_int_equal(lun_child_wait(child, 20000, -1, &end, &error), 0);
  assert_int_equal(end.status, 0);
  assert_int_equal(lun_child_output(child, &cut).len, 0);
  assert_false(cut);
  assert_int_equal(lun_child_errors(child).len, LUN_CHILD_ERRORS);
  assert_string_equal(lun_child_errors(child).ptr + LUN_CHILD_ERRORS - 8,
                      "the last");
  lun_child_free(child);
}

/* One turn at a time, with the waiting done by who runs it. */
static void turn_by_turn(void **state)
{
  static char big[300000];
  struct lun_spawn_options lots = {
      .input = {big, sizeof(big)}, .limit = sizeof(big), .errors = true};
  lun_child *child = sh("cat; exec >&-; sleep 0.1; exit 3", lots);
  struct lun_child_end end = {.ended = false};
  int64_t before = lun_clock_mono_ms(ctx);
  int turns = 0;

  (void)state;
  memset(big, 'x', sizeof(big)); /* the child's copy stays */
  assert_int_equal(lun_child_wait(child, 0, -1, &end, &error), 0);
  assert_false(end.ended);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 0, 90);
  while (!end.ended) {
    struct pollfd fds[LUN_CHILD_FDS];
    size_t count = lun_child_fds(child, fds);

    assert_in_range(count, 1, LUN_CHILD_FDS);
    assert_in_range(turns++, 0, 10000);
    assert_in_range(poll(fds, count, 20000), 1, LUN_CHILD_FDS);
    assert_int_equal(lun_child_wait(child, 0, -1, &end, &error), 0);
  }
  assert_int_equal(end.status, 3);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 100, 20000);
  assert_int_equal(lun_child_output(child, NULL).len, sizeof(big));
  lun_child_free(child);
}

static void stopped(void **state)
{
  struct lun_spawn_options grouped = {.own_group = true};
  lun_child *child = sh("sleep 60", grouped);
  struct lun_child_end end = {.ended = true};
  int ends[2] = {-1, -1};

  (void)state;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(lun_child_wait(child, 50, ends[0], &end, &error), 0);
  assert_false(end.ended);
  assert_false(end.stopped);
  assert_int_equal(write(ends[1], "x", 1), 1);
  assert_int_equal(lun_child_wait(child, 20000, ends[0], &end, &error), 0);
  assert_false(end.ended);
  assert_true(end.stopped);
  lun_child_kill(child, SIGTERM);
  assert_int_equal(lun_child_wait(child, 20000, -1, &end, &error), 0);
  assert_true(end.ended);
  assert_false(end.stopped);
  lun_child_free(child);
  (void)close(ends[0]);
  (void)close(ends[1]);
}

static void environment(void **state)
{
  static const char *const own[] = {"ONLY=this", "PATH=/usr/bin:/bin", NULL};
  struct lun_spawn_options plain = {.argv = NULL};
  struct lun_spawn_options given = {.env = own};

  (void)state;
  (void)setenv("AWS_SECRET_ACCESS_KEY", "canary", 1);
  (void)setenv("AWS_PROFILE", "canary", 1);
  (void)setenv("SSLKEYLOGFILE", "/nonexistent", 1);
  (void)setenv("https_proxy", "http://me:canary@proxy.invalid", 1);
  (void)setenv("no_proxy", "kept.invalid", 1);
  assert_int_equal(says("env | grep -c -e canary -e SSLKEY", plain, "0\n"), 1);
  assert_int_equal(says("echo $no_proxy", plain, "kept.invalid\n"), 0);
  assert_int_equal(says("echo $ONLY $no_proxy", given, "this\n"), 0);
  (void)unsetenv("AWS_SECRET_ACCESS_KEY");
  (void)unsetenv("AWS_PROFILE");
  (void)unsetenv("SSLKEYLOGFILE");
  (void)unsetenv("https_proxy");
  (void)unsetenv("no_proxy");
}

static void descriptors_and_signals(void **state)
{
  struct lun_spawn_options plain = {.argv = NULL};
  int fd = open("/dev/null", O_RDONLY); /* not close-on-exec */
  sigset_t set;
  sigset_t old;

  (void)state;
  assert_true(fd >= 0);
  /* 3 is the folder that ls reads */
  assert_int_equal(says("ls /proc/self/fd", plain, "0\n1\n2\n3\n"), 0);
  (void)close(fd);
  (void)signal(SIGTERM, SIG_IGN);
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGTERM);
  (void)sigprocmask(SIG_BLOCK, &set, &old);
  assert_int_equal(says("kill -TERM $$; exit 0", plain, ""), -SIGTERM);
  (void)sigprocmask(SIG_SETMASK, &old, NULL);
  (void)signal(SIGTERM, SIG_DFL);
}

static void time_limit_and_group(void **state)
{
  struct lun_spawn_options grouped = {.own_group = true};
  lun_child *child = sh("sleep 60 & echo $!; wait", grouped);
  int64_t before = lun_clock_mono_ms(ctx);
  struct lun_child_end end = {.ended = true};
  int grandchild = 0;

  (void)state;
  assert_int_equal(lun_child_wait(child, 300, -1, &end, &error), 0);
  assert_false(end.ended);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 290, 10000);
  assert_int_equal(getpgid(lun_child_pid(child)), lun_child_pid(child));
  grandchild = (int)strtol(lun_child_output(child, NULL).ptr, NULL, 10);
  assert_int_equal(kill(grandchild, 0), 0);
  lun_child_kill(child, SIGTERM);
  assert_int_equal(lun_child_wait(child, -1, -1, &end, &error), 0);
  assert_true(end.ended);
  assert_int_equal(end.signal, SIGTERM);
  lun_child_kill(child, SIGKILL); /* it has ended: nobody is hit */
  lun_child_free(child);
  lun_child_free(NULL);
}

static void freeing_kills(void **state)
{
  struct lun_spawn_options grouped = {.own_group = true};
  lun_child *child = sh("sleep 60", grouped);
  int pid = lun_child_pid(child);

  (void)state;
  lun_child_free(child);
  assert_int_equal(kill(pid, 0), -1);
  assert_int_equal(errno, ESRCH);
}

/* Who holds the pipe in the background is not waited for. */
static void left_in_the_background(void **state)
{
  struct lun_spawn_options plain = {.argv = NULL};
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  assert_int_equal(says("sleep 3 & echo started", plain, "started\n"), 0);
  assert_int_equal(says("yes & sleep 0.1; kill $! ; echo", plain, NULL), 0);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 0, 2900);
}

static void not_found(void **state)
{
  static const struct {
    const char *program;
    const char *text;
  } bad[] = {{"lunette-no-such-command",
              "command 'lunette-no-such-command' not found in PATH"},
             {"/nonexistent/x", "cannot run '/nonexistent/x': No such file"},
             {"/etc/passwd", "cannot run '/etc/passwd': Permission denied"},
             {"", "the command is empty"}};
  lun_child *child = NULL;
  size_t i = 0;

  (void)state;
  if (under_valgrind())
    skip();
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    const char *const argv[] = {bad[i].program, NULL};
    struct lun_spawn_options options = {.argv = argv};

    assert_int_not_equal(lun_child_new(&child, ctx, &options, &error), LUN_OK);
    assert_non_null(strstr(error.message, bad[i].text));
  }
  assert_null(child);
}

static void every_allocation_fails_once(void **state)
{
  const char *const argv[] = {"sh", "-c", "cat; echo err >&2", NULL};
  struct lun_spawn_options options = {
      .argv = argv, .input = LUN_SPAN_LIT("x"), .errors = true};
  enum lun_code rc = LUN_ENOMEM;
  int n = 0;

  (void)state;
  for (n = 0; rc != LUN_OK; n++) {
    lun_child *child = NULL;
    struct lun_child_end end = {.ended = false};

    assert_in_range(n, 0, 20);
    ctx->account.fail_after = n;
    rc = lun_child_new(&child, ctx, &options, &error);
    if (rc == LUN_OK)
      rc = lun_child_wait(child, 20000, -1, &end, &error);
    ctx->account.fail_after = -1;
    assert_true(rc == LUN_OK || rc == LUN_ENOMEM);
    lun_child_free(child);
  }
}

/* ---------------------------------------------------------------- words -- */

static void splits(const char *line, const char *const *want)
{
  char **words = NULL;
  size_t i = 0;

  assert_int_equal(lun_words_split(&words, ctx, line, &error), LUN_OK);
  for (i = 0; want[i] != NULL; i++)
    assert_string_equal(words[i], want[i]);
  assert_null(words[i]);
  lun_words_free(ctx, words);
}

static void words(void **state)
{
  static const char *const plain[] = {"nginx", "-t", "-c", "%s", NULL};
  static const char *const quoted[] = {"a b", "", "c\"d", "e'f", "x  y", NULL};
  static const char *const escaped[] = {"a b", "$HOME", "\\n", "`x", NULL};
  static const char *const joined[] = {"onetwo three", "*", "~", "#no", NULL};

  (void)state;
  splits("  nginx -t\t-c %s\n", plain);
  splits("'a b' '' 'c\"d' \"e'f\" x'  'y", quoted);
  splits("a\\ b \"\\$HOME\" \"\\n\" \"\\`x\"", escaped);
  splits("one\\\ntwo\" three\" * ~ #no", joined);
  splits("nginx -t \\\n  -c \\\n%s \\\n", plain); /* no word between */
}

static void words_refused(void **state)
{
  static const struct {
    const char *line;
    const char *text;
  } bad[] = {{"", "the command is empty"},
             {" \t", "the command is empty"},
             {"\\\n", "the command is empty"},
             {"a 'b", "a quote without its end at column 3"},
             {"a \"b\\", "a quote without its end at column 3"},
             {"a \\", "a backslash with nothing behind it at column 3"},
             {"a && b", "there is an unquoted '&' at column 3"},
             {"a;b", "there is an unquoted ';' at column 2"},
             {"a >f", "there is an unquoted '>' at column 3"}};
  char **list = NULL;
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(lun_words_split(&list, ctx, bad[i].line, &error),
                     LUN_EINVALID);
    assert_non_null(strstr(error.message, bad[i].text));
  }
  assert_null(list);
  lun_words_free(ctx, NULL);
}

static void words_without_memory(void **state)
{
  enum lun_code rc = LUN_ENOMEM;
  char **list = NULL;
  int n = 0;

  (void)state;
  for (n = 0; rc != LUN_OK; n++) {
    assert_in_range(n, 0, 20);
    ctx->account.fail_after = n;
    rc = lun_words_split(&list, ctx, "one 'two' th\"re\"e", &error);
    ctx->account.fail_after = -1;
    assert_true(rc == LUN_OK || rc == LUN_ENOMEM);
  }
  lun_words_free(ctx, list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(statuses),
      TEST(input),
      TEST(output_is_capped),
      TEST(errors_apart),
      TEST(turn_by_turn),
      TEST(stopped),
      TEST(environment),
      TEST(descriptors_and_signals),
      TEST(time_limit_and_group),
      TEST(freeing_kills),
      TEST(left_in_the_background),
      TEST(not_found),
      TEST(every_allocation_fails_once),
      TEST(words),
      TEST(words_refused),
      TEST(words_without_memory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
