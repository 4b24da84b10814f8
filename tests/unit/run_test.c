/* Children as tasks: beside others, within a deadline, and without a trace. */
#include "../../core/net/run.h"
#include "unit.h"
#include "valgrind.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static lun_loop *loop;
static struct lun_error error;

static int make_loop(void **state)
{
  memset(&error, 0, sizeof(error));
  return make_ctx(state) || lun_loop_new(&loop, ctx, NULL) ? -1 : 0;
}

/* No test leaves a child behind, not even a zombie. */
static int free_loop(void **state)
{
  lun_loop_free(loop);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  return free_ctx(state);
}

#define RUN(function)                                                          \
  cmocka_unit_test_setup_teardown(function, make_loop, free_loop)

static int64_t now(void)
{
  return lun_clock_mono_ms(ctx);
}

/* Begins a script; with a deadline in MS, 0: none. */
static void begin(struct lun_run *run, const char *script, int64_t ms)
{
  const char *const argv[] = {"sh", "-c", script, NULL};
  struct lun_spawn_options options = {.argv = argv, .errors = true};

  lun_run_init(run);
  assert_int_equal(lun_run_start(run, loop, &options, false,
                                 ms == 0 ? 0 : now() + ms, &error),
                   LUN_OK);
}

static enum lun_code finish(struct lun_run *run)
{
  return lun_loop_run(loop, &run->task, &error);
}

static bool gone(pid_t pid)
{
  int64_t until = now() + 10000;

  while (kill(pid, 0) == 0 && now() < until)
    (void)usleep(1000); /* an orphan is reaped by somebody else */
  return kill(pid, 0) != 0;
}

/* ---------------------------------------------------------------- tests -- */

static void ends(void **state)
{
  struct lun_run run;

  (void)state;
  begin(&run, "echo out; echo err >&2; exit 3", 0);
  assert_int_equal(getpgid(lun_child_pid(run.child)), lun_child_pid(run.child));
  assert_int_equal(finish(&run), LUN_OK);
  assert_true(run.end.ended);
  assert_int_equal(run.end.status, 3);
  assert_string_equal(lun_child_output(run.child, NULL).ptr, "out\n");
  assert_string_equal(lun_child_errors(run.child).ptr, "err\n");
  lun_run_done(&run);
  assert_null(run.child);
  begin(&run, "kill -TERM $$", 0);
  assert_int_equal(finish(&run), LUN_OK);
  assert_int_equal(run.end.signal, SIGTERM);
  lun_run_done(&run);
  begin(&run, "exec >&- 2>&-; sleep 0.05", 0); /* nothing to hear any more */
  assert_int_equal(finish(&run), LUN_OK);
  lun_run_done(&run);
  lun_run_done(&run);
}

static void input_and_output(void **state)
{
  static char big[300000];
  const char *const argv[] = {"cat", NULL};
  struct lun_spawn_options options = {
      .argv = argv, .input = {big, sizeof(big)}, .limit = sizeof(big)};
  struct lun_run run;

  (void)state;
  lun_run_init(&run);
  assert_int_equal(lun_run_start(&run, loop, &options, false, 0, &error),
                   LUN_OK);
  assert_int_equal(finish(&run), LUN_OK);
  assert_int_equal(lun_child_output(run.child, NULL).len, sizeof(big));
  options.limit = 1000;
  options.whole = true; /* too much: killed */
  assert_int_equal(lun_run_start(&run, loop, &options, false, 0, &error),
                   LUN_OK);
  assert_int_equal(finish(&run), LUN_OK);
  assert_int_equal(run.end.signal, SIGKILL);
  lun_run_done(&run);
}

/* The time that several take is that of the longest. */
static void several_at_once(void **state)
{
  struct lun_run runs[8];
  int64_t before = now();
  size_t i = 0;

  (void)state;
  for (i = 0; i < 8; i++)
    begin(&runs[i], "sleep 0.5", 0);
  for (i = 0; i < 8; i++) {
    assert_int_equal(finish(&runs[i]), LUN_OK);
    lun_run_done(&runs[i]);
  }
  assert_in_range(now() - before, 500, 3900);
}

