/* Tasks, timers, deadlines; time is the test's own where it matters. */
#include "../../core/net/loop.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static lun_ctx *ctx;
static lun_loop *loop;

/* A task that counts its steps and does what `plan` says. */
struct probe {
  struct lun_task task;
  struct probe *other;
  int64_t sleep_ms;
  int64_t until;
  int steps;
  int cancelled;
  int left; /* steps that wake themselves */
};

static struct probe *probe_of(struct lun_task *task)
{
  return (struct probe *)(void *)task;
}

static enum lun_step finish_at_once(struct lun_task *task)
{
  probe_of(task)->steps++;
  return lun_task_end(task, LUN_OK, NULL);
}

static enum lun_step fail_at_once(struct lun_task *task)
{
  struct lun_error err;

  probe_of(task)->steps++;
  (void)lun_error_set(&err, LUN_ENOTFOUND, "not there");
  return lun_task_end(task, LUN_ENOTFOUND, &err);
}

static enum lun_step sleep_once(struct lun_task *task)
{
  struct probe *probe = probe_of(task);

  probe->steps++;
  if (probe->until == 0)
    probe->until = lun_clock_mono_ms(ctx) + probe->sleep_ms;
  if (lun_clock_mono_ms(ctx) >= probe->until)
    return lun_task_end(task, LUN_OK, NULL);
  lun_task_sleep(task, probe->until);
  return LUN_STEP_WAIT;
}

static enum lun_step wait_for_ever(struct lun_task *task)
{
  probe_of(task)->steps++;
  return LUN_STEP_WAIT;
}

static enum lun_step wait_for_other(struct lun_task *task)
{
  struct probe *probe = probe_of(task);

  probe->steps++;
  if (!lun_task_await(task, &probe->other->task))
    return LUN_STEP_WAIT;
  return lun_task_end(task, probe->other->task.rc, &probe->other->task.err);
}

static enum lun_step wake_self(struct lun_task *task)
{
  struct probe *probe = probe_of(task);

  probe->steps++;
  if (probe->left-- == 0)
    return lun_task_end(task, LUN_OK, NULL);
  lun_task_wake(task);
  return LUN_STEP_WAIT;
}

static enum lun_step run_the_loop(struct lun_task *task)
{
  struct lun_error err;
  enum lun_code rc = lun_loop_run(loop, &probe_of(task)->other->task, &err);

  return lun_task_end(task, rc, &err);
}

static enum lun_step stop_other(struct lun_task *task)
{
  lun_task_stop(&probe_of(task)->other->task);
  return lun_task_end(task, LUN_OK, NULL);
}

static void note_cancel(struct lun_task *task)
{
  probe_of(task)->cancelled++;
}

static void cancel_other(struct lun_task *task)
{
  probe_of(task)->cancelled++;
  lun_task_stop(&probe_of(task)->other->task);
}

static int set_up(void **state)
{
  (void)state;
  if (lun_ctx_new(&ctx, NULL))
    return -1;
  return (int)lun_loop_new(&loop, ctx, NULL);
}

static int tear_down(void **state)
{
  (void)state;
  lun_loop_free(loop);
  assert_int_equal(ctx->account.live_blocks, 0);
  lun_ctx_free(ctx);
  return 0;
}

static void ends(void **state)
{
  struct probe good = {.task.step = finish_at_once};
  struct probe bad = {.task.step = fail_at_once};
  struct lun_error err;

  (void)state;
  lun_task_stop(&good.task); /* never started: no harm */
  assert_int_equal(lun_loop_run(loop, &good.task, &err), LUN_EINVALID);
  lun_task_start(loop, &good.task, 0);
  lun_task_start(loop, &bad.task, 0);
  assert_int_equal(lun_loop_run(loop, &good.task, &err), LUN_OK);
  assert_int_equal(good.steps, 1);
  assert_int_equal(lun_loop_run(loop, &bad.task, &err), LUN_ENOTFOUND);
  assert_string_equal(err.message, "not there");
  assert_int_equal(err.code, LUN_ENOTFOUND);
  assert_int_equal(lun_loop_run(loop, &bad.task, NULL), LUN_ENOTFOUND);
  lun_task_start(loop, &good.task, 0); /* again */
  assert_int_equal(lun_loop_run(loop, &good.task, &err), LUN_OK);
  assert_int_equal(good.steps, 2);
  lun_task_wake(&good.task); /* done: no harm */
  lun_task_stop(&good.task);
  lun_task_stop(&bad.task);
}

