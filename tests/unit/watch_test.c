/*
 * Tasks that wait for descriptors: each test in a loop that waits by itself,
 * and in one whose waiting is libcurl's.
 */
#include "../../core/net/http.h"
#include "server.h"
#include "unit.h"

#include <fcntl.h>

#define PIPES 60

static lun_loop *loop;
static struct lun_error error;

/* A task that watches the first end of its pipe. */
struct watcher {
  struct lun_task task;
  int ends[2];
  short events;
  int rounds; /* it ends when it has been woken so often */
  int steps;
  int cancelled;
};

static enum lun_step watch(struct lun_task *task)
{
  struct watcher *watcher = (struct watcher *)(void *)task;

  if (watcher->steps++ == watcher->rounds)
    return lun_task_end(task, LUN_OK, NULL);
  lun_task_watch(task, watcher->ends[0], watcher->events);
  return LUN_STEP_WAIT;
}

static void cancel(struct lun_task *task)
{
  ((struct watcher *)(void *)task)->cancelled++;
}

static struct watcher make_watcher(short events)
{
  struct watcher watcher = {
      .task.step = watch, .task.cancel = cancel, .events = events, .rounds = 1};

  assert_int_equal(pipe2(watcher.ends, O_CLOEXEC), 0);
  return watcher;
}

static void close_ends(struct watcher *watcher)
{
  (void)close(watcher->ends[0]);
  (void)close(watcher->ends[1]);
}

static void say(const struct watcher *watcher)
{
  assert_int_equal(write(watcher->ends[1], "x", 1), 1);
}

static int64_t now(void)
{
  return lun_clock_mono_ms(ctx);
}

/* Runs a task of its own for so long, and whatever else there is. */
static void run_for(int64_t ms)
{
  struct watcher clock = {.task.step = watch, .ends = {-1, -1}, .rounds = 1};

  lun_task_start(loop, &clock.task, now() + ms);
  assert_int_equal(lun_loop_run(loop, &clock.task, &error), LUN_EDEADLINE);
  assert_int_equal(clock.steps, 1);
}

/* ---------------------------------------------------------------- tests -- */

static void readable(void **state)
{
  struct watcher watcher = make_watcher(POLLIN);

  (void)state;
  lun_task_start(loop, &watcher.task, 0);
  run_for(30);
  assert_int_equal(watcher.steps, 1);
  say(&watcher);
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_OK);
  assert_int_equal(watcher.steps, 2);
  close_ends(&watcher);
}

static void writable(void **state)
{
  struct watcher watcher = make_watcher(POLLOUT);
  int ends[2] = {watcher.ends[1], watcher.ends[0]};
  char block[4096] = "";

  (void)state;
  memcpy(watcher.ends, ends, sizeof(ends));
  assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  while (write(ends[0], block, sizeof(block)) > 0)
    continue;
  lun_task_start(loop, &watcher.task, 0);
  run_for(30);
  assert_int_equal(watcher.steps, 1);
  while (read(ends[1], block, sizeof(block)) == (ssize_t)sizeof(block) &&
         poll(&(struct pollfd){ends[1], POLLIN, 0}, 1, 0) == 1)
    continue;
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_OK);
  close_ends(&watcher);
}

/* Nothing to read, and never again: libcurl has no word for that. */
static void hung_up(void **state)
{
  struct watcher watcher = make_watcher(POLLIN);

  (void)state;
  (void)close(watcher.ends[1]);
  watcher.ends[1] = -1;
  lun_task_start(loop, &watcher.task, now() + 20000);
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_OK);
  assert_int_equal(watcher.steps, 2);
  close_ends(&watcher);
}

/* A descriptor that is none wakes its task, which then finds that out. */
static void not_open(void **state)
{
  struct watcher watcher = make_watcher(POLLIN);

  (void)state;
  close_ends(&watcher);
  lun_task_start(loop, &watcher.task, now() + 20000);
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_OK);
}

