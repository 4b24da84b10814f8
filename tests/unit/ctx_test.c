/* The context: version, clock, randomness, the log's sink. */
#include "unit.h"

#include "../../core/base/clock.h"
#include "../../core/base/log.h"

static void version(void **state)
{
  (void)state;
  assert_int_equal(lun_version_num(), LUN_VERSION_NUM);
}

static void ends_with_forgotten_secrets(void **state)
{
  lun_ctx *other = NULL;
  lun_secret *forgotten = NULL;

  (void)state;
  assert_int_equal(lun_ctx_new(&other, NULL), LUN_OK);
  assert_int_equal(lun_secret_new(&forgotten, other, "canary", 6, NULL),
                   LUN_OK);
  lun_secret_unref(forgotten);
  lun_ctx_free(other);
  lun_ctx_free(NULL);
}

static void system_clock(void **state)
{
  int64_t wall = lun_clock_wall_ms(ctx);
  int64_t mono = lun_clock_mono_ms(ctx);
  unsigned char a[32] = {0};
  unsigned char b[32] = {0};

  (void)state;
  assert_true(wall > INT64_C(1600000000000));
  assert_true(lun_clock_mono_ms(ctx) >= mono);
  assert_int_equal(lun_clock_random(ctx, a, sizeof(a), NULL), LUN_OK);
  assert_int_equal(lun_clock_random(ctx, b, sizeof(b), NULL), LUN_OK);
  assert_memory_not_equal(a, b, sizeof(a));
}

/* "f81d4fae-7dec-4d0b-a765-00a0c91e6bf6": version 4, variant 8 to b. */
static void uuid(void **state)
{
  char a[37] = "";
  char b[37] = "";
  size_t i = 0;

  (void)state;
  assert_int_equal(lun_clock_uuid(ctx, a, NULL), LUN_OK);
  assert_int_equal(lun_clock_uuid(ctx, b, NULL), LUN_OK);
  assert_string_not_equal(a, b);
  assert_int_equal(strlen(a), 36);
  for (i = 0; i < 36; i++)
    if (i == 8 || i == 13 || i == 18 || i == 23)
      assert_int_equal(a[i], '-');
    else
      assert_non_null(strchr("0123456789abcdef", a[i]));
  assert_int_equal(a[14], '4');
  assert_non_null(strchr("89ab", a[19]));
}

static int64_t fixed(void *data)
{
  return *(int64_t *)data;
}

static bool no_random(void *data, void *out, size_t len)
{
  (void)data;
  (void)out;
  (void)len;
  return false;
}

static void injected_clock(void **state)
{
  int64_t now = 42;
  unsigned char bytes[4] = {0};
  char name[37] = "";
  struct lun_error err = {.code = LUN_OK};

  (void)state;
  ctx->clock = (struct lun_clock){fixed, fixed, no_random, &now};
  assert_int_equal(lun_clock_wall_ms(ctx), 42);
  now = 43;
  assert_int_equal(lun_clock_mono_ms(ctx), 43);
  assert_int_equal(lun_clock_random(ctx, bytes, sizeof(bytes), &err),
                   LUN_EFILE);
  assert_int_equal(lun_clock_uuid(ctx, name, &err), LUN_EFILE);
}

static void count_event(void *data, const struct lun_event *event)
{
  assert_string_equal(event->word, "http.retry");
  assert_int_equal(event->level, LUN_INFO);
  assert_int_equal(event->nfields, 1);
  assert_int_equal(event->fields[0].number, 3);
  ++*(int *)data;
}

static void events(void **state)
{
  const struct lun_field field = {"attempt", LUN_FIELD_INT, 3, NULL};
  int count = 0;

  (void)state;
  lun_log(ctx, LUN_INFO, "http.retry", &field, 1);
  lun_log(NULL, LUN_INFO, "http.retry", &field, 1);
  lun_log_sink(ctx, count_event, &count);
  lun_log(ctx, LUN_INFO, "http.retry", &field, 1);
  lun_log_sink(ctx, NULL, NULL);
  lun_log(ctx, LUN_INFO, "http.retry", &field, 1);
  assert_int_equal(count, 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(version),        TEST(ends_with_forgotten_secrets),
      TEST(system_clock),   TEST(uuid),
      TEST(injected_clock), TEST(events),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
