/* What the formats share: names, NUL bytes, caps, memory that runs out. */
#include "writer.h"

static void an_unknown_format_lists_those_there_are(void **state)
{
  lun_writer *writer = NULL;
  struct lun_error err = {.code = LUN_OK};

  (void)state;
  assert_int_equal(lun_writer_new(&writer, ctx, "toml\n", &err), LUN_EINVALID);
  assert_string_equal(err.message,
                      "there is no format 'toml '; there are dotenv, json, "
                      "sh, text, yaml");
  assert_int_equal(lun_writer_new(&writer, ctx, "ymal", &err), LUN_EINVALID);
  assert_string_equal(err.hint, "did you mean yaml?");
  assert_int_equal(lun_writer_new(&writer, ctx, "ini", &err), LUN_EINVALID);
  assert_string_equal(err.message, "format 'ini' is not there yet; there are "
                                   "dotenv, json, sh, text, yaml");
  assert_null(writer);
  assert_string_equal(lun_writer_formats()[0], "dotenv");
  lun_writer_free(NULL);
}

static void text_is_bytes(void **state)
{
  static const struct row rows[] = {
      STR("# @@\n", "'\"\\\n", "# '\"\\\n\n"),
      NUM("@@", "1.10", "1.10"),
      {"@@", LUN_VALUE_FALSE, "", "false", NULL},
      {"@@", LUN_VALUE_NULL, "", NULL, "null cannot stand in a text"},
  };

  (void)state;
  check_rows("text", rows);
}

/* One value with a NUL in it, in a place that FORMAT has for values. */
static enum lun_code put_nul(const char *format, const char *before,
                             struct lun_error *err)
{
  lun_writer *writer = NULL;
  struct lun_span out = {NULL, 0};
  enum lun_code rc = lun_writer_new(&writer, ctx, format, err);

  if (rc == LUN_OK)
    rc = lun_writer_text(writer, lun_span_of(before), err);
  if (rc == LUN_OK)
    rc = lun_writer_value(writer, LUN_VALUE_STRING,
                          (struct lun_span){"a\0b", 3}, err);
  if (rc == LUN_OK)
    rc = lun_writer_end(writer, &out, err);
  lun_writer_free(writer);
  return rc;
}

static void a_nul_byte_stands_where_it_can(void **state)
{
  struct lun_error err = {.code = LUN_OK};

  (void)state;
  assert_int_equal(put_nul("yaml", "k: ", &err), LUN_OK);
  assert_int_equal(put_nul("json", "", &err), LUN_OK);
  assert_int_equal(put_nul("text", "", &err), LUN_OK);
  assert_int_equal(put_nul("dotenv", "K=", &err), LUN_EINVALID);
  assert_string_equal(err.message, "a NUL byte cannot stand in a dotenv value");
  assert_int_equal(put_nul("sh", "K=", &err), LUN_EINVALID);
  assert_int_equal(put_nul("yaml", "k: |\n  ", &err), LUN_EINVALID);
}

static void raw_bytes_are_followed(void **state)
{
  lun_writer *writer = NULL;
  struct lun_span out = {NULL, 0};

  (void)state;
  assert_int_equal(lun_writer_new(&writer, ctx, "json", NULL), LUN_OK);
  assert_int_equal(lun_writer_raw(writer, LUN_SPAN_LIT("[\""), NULL), LUN_OK);
  assert_int_equal(
      lun_writer_value(writer, LUN_VALUE_STRING, LUN_SPAN_LIT("\""), NULL),
      LUN_OK);
  assert_int_equal(lun_writer_text(writer, LUN_SPAN_LIT("\"]"), NULL), LUN_OK);
  assert_int_equal(lun_writer_end(writer, &out, NULL), LUN_OK);
  assert_span(out, "[\"\\\"\"]");
  lun_writer_free(writer);
}

/* The value never shows in a message. */
static void messages_hold_no_value(void **state)
{
  static const char *const formats[] = {"yaml", "json", "dotenv", "sh"};
  static const char canary[] = "canary-7f3a\r'\"${x}\\";

  (void)state;
  for (size_t i = 0; i < 4; i++) {
    lun_writer *writer = NULL;
    struct lun_error err = {.code = LUN_OK};
    assert_int_equal(lun_writer_new(&writer, ctx, formats[i], &err), LUN_OK);
    if (lun_writer_text(writer, LUN_SPAN_LIT("# K='"), &err) == LUN_OK)
      assert_int_equal(
          lun_writer_value(writer, LUN_VALUE_STRING, lun_span_of(canary), &err),
          LUN_EINVALID);
    assert_null(strstr(err.message, "canary"));
    assert_null(strstr(err.hint, "canary"));
    lun_writer_free(writer);
  }
}

static enum lun_code render_all(const char *format, const struct row *row,
                                struct lun_error *err)
{
  lun_writer *writer = NULL;
  struct lun_span out = {NULL, 0};
  enum lun_code rc = lun_writer_new(&writer, ctx, format, err);

  if (rc == LUN_OK)
    rc = drive(writer, row, false, &out, err);
  lun_writer_free(writer);
  return rc;
}

static enum lun_code yaml_work(struct lun_error *err)
{
  static const struct row row = DOC(
      "a: @@\nb: x@@ # c\nc: \"@@\"\nd: |\n  @@\n\n", "{\"k\":[\"v\"]}", "");

  return render_all("yaml", &row, err);
}

static enum lun_code json_work(struct lun_error *err)
{
  static const struct row row = STR("{\"a\":@@,@@:[1,true]}", "x\n", "");

  return render_all("json", &row, err);
}

static enum lun_code dotenv_work(struct lun_error *err)
{
  static const struct row row = STR("A=@@\nB=x@@ # c\nC='@@'\n", "v", "");

  return render_all("dotenv", &row, err);
}

static enum lun_code sh_work(struct lun_error *err)
{
  static const struct row row = STR("@@=1\nB=\"$X@@\" f @@\n", "v", "");

  return render_all("sh", &row, err);
}

static void memory_that_runs_out_is_reported(void **state)
{
  (void)state;
  sweep(yaml_work);
  sweep(json_work);
  sweep(dotenv_work);
  sweep(sh_work);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(an_unknown_format_lists_those_there_are),
      TEST(text_is_bytes),
      TEST(a_nul_byte_stands_where_it_can),
      TEST(raw_bytes_are_followed),
      TEST(messages_hold_no_value),
      TEST(memory_that_runs_out_is_reported),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