static void deadline(void **state)
{
  struct watcher watcher = make_watcher(POLLIN);
  int64_t before = now();

  (void)state;
  lun_task_start(loop, &watcher.task, before + 60);
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_EDEADLINE);
  assert_in_range(now() - before, 60, 10000);
  assert_int_equal(watcher.cancelled, 1);
  assert_int_equal(watcher.task.nwatched, 0);
  close_ends(&watcher);
}

/* A step that asks for nothing more is not stepped for what it asked once. */
static void over_with_the_step(void **state)
{
  struct watcher watcher = make_watcher(POLLIN);

  (void)state;
  say(&watcher);
  watcher.rounds = 3; /* it does not read what is there */
  lun_task_start(loop, &watcher.task, 0);
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_OK);
  assert_int_equal(watcher.steps, 4);
  watcher.steps = 0;
  watcher.ends[0] = -watcher.ends[0]; /* no descriptor: asked for no more */
  lun_task_start(loop, &watcher.task, 0);
  run_for(20);
  assert_int_equal(watcher.steps, 1);
  lun_task_stop(&watcher.task);
  watcher.ends[0] = -watcher.ends[0];
  close_ends(&watcher);
}

static void stopped(void **state)
{
  struct watcher one = make_watcher(POLLIN);
  struct watcher two = make_watcher(POLLIN);

  (void)state;
  lun_task_start(loop, &one.task, 0);
  lun_task_start(loop, &two.task, 0);
  run_for(5);
  lun_task_stop(&one.task);
  assert_int_equal(one.cancelled, 1);
  say(&one);
  say(&two);
  assert_int_equal(lun_loop_run(loop, &two.task, &error), LUN_OK);
  assert_int_equal(one.steps, 1);
  close_ends(&one);
  close_ends(&two);
}

static void many(void **state)
{
  static struct watcher watchers[PIPES];
  int i = 0;

  (void)state;
  for (i = 0; i < PIPES; i++) {
    watchers[i] = make_watcher(POLLIN);
    lun_task_start(loop, &watchers[i].task, 0);
  }
  run_for(5);
  for (i = PIPES - 1; i >= 0; i -= 7) {
    say(&watchers[i]);
    assert_int_equal(lun_loop_run(loop, &watchers[i].task, &error), LUN_OK);
  }
  for (i = 0; i < PIPES; i++) {
    assert_int_equal(watchers[i].steps, (PIPES - 1 - i) % 7 == 0 ? 2 : 1);
    lun_task_stop(&watchers[i].task);
    close_ends(&watchers[i]);
  }
}

/* --------------------------------------------------- several descriptors -- */

struct several {
  struct lun_task task;
  int fds[LUN_WATCH_MAX + 1];
  int steps;
};

static enum lun_step watch_several(struct lun_task *task)
{
  struct several *several = (struct several *)(void *)task;
  size_t i = 0;

  if (several->steps++ == 1)
    return lun_task_end(task, LUN_OK, NULL);
  for (i = 0; i < LUN_WATCH_MAX + 1; i++)
    lun_task_watch(task, several->fds[i], POLLIN);
  return LUN_STEP_WAIT;
}

/* Any one of them does, and one that is none takes no room. */
static void several_at_once(void **state)
{
  struct several several = {.task.step = watch_several};
  struct watcher pipes[LUN_WATCH_MAX];
  size_t i = 0;

  (void)state;
  several.fds[0] = -1;
  for (i = 0; i < LUN_WATCH_MAX; i++) {
    pipes[i] = make_watcher(POLLIN);
    several.fds[i + 1] = pipes[i].ends[0];
  }
  for (i = 0; i < LUN_WATCH_MAX; i++) {
    several.steps = 0;
    lun_task_start(loop, &several.task, 0);
    run_for(5);
    assert_int_equal(several.steps, 1);
    say(&pipes[i]);
    assert_int_equal(lun_loop_run(loop, &several.task, &error), LUN_OK);
    assert_int_equal(read(pipes[i].ends[0], &(char){0}, 1), 1);
  }
  for (i = 0; i < LUN_WATCH_MAX; i++)
    close_ends(&pipes[i]);
}

/* ---------------------------------------------------------- two at once -- */