static void deadline(void **state)
{
  struct lun_run run;
  int64_t before = now();
  pid_t grandchild = 0;

  (void)state;
  begin(&run, "sleep 60 & echo $!; echo 'Enter MFA code:' >&2; wait", 300);
  assert_int_equal(finish(&run), LUN_EDEADLINE);
  assert_in_range(now() - before, 300, 10000);
  assert_non_null(
      strstr(error.message, " ms passed while waiting for 'sh' to end"));
  assert_true(run.end.ended);
  assert_int_equal(run.end.signal, SIGKILL);
  assert_string_equal(lun_child_errors(run.child).ptr, "Enter MFA code:\n");
  grandchild = (pid_t)strtol(lun_child_output(run.child, NULL).ptr, NULL, 10);
  assert_true(grandchild > 0);
  assert_true(gone(grandchild));
  lun_run_done(&run);
}

static void stopped(void **state)
{
  struct lun_run run;
  pid_t pid = 0;

  (void)state;
  begin(&run, "sleep 60", 0);
  pid = lun_child_pid(run.child);
  lun_run_done(&run);
  assert_int_equal(kill(pid, 0), -1);
  begin(&run, "sleep 60", 0);
  pid = lun_child_pid(run.child);
  lun_task_stop(&run.task); /* what it said could still be looked at */
  assert_int_equal(kill(pid, 0), -1);
  assert_non_null(run.child);
  lun_run_done(&run);
}

/* What was started with it ends when it is started again, or its loop ends. */
static void started_again(void **state)
{
  const char *const argv[] = {"sleep", "60", NULL};
  struct lun_spawn_options options = {.argv = argv};
  struct lun_run run;
  lun_loop *mine = NULL;
  pid_t first = 0;
  pid_t second = 0;

  (void)state;
  lun_run_init(&run);
  assert_int_equal(lun_loop_new(&mine, ctx, NULL), LUN_OK);
  assert_int_equal(lun_run_start(&run, mine, &options, false, 0, &error),
                   LUN_OK);
  first = lun_child_pid(run.child);
  assert_int_equal(lun_run_start(&run, mine, &options, false, 0, &error),
                   LUN_OK);
  second = lun_child_pid(run.child);
  assert_int_equal(kill(first, 0), -1);
  assert_int_equal(kill(second, 0), 0);
  lun_loop_free(mine);
  assert_int_equal(kill(second, 0), -1);
  lun_run_done(&run);
}

static void not_found(void **state)
{
  const char *const argv[] = {"lunette-no-such-command", NULL};
  struct lun_spawn_options options = {.argv = argv};
  struct lun_run run;

  (void)state;
  if (under_valgrind())
    skip();
  lun_run_init(&run);
  assert_int_equal(lun_run_start(&run, loop, &options, false, 0, &error),
                   LUN_EFILE);
  assert_null(run.child);
  lun_run_done(&run);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code run_once(struct lun_error *err)
{
  const char *const argv[] = {"sh", "-c", "cat; echo err >&2", NULL};
  struct lun_spawn_options options = {
      .argv = argv, .input = LUN_SPAN_LIT("canary"), .errors = true};
  struct lun_run run;
  lun_loop *mine = NULL;
  enum lun_code rc = lun_loop_new(&mine, ctx, err);

  lun_run_init(&run);
  if (!rc)
    rc = lun_run_start(&run, mine, &options, false, 0, err);
  if (!rc)
    rc = lun_loop_run(mine, &run.task, err);
  lun_run_done(&run);
  lun_loop_free(mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  sweep(run_once);
}

/* ------------------------------------------------------------ old kernel -- */

/* From here on this process has no pidfds. */
static bool refuse_pidfds(void)
{
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};

  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void without_pidfds(void **state)
{
  struct lun_run run;

  (void)state;
  if (!refuse_pidfds())
    skip();
  begin(&run, "exec >&- 2>&-; sleep 0.1; exit 3", 20000);
  assert_int_equal(lun_child_fd(run.child), -1);
  assert_int_equal(finish(&run), LUN_OK);
  assert_int_equal(run.end.status, 3);
  lun_run_done(&run);
  begin(&run, "sleep 60", 50);
  assert_int_equal(finish(&run), LUN_EDEADLINE);
  lun_run_done(&run);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      RUN(ends),
      RUN(input_and_output),
      RUN(several_at_once),
      RUN(deadline),
      RUN(stopped),
      RUN(started_again),
      RUN(not_found),
      RUN(every_allocation_fails_once),
      RUN(without_pidfds), /* the last: it cannot be undone */
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
