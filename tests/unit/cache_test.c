/* The caches of the aws command line: found, read, edited, written. */
#include "../../core/creds/cache.h"
#include "scene.h"

static const unsigned char hash[] = {0x00, 0xab, 0xff};

static const char *file(void)
{
  static char path[96];

  (void)snprintf(path, sizeof(path), "%s/cache.json", scene.home);
  return path;
}

static int drop_file(void **state)
{
  (void)unlink(file());
  return free_scene(state);
}

#define CACHE(function)                                                        \
  cmocka_unit_test_setup_teardown(function, make_scene, drop_file)

static struct lun_span hash_span(void)
{
  return (struct lun_span){(const char *)hash, sizeof(hash)};
}

static void paths(void **state)
{
  char want[128] = "";
  char *path = NULL;

  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  (void)snprintf(want, sizeof(want), "%s/.aws/x/00abff.json", scene.home);
  assert_int_equal(
      lun_cache_path(&path, place, "~/.aws/x", hash_span(), &error), LUN_OK);
  assert_string_equal(path, want);
  lun_mem_free(ctx, path);
  set_env("FOLDER", "/other");
  assert_int_equal(
      lun_cache_path(&path, place, "$FOLDER/x", hash_span(), &error), LUN_OK);
  assert_string_equal(path, "/other/x/00abff.json");
  lun_mem_free(ctx, path);
  set_env("HOME", NULL);
  assert_int_equal(
      lun_cache_path(&path, place, "~/.aws/x", hash_span(), &error),
      LUN_ECREDENTIALS);
  assert_string_equal(error.message,
                      "HOME is not set, so there is no ~/.aws/x");
}

static void reading(void **state)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, 8);

  (void)state;
  assert_int_equal(lun_cache_read(&text, file(), &error), LUN_ENOTFOUND);
  assert_has(error.message, file());
  assert_int_equal(lun_cache_read(&text, "/dev/null/x", &error), LUN_ENOTFOUND);
  assert_int_equal(lun_cache_read(&text, "/dev/null", &error),
                   LUN_ECREDENTIALS);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_has(error.message, "/dev/null");
  lun_buf_done(&text);
  write_file(file(), "12345678");
  assert_int_equal(lun_cache_read(&text, file(), &error), LUN_OK);
  assert_string_equal(lun_buf_text(&text), "12345678");
  lun_buf_done(&text);
  write_file(file(), "canary-89");
  assert_int_equal(lun_cache_read(&text, file(), &error), LUN_ECREDENTIALS);
  assert_has(error.message, file());
  lun_buf_done(&text);
}

/* --------------------------------------------------------------- members -- */

static void members(void **state)
{
  static const char text[] =
      "{\"z\":\"2026-11-23T00:00:01Z\",\"utc\":\"2026-11-23T00:00:02UTC\","
      "\"offset\":\"2026-11-23T01:00:03+01:00\",\"null\":null,\"empty\":"
      "\"\",\"bad\":\"23.11.2026UTC\",\"long\":\"2026-11-23T00:00:00.0000000"
      "000000000UTC\",\"short\":\"UTC\",\"number\":1795392000,"
      "\"token\":\"canary+/=\",\"blank\":\"canary x\",\"line\":\"canary"
      "\\n\"}";
  static const struct {
    const char *key;
    int64_t date;
  } good[] = {{"z", NOW + 1}, {"utc", NOW + 2}, {"offset", NOW + 3},
              {"null", 0},    {"nothing", 0},   {"empty", 0}};
  static const char *const bad[] = {"bad", "long", "short", "number"};
  static const char *const no_tokens[] = {"blank", "line",  "number",
                                          "null",  "empty", "nothing"};
  struct lun_buf token = LUN_BUF_INIT(ctx, 64);
  struct lun_document doc = {.json = NULL};
  int64_t date = -1;
  size_t i = 0;

  (void)state;
  assert_int_equal(
      lun_document_open(&doc, ctx, lun_span_of(text), "it", &error), LUN_OK);
  for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    assert_int_equal(lun_cache_date(&date, &doc, good[i].key, &error), LUN_OK);
    assert_int_equal(date, good[i].date);
  }
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_int_equal(lun_cache_date(&date, &doc, bad[i], &error),
                     LUN_ECREDENTIALS);
    assert_has(error.message, bad[i]);
  }
  assert_int_equal(lun_cache_token(&token, &doc, "token", &error), LUN_OK);
  assert_string_equal(lun_buf_text(&token), "canary+/=");
  for (i = 0; i < sizeof(no_tokens) / sizeof(no_tokens[0]); i++) {
    lun_buf_cut(&token, 0);
    assert_int_equal(lun_cache_token(&token, &doc, no_tokens[i], &error),
                     LUN_ECREDENTIALS);
    assert_has(error.message, no_tokens[i]);
    assert_null(strstr(error.message, "canary"));
  }
  lun_buf_done(&token);
  lun_document_close(&doc);
}

/* ---------------------------------------------------------------- edited -- */

static void edits(const char *from, size_t object,
                  const struct lun_cache_member *members, size_t count,
                  const char *to)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 1024);
  struct lun_document doc = {.json = NULL};

  assert_int_equal(
      lun_document_open(&doc, ctx, lun_span_of(from), "it", &error), LUN_OK);
  lun_cache_edit(&out, &doc, object, members, count);
  assert_string_equal(lun_buf_text(&out), to);
  lun_document_close(&doc);
  lun_buf_done(&out);
}

