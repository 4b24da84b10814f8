/* Paths into JSON secrets, taken apart and followed. */
#include "unit.h"

#include "../../core/text/path.h"

#include <stdio.h>

static void steps(void **state)
{
  struct lun_span path = LUN_SPAN_LIT("a-b.c[12][\"x.\\\"y\"].d");
  struct lun_path_step step = {.index = false};
  bool done = false;

  (void)state;
  assert_int_equal(lun_path_next(&path, &step, &done, NULL), LUN_OK);
  assert_span(step.key, "a-b");
  assert_false(step.index || step.quoted || done);
  assert_int_equal(lun_path_next(&path, &step, &done, NULL), LUN_OK);
  assert_span(step.key, "c");
  assert_int_equal(lun_path_next(&path, &step, &done, NULL), LUN_OK);
  assert_true(step.index);
  assert_int_equal(step.at, 12);
  assert_int_equal(lun_path_next(&path, &step, &done, NULL), LUN_OK);
  assert_true(step.quoted && !step.index);
  assert_span(step.key, "x.\\\"y");
  assert_int_equal(lun_path_next(&path, &step, &done, NULL), LUN_OK);
  assert_span(step.key, "d");
  assert_false(done);
  assert_int_equal(lun_path_next(&path, &step, &done, NULL), LUN_OK);
  assert_true(done);
}

static void no_paths(void **state)
{
  static const struct {
    const char *path;
    const char *where;
  } bad[] = {
      {"", "empty"},           {".", "column 1"},
      {".a", "column 1"},      {"a.", "column 3"},
      {"a..b", "column 3"},    {"a.[0]", "column 3"},
      {"a]", "column 2"},      {"a[", "column 3"},
      {"a[]", "column 3"},     {"a[-1]", "column 3"},
      {"a[01]", "column 3"},   {"a[1", "column 4"},
      {"a[1x]", "column 4"},   {"a[99999999999]", "column 3"},
      {"a[x]", "column 3"},    {"a['x']", "column 3"},
      {"a[0]b", "column 5"},   {"a[\"x]", "column 6"},
      {"a[\"x\"", "column 6"}, {"a[\"\\x\"]", "column 4"},
      {"a\"b", "column 2"},    {"[0].a[?]", "column 7"},
  };
  struct lun_error err = {.code = LUN_OK};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(lun_path_check(lun_span_of(bad[i].path), &err),
                     LUN_EINVALID);
    if (strstr(err.message, bad[i].where) == NULL)
      fail_msg("%s: %s", bad[i].path, err.message);
  }
}

static const char *text =
    "{\"a\":{\"b\":[10,{\"c\":\"canary\"}]},\"x.y\":1,\"\":2,\"q\\\"\":3}";

static enum lun_code find(const char *path, size_t *found,
                          struct lun_error *err)
{
  struct lun_json *json = NULL;
  enum lun_code rc = LUN_OK;

  rc = lun_json_parse(&json, ctx, lun_span_of(text), "it", err);
  if (rc == LUN_OK)
    rc = lun_path_find(found, json, lun_span_of(text), 0, lun_span_of(path),
                       err);
  lun_json_unref(json);
  return rc;
}

static void followed(void **state)
{
  static const struct {
    const char *path;
    size_t node;
  } good[] = {
      {"a", 2},
      {"a.b", 4},
      {"a.b[0]", 5},
      {"a.b[1].c", 8},
      {"[\"x.y\"]", 10},
      {"[\"\"]", 12},
      {"[\"q\\\"\"]", 14},
      {"[\"\\u0061\"][\"b\"][1]", 6},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    size_t found = 0;

    assert_int_equal(find(good[i].path, &found, NULL), LUN_OK);
    assert_int_equal(found, good[i].node);
  }
}

static void what_is_absent_is_named(void **state)
{
  static const struct {
    const char *path;
    const char *message;
  } absent[] = {
      {"z", "no field \"z\" at the top"},
      {"a.z", "no field \"z\" at a"},
      {"a.b.c", "no field \"c\": a.b is an array, not an object"},
      {"a.b[2]", "no element [2]: a.b has 2, counted from 0"},
      {"a.b[1].c.d", "no field \"d\": a.b[1].c is a string, not an object"},
      {"a[0]", "no element [0]: a is an object, not an array"},
      {"a.b[0][0]", "no element [0]: a.b[0] is a number, not an array"},
      {"[0]", "no element [0]: the top is an object, not an array"},
      {"[\"\\u007a\"]", "no field \"\\u007a\" at the top"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
    struct lun_error err = {.code = LUN_OK};
    size_t found = 77;

    assert_int_equal(find(absent[i].path, &found, &err), LUN_ENOTFOUND);
    assert_string_equal(err.message, absent[i].message);
    assert_int_equal(found, 77);
  }
}

static enum lun_code find_quoted(struct lun_error *err)
{
  size_t found = 0;

  return find("[\"\\u0061\"].b[1][\"c\"]", &found, err);
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(find_quoted);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(steps),
      TEST(no_paths),
      TEST(followed),
      TEST(what_is_absent_is_named),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