/* A transfer that hangs holds nobody up, nor does a pipe hold a transfer. */
static void beside_a_transfer(void **state)
{
  const struct answer script[] = {{HANG, NULL}};
  struct answer quick[] = {{SEND_IT, answer_text(200, "", "here")}};
  struct watcher watcher = make_watcher(POLLIN);
  struct watcher silent = make_watcher(POLLIN);
  struct lun_http_request request = {.method = "GET"};
  struct lun_http hanging;
  struct lun_http answered;
  struct server servers[2];

  (void)state;
  server_start(&servers[0], script, 1);
  server_start(&servers[1], quick, 1);
  lun_http_init(&hanging, ctx);
  lun_http_init(&answered, ctx);
  request.url = servers[0].url;
  assert_int_equal(lun_http_start(&hanging, loop, &request, 0, &error), LUN_OK);
  lun_task_start(loop, &watcher.task, 0);
  lun_task_start(loop, &silent.task, 0);
  run_for(20);
  say(&watcher);
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_OK);
  request.url = servers[1].url;
  assert_int_equal(lun_http_start(&answered, loop, &request, 0, &error),
                   LUN_OK);
  assert_int_equal(lun_loop_run(loop, &answered.task, &error), LUN_OK);
  assert_span(lun_buf_view(&answered.body), "here");
  assert_int_equal(silent.steps, 1);
  lun_task_stop(&silent.task);
  lun_http_done(&hanging);
  lun_http_done(&answered);
  server_stop(&servers[0]);
  server_stop(&servers[1]);
  close_ends(&watcher);
  close_ends(&silent);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code watch_once(struct lun_error *err)
{
  struct watcher watcher = make_watcher(POLLIN);
  lun_loop *mine = NULL;
  enum lun_code rc = lun_loop_new(&mine, ctx, err);

  say(&watcher);
  if (!rc) {
    lun_task_start(mine, &watcher.task, 0);
    rc = lun_loop_run(mine, &watcher.task, err);
    lun_task_stop(&watcher.task);
  }
  lun_loop_free(mine);
  close_ends(&watcher);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  sweep(watch_once);
}

/* As it was, the loop goes on once there is memory again. */
static void no_memory_for_libcurl(void **state)
{
  struct watcher watcher = make_watcher(POLLIN);

  (void)state;
  lun_task_start(loop, &watcher.task, 0);
  run_for(1);
  say(&watcher);
  ctx->account.fail_after = 0;
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error),
                   *state == NULL ? LUN_OK : LUN_ENOMEM);
  ctx->account.fail_after = -1;
  assert_int_equal(lun_loop_run(loop, &watcher.task, &error), LUN_OK);
  close_ends(&watcher);
}

/* ----------------------------------------------------------------- loops -- */

static int plain_loop(void **state)
{
  return make_ctx(state) || lun_loop_new(&loop, ctx, NULL) ? -1 : 0;
}

/* A loop gets its driver with its first request. */
static int driven_loop(void **state)
{
  struct lun_http_request request = {.method = "GET",
                                     .url = "http://127.0.0.1:1/"};
  struct lun_http http;

  if (plain_loop(state))
    return -1;
  lun_http_init(&http, ctx);
  if (lun_http_start(&http, loop, &request, 0, NULL))
    return -1;
  lun_http_done(&http);
  return lun_loop_driver(loop)->turn == NULL ? -1 : 0;
}

static int free_loop(void **state)
{
  lun_loop_free(loop);
  return free_ctx(state);
}

#define LOOPS(function)                                                        \
  {#function, function, plain_loop, free_loop, NULL},                          \
  {                                                                            \
#function " (libcurl)", function, driven_loop, free_loop, &loop            \
  }

int main(void)
{
  const struct CMUnitTest tests[] = {
      LOOPS(readable),
      LOOPS(writable),
      LOOPS(hung_up),
      LOOPS(not_open),
      LOOPS(deadline),
      LOOPS(over_with_the_step),
      LOOPS(stopped),
      LOOPS(many),
      LOOPS(several_at_once),
      LOOPS(beside_a_transfer),
      LOOPS(no_memory_for_libcurl),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
