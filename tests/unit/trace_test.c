/* What is recorded on the way to credentials. */
#include "../../core/base/error.h"
#include "../../core/creds/trace.h"
#include "unit.h"

static int64_t now_ms;

static int64_t mono_ms(void *data)
{
  (void)data;
  return now_ms;
}

static struct lun_trace trace;

static int make_trace(void **state)
{
  int bad = make_ctx(state);

  if (bad)
    return bad;
  now_ms = 1000;
  ctx->clock.mono_ms = mono_ms;
  lun_trace_init(&trace, ctx);
  return 0;
}

static int free_trace(void **state)
{
  lun_trace_clear(&trace);
  return free_ctx(state);
}

static void assert_step(const struct lun_trace *which, size_t n, int depth,
                        const char *name, enum lun_trace_end end,
                        const char *why)
{
  assert_in_range(n, 0, which->nsteps - 1);
  assert_int_equal(which->steps[n].depth, depth);
  assert_string_equal(which->steps[n].name, name);
  assert_int_equal(which->steps[n].end, end);
  assert_string_equal(which->steps[n].why, why);
}

static void steps_within_steps(void **state)
{
  size_t outer = 0;
  size_t inner = 0;

  (void)state;
  outer = lun_trace_begin(&trace, 0, "assume-role");
  now_ms += 5;
  inner = lun_trace_begin(&trace, 1, "env");
  now_ms += 7;
  lun_trace_finish(&trace, inner, "AWS_ACCESS_KEY_ID", LUN_TRACE_PASSED,
                   "it is not set");
  lun_trace_finish(&trace, outer, "profile x", LUN_TRACE_FAILED, "no keys");
  assert_int_equal(trace.nsteps, 2);
  assert_step(&trace, 0, 0, "assume-role", LUN_TRACE_FAILED, "no keys");
  assert_step(&trace, 1, 1, "env", LUN_TRACE_PASSED, "it is not set");
  assert_string_equal(trace.steps[1].looked, "AWS_ACCESS_KEY_ID");
  assert_int_equal(trace.steps[0].began_ms, 1000);
  assert_int_equal(trace.steps[0].took_ms, 12);
  assert_int_equal(trace.steps[1].began_ms, 1005);
  assert_int_equal(trace.steps[1].took_ms, 7);
  assert_false(trace.lost);
  lun_trace_clear(&trace);
  assert_int_equal(trace.nsteps, 0);
}

/* Who does not want to know passes NULL. */
static void nobody_listens(void **state)
{
  (void)state;
  assert_int_equal(lun_trace_begin(NULL, 0, "env"), 0);
  lun_trace_finish(NULL, 0, "", LUN_TRACE_FOUND, "");
}

/* Services and file names say what they like; a terminal gets it. */
static void what_could_steer_a_terminal(void **state)
{
  (void)state;
  (void)lun_trace_begin(&trace, 0, "env");
  lun_trace_finish(&trace, 0, "/tmp/\033[2Jx", LUN_TRACE_FOUND, "a\nb\xff");
  assert_string_equal(trace.steps[0].looked, "/tmp/ [2Jx");
  assert_string_equal(trace.steps[0].why, "a b?");
}

static void moved(void **state)
{
  struct lun_trace from = {.ctx = NULL};
  size_t late = 0;

  (void)state;
  lun_trace_init(&from, ctx);
  lun_trace_move(&trace, &from); /* nothing */
  assert_int_equal(trace.nsteps, 0);
  lun_trace_clear(&from);

  (void)lun_trace_begin(&trace, 0, "one");
  lun_trace_finish(&trace, 0, "", LUN_TRACE_PASSED, "empty");
  (void)lun_trace_begin(&from, 0, "two");
  lun_trace_finish(&from, 0, "", LUN_TRACE_FOUND, "there");
  late = lun_trace_begin(&from, 1, "three");
  now_ms += 9;
  lun_trace_move(&trace, &from);
  assert_int_equal(trace.nsteps, 3);
  assert_step(&trace, 0, 0, "one", LUN_TRACE_PASSED, "empty");
  assert_step(&trace, 1, 0, "two", LUN_TRACE_FOUND, "there");
  assert_step(&trace, 2, 1, "three", LUN_TRACE_FAILED,
              "it was not at its end when nobody waited any more");
  assert_int_equal(trace.steps[2].took_ms, 9);

  /* What goes on with the old one writes nowhere. */
  lun_trace_finish(&from, late, "", LUN_TRACE_FOUND, "too late");
  assert_int_equal(lun_trace_begin(&from, 0, "four"), 0);
  assert_int_equal(from.nsteps, 0);
  lun_trace_clear(&from); /* from here on it may be used again */
  (void)lun_trace_begin(&from, 0, "five");
  assert_int_equal(from.nsteps, 1);
  lun_trace_clear(&from);
  assert_false(trace.lost);
}

/* --------------------------------------------------------------- memory -- */

/* Each failure is remembered, and what is recorded later is left out. */
static enum lun_code record(struct lun_error *err)
{
  struct lun_trace mine;
  struct lun_trace all;
  size_t step = 0;
  bool lost = false;

  lun_trace_init(&mine, ctx);
  lun_trace_init(&all, ctx);
  step = lun_trace_begin(&mine, 0, "env");
  (void)lun_trace_begin(&mine, 1, "sso");
  lun_trace_finish(&mine, step, "looked", LUN_TRACE_FOUND, "why");
  lun_trace_move(&all, &mine);
  lost = all.lost;
  lun_trace_clear(&mine);
  lun_trace_clear(&all);
  return lost ? lun_error_nomem(err) : LUN_OK;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  sweep(record);
}

#define TRACE(function)                                                        \
  cmocka_unit_test_setup_teardown(function, make_trace, free_trace)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TRACE(steps_within_steps),          TRACE(nobody_listens),
      TRACE(what_could_steer_a_terminal), TRACE(moved),
      TRACE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