static void sleeps(void **state)
{
  struct probe a = {.task.step = sleep_once, .sleep_ms = 60};
  struct probe b = {.task.step = sleep_once, .sleep_ms = 20};
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  lun_task_start(loop, &a.task, 0);
  lun_task_start(loop, &b.task, 0);
  assert_int_equal(lun_loop_run(loop, &b.task, NULL), LUN_OK);
  assert_false(a.task.done);
  assert_int_equal(lun_loop_run(loop, &a.task, NULL), LUN_OK);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 60, 5000);
  assert_in_range(a.steps, 2, 3);
}

static void many_wait_for_one(void **state)
{
  struct probe one = {.task.step = sleep_once, .sleep_ms = 10};
  struct probe many[5];
  int i = 0;

  (void)state;
  for (i = 0; i < 5; i++) {
    many[i] = (struct probe){.task.step = wait_for_other, .other = &one};
    lun_task_start(loop, &many[i].task, 0);
  }
  lun_task_start(loop, &one.task, 0);
  /* The first turn finds `one` not yet stepped: all five wait. */
  for (i = 0; i < 5; i++)
    assert_int_equal(lun_loop_run(loop, &many[i].task, NULL), LUN_OK);
  for (i = 0; i < 5; i++)
    assert_int_equal(many[i].steps, 2);
}

static void waking_oneself_starves_nobody(void **state)
{
  struct probe busy = {.task.step = wake_self, .left = 1000};
  struct probe timed = {.task.step = sleep_once, .sleep_ms = 1};

  (void)state;
  lun_task_start(loop, &busy.task, 0);
  lun_task_start(loop, &timed.task, 0);
  assert_int_equal(lun_loop_run(loop, &timed.task, NULL), LUN_OK);
  assert_int_equal(lun_loop_run(loop, &busy.task, NULL), LUN_OK);
  assert_int_equal(busy.steps, 1001);
}

static int64_t fixed_now;

static int64_t fixed_mono(void *data)
{
  (void)data;
  return fixed_now;
}

static void deadline_names_what_took_long(void **state)
{
  struct probe inner = {.task.step = wait_for_ever,
                        .task.cancel = note_cancel,
                        .task.what = "waiting for example.com:443"};
  struct probe outer = {.task.step = wait_for_other,
                        .task.cancel = cancel_other,
                        .task.what = "fetching",
                        .other = &inner};
  struct lun_error err;

  (void)state;
  ctx->clock.mono_ms = fixed_mono;
  fixed_now = 1000;
  lun_task_start(loop, &outer.task, 121000);
  lun_task_start(loop, &inner.task, 121000);
  /* A step before the deadline, so that outer waits for inner. */
  struct probe tick = {.task.step = finish_at_once};
  lun_task_start(loop, &tick.task, 0);
  assert_int_equal(lun_loop_run(loop, &tick.task, &err), LUN_OK);
  fixed_now = 121000;
  assert_int_equal(lun_loop_run(loop, &outer.task, &err), LUN_EDEADLINE);
  assert_string_equal(err.message, "the deadline of 120 s passed while "
                                   "waiting for example.com:443");
  assert_int_equal(err.retryable, 1);
  assert_int_equal(outer.cancelled, 1);
  assert_int_equal(inner.cancelled, 1);
  assert_false(inner.task.started);
}

static void deadline_texts(void **state)
{
  struct probe probe = {.task.step = wait_for_ever};
  struct lun_error err;

  (void)state;
  ctx->clock.mono_ms = fixed_mono;
  fixed_now = 1000;
  lun_task_start(loop, &probe.task, 2500);
  fixed_now = 9999;
  assert_int_equal(lun_loop_run(loop, &probe.task, &err), LUN_EDEADLINE);
  assert_string_equal(err.message, "the deadline of 1500 ms passed");
  lun_task_start(loop, &probe.task, 5); /* long past */
  assert_int_equal(lun_loop_run(loop, &probe.task, &err), LUN_EDEADLINE);
  assert_string_equal(err.message, "the deadline of 0 s passed");
}

static void deadline_in_real_time(void **state)
{
  struct probe probe = {.task.step = sleep_once, .sleep_ms = 60000};
  int64_t before = lun_clock_mono_ms(ctx);

  (void)state;
  lun_task_start(loop, &probe.task, before + 50);
  assert_int_equal(lun_loop_run(loop, &probe.task, NULL), LUN_EDEADLINE);
  assert_in_range(lun_clock_mono_ms(ctx) - before, 50, 5000);
}