static void editing(void **state)
{
  static const struct lun_cache_member b = {"b", {"[1]", 3}};
  static const struct lun_cache_member gone = {"b", {NULL, 0}};
  static const struct lun_cache_member two[] = {{"c", {"\"x\"", 3}},
                                                {"a", {NULL, 0}}};

  (void)state;
  edits("{}", 0, NULL, 0, "{}");
  edits("{}", 0, &b, 1, "{\"b\": [1]}");
  edits("{}", 0, &gone, 1, "{}");
  edits(" {\"b\" : 1}\n", 0, &gone, 1, "{}");
  edits("{\"a\":{\"b\":2},\"b\":1,\"c\":null}", 0, &b, 1,
        "{\"a\": {\"b\":2}, \"c\": null, \"b\": [1]}");
  /* Whatever stays, stays as it is written. */
  edits("{\"\\u0061\":true,\"d\":[ 1.50e1, \"\\n\\\"\",{ }],\"\":false,"
        "\"e\":\"\"}",
        0, &b, 1,
        "{\"\\u0061\": true, \"d\": [ 1.50e1, \"\\n\\\"\",{ }], \"\": false, "
        "\"e\": \"\", \"b\": [1]}");
  /* A key may be written in escapes. */
  edits("{\"\\u0061\":1,\"b\":2,\"c\":3}", 0, two, 2,
        "{\"b\": 2, \"c\": \"x\"}");
  /* An object further in: node 0 is the document, 1 a key, 2 its value. */
  edits("{\"a\":{\"b\":2,\"z\":3},\"b\":1}", 2, &b, 1,
        "{\"z\": 3, \"b\": [1]}");
}

/* --------------------------------------------------------------- written -- */

static void writing(void **state)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, 64);
  struct stat info;

  (void)state;
  assert_int_equal(
      lun_cache_write(ctx, file(), LUN_SPAN_LIT("canary-1"), &error), LUN_OK);
  assert_int_equal(stat(file(), &info), 0);
  assert_int_equal(info.st_mode & 07777, 0600);
  assert_int_equal(chmod(file(), 0644), 0);
  assert_int_equal(
      lun_cache_write(ctx, file(), LUN_SPAN_LIT("canary-2"), &error), LUN_OK);
  assert_int_equal(stat(file(), &info), 0);
  assert_int_equal(info.st_mode & 07777, 0600);
  assert_int_equal(lun_cache_read(&text, file(), &error), LUN_OK);
  assert_string_equal(lun_buf_text(&text), "canary-2");
  lun_buf_done(&text);
  assert_int_equal(
      lun_cache_write(ctx, "/dev/null/x/y", LUN_SPAN_LIT("canary"), &error),
      LUN_EFILE);
  assert_null(strstr(error.message, "canary"));
}

static void replacing(void **state)
{
  const struct lun_span old = LUN_SPAN_LIT("canary-1");
  const struct lun_span new = LUN_SPAN_LIT("canary-2");
  struct lun_buf text = LUN_BUF_INIT(ctx, 64);

  (void)state;
  assert_int_equal(lun_cache_write(ctx, file(), old, &error), LUN_OK);
  assert_int_equal(lun_cache_replace(ctx, file(), old, new, &error), LUN_OK);
  assert_int_equal(lun_cache_replace(ctx, file(), old, old, &error), LUN_EFILE);
  assert_has(error.message, "somebody else has written it");
  assert_int_equal(lun_cache_read(&text, file(), &error), LUN_OK);
  assert_string_equal(lun_buf_text(&text), "canary-2");
  lun_buf_done(&text);
  assert_int_equal(unlink(file()), 0);
  assert_int_equal(lun_cache_replace(ctx, file(), new, old, &error),
                   LUN_ENOTFOUND);
  assert_int_equal(access(file(), F_OK), -1);
}

/* ---------------------------------------------------------------- memory -- */

static enum lun_code all(struct lun_error *err)
{
  static const struct lun_cache_member b = {"b", {"[1]", 3}};
  struct lun_buf text = LUN_BUF_INIT(ctx, 64);
  struct lun_buf out = LUN_BUF_INIT(ctx, 64);
  struct lun_document doc = {.json = NULL};
  char *path = NULL;
  enum lun_code rc = lun_cache_path(&path, place, "~/x", hash_span(), err);

  if (!rc)
    rc = lun_cache_write(ctx, file(), LUN_SPAN_LIT("{\"a\":1}"), err);
  if (!rc)
    rc = lun_cache_read(&text, file(), err);
  if (!rc)
    rc = lun_document_open(&doc, ctx, lun_buf_view(&text), "it", err);
  if (!rc) {
    lun_cache_edit(&out, &doc, 0, &b, 1);
    rc = lun_buf_status(&out, "it", err);
  }
  lun_mem_free(ctx, path);
  lun_document_close(&doc);
  lun_buf_done(&text);
  lun_buf_done(&out);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  sweep(all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CACHE(paths),
      CACHE(reading),
      CACHE(members),
      CACHE(editing),
      CACHE(writing),
      CACHE(replacing),
      CACHE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