/* Who waits for a task that is stopped gets an error, in a chain as well. */
static void stopping_what_others_wait_for(void **state)
{
  struct probe one = {.task.step = wait_for_ever, .task.cancel = note_cancel};
  struct probe two = {
      .task.step = wait_for_other, .task.cancel = cancel_other, .other = &one};
  struct probe three = {.task.step = wait_for_other, .other = &two};
  struct probe stopper = {.task.step = stop_other, .other = &one};
  struct lun_error err;

  (void)state;
  lun_task_start(loop, &three.task, 0);
  lun_task_start(loop, &two.task, 0);
  lun_task_start(loop, &one.task, 0);
  lun_task_start(loop, &stopper.task, 0);
  assert_int_equal(lun_loop_run(loop, &three.task, &err), LUN_EINVALID);
  assert_string_equal(err.message, "what was waited for has been given up");
  assert_int_equal(one.cancelled, 1);
  assert_int_equal(two.cancelled, 1);
  assert_true(two.task.done);
  lun_task_stop(&two.task);
  lun_task_stop(&three.task);
}

/* Nobody takes a task that was stopped for one that came to its end. */
static void stopping_what_the_loop_is_run_for(void **state)
{
  struct probe one = {.task.step = wait_for_ever, .task.cancel = note_cancel};
  struct probe stopper = {.task.step = stop_other, .other = &one};
  struct lun_error err;

  (void)state;
  lun_task_start(loop, &one.task, 0);
  lun_task_start(loop, &stopper.task, 0);
  assert_int_equal(lun_loop_run(loop, &one.task, &err), LUN_EINVALID);
  assert_string_equal(err.message, "it was given up before it had ended");
  assert_int_equal(one.cancelled, 1);
}

static void stopping_a_waiter(void **state)
{
  struct probe one = {.task.step = sleep_once, .sleep_ms = 5};
  struct probe two = {.task.step = wait_for_other, .other = &one};
  struct probe three = {.task.step = wait_for_other, .other = &one};
  struct probe stopper = {.task.step = stop_other, .other = &two};

  (void)state;
  lun_task_start(loop, &two.task, 0);
  lun_task_start(loop, &three.task, 0);
  lun_task_start(loop, &one.task, 0);
  lun_task_start(loop, &stopper.task, 0);
  assert_int_equal(lun_loop_run(loop, &three.task, NULL), LUN_OK);
  assert_int_equal(two.steps, 1);
  assert_false(two.task.started);
}

static void nothing_can_happen(void **state)
{
  struct probe probe = {.task.step = wait_for_ever};
  struct lun_error err;

  (void)state;
  lun_task_start(loop, &probe.task, 0);
  assert_int_equal(lun_loop_run(loop, &probe.task, &err), LUN_EINVALID);
  assert_string_equal(err.message,
                      "a task waits for something that cannot happen");
  lun_task_stop(&probe.task);
}

static void no_loop_within_a_step(void **state)
{
  struct probe other = {.task.step = finish_at_once};
  struct probe probe = {.task.step = run_the_loop, .other = &other};
  struct lun_error err;

  (void)state;
  lun_task_start(loop, &probe.task, 0);
  lun_task_start(loop, &other.task, 0);
  assert_int_equal(lun_loop_run(loop, &probe.task, &err), LUN_EINVALID);
  assert_string_equal(err.message, "the loop is run from within a step");
}

static void freeing_stops_what_is_under_way(void **state)
{
  struct probe probe = {.task.step = wait_for_ever, .task.cancel = note_cancel};
  lun_loop *mine = NULL;

  (void)state;
  lun_loop_free(NULL);
  assert_int_equal(lun_loop_new(&mine, ctx, NULL), LUN_OK);
  lun_task_start(mine, &probe.task, 0);
  lun_loop_free(mine);
  assert_int_equal(probe.cancelled, 1);
  lun_task_stop(&probe.task);
  assert_int_equal(probe.cancelled, 1);
}

static void no_memory(void **state)
{
  struct lun_error err;
  lun_loop *mine = NULL;

  (void)state;
  ctx->account.fail_after = 0;
  assert_int_equal(lun_loop_new(&mine, ctx, &err), LUN_ENOMEM);
  assert_null(mine);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(ends, set_up, tear_down),
      cmocka_unit_test_setup_teardown(sleeps, set_up, tear_down),
      cmocka_unit_test_setup_teardown(many_wait_for_one, set_up, tear_down),
      cmocka_unit_test_setup_teardown(waking_oneself_starves_nobody, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(deadline_names_what_took_long, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(deadline_texts, set_up, tear_down),
      cmocka_unit_test_setup_teardown(deadline_in_real_time, set_up, tear_down),
      cmocka_unit_test_setup_teardown(stopping_what_others_wait_for, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(stopping_what_the_loop_is_run_for, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(stopping_a_waiter, set_up, tear_down),
      cmocka_unit_test_setup_teardown(nothing_can_happen, set_up, tear_down),
      cmocka_unit_test_setup_teardown(no_loop_within_a_step, set_up, tear_down),
      cmocka_unit_test_setup_teardown(freeing_stops_what_is_under_way, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(no_memory, set_up, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
