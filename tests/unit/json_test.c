/* The scanner, its look-ups, and strings that become secrets. */
#include "unit.h"

#include "../../core/base/error.h"
#include "../../core/text/json.h"

#include <stdio.h>
#include <stdlib.h>

static struct lun_json *parse(const char *text)
{
  struct lun_json *json = NULL;

  assert_int_equal(
      lun_json_parse(&json, ctx, lun_span_of(text), "the text", NULL), LUN_OK);
  return json;
}

static void nodes_say_where(void **state)
{
  const char *text = " {\"a\": [1, true, null], \"b\\n\": \"x\"} ";
  struct lun_span span = lun_span_of(text);
  struct lun_json *json = parse(text);

  (void)state;
  assert_int_equal(json->count, 8);
  assert_int_equal(json->nodes[0].kind, LUN_JSON_OBJECT);
  assert_int_equal(json->nodes[0].count, 2);
  assert_int_equal(json->nodes[0].next, 8);
  assert_span(lun_json_raw(json, span, 0),
              "{\"a\": [1, true, null], \"b\\n\": \"x\"}");
  assert_int_equal(json->nodes[2].kind, LUN_JSON_ARRAY);
  assert_int_equal(json->nodes[2].count, 3);
  assert_int_equal(json->nodes[2].next, 6);
  assert_span(lun_json_raw(json, span, 2), "[1, true, null]");
  assert_span(lun_json_raw(json, span, 4), "true");
  assert_true(json->nodes[6].escaped);
  assert_span(lun_json_raw(json, span, 7), "x");
  assert_false(json->nodes[7].escaped);
  lun_json_unref(json);
}

static void numbers_keep_their_text(void **state)
{
  static const char *const numbers[] = {
      "0",     "-0",   "1.10",    "5432",
      "1e400", "1E+2", "-1.5e-3", "123456789012345678"};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
    struct lun_json *json = parse(numbers[i]);

    assert_int_equal(json->nodes[0].kind, LUN_JSON_NUMBER);
    assert_span(lun_json_raw(json, lun_span_of(numbers[i]), 0), numbers[i]);
    lun_json_unref(json);
  }
}

static void check_refused(struct lun_span text, const char *where)
{
  struct lun_json *json = NULL;
  struct lun_error err = {.code = LUN_OK};

  assert_int_equal(lun_json_parse(&json, ctx, text, "the secret", &err),
                   LUN_EINVALID);
  assert_null(json);
  if (strstr(err.message, where) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", err.message, where);
  assert_non_null(strstr(err.message, "the secret"));
  assert_null(strstr(err.message, "canary"));
}

static void refusals_name_the_place(void **state)
{
  (void)state;
  check_refused(LUN_SPAN_LIT(""), "empty");
  check_refused(LUN_SPAN_LIT(" \n "), "ends in the middle");
  check_refused(LUN_SPAN_LIT("{\"k\":\"canary\""), "line 1, column 14");
  check_refused(LUN_SPAN_LIT("{\"k\":\n\"canary\",}"), "line 2, column 10");
  check_refused(LUN_SPAN_LIT("{\"k\" \"canary\"}"), "a colon was expected");
  check_refused(LUN_SPAN_LIT("{canary}"), "a key in quotes");
  check_refused(LUN_SPAN_LIT("[1 2]"), "a comma or ] was expected");
  check_refused(LUN_SPAN_LIT("{\"a\":1 2}"), "a comma or } was expected");
  check_refused(LUN_SPAN_LIT("[1,]"), "a value was expected");
  check_refused(LUN_SPAN_LIT("canary"), "a value was expected");
  check_refused(LUN_SPAN_LIT("tru"), "a value was expected");
  check_refused(LUN_SPAN_LIT("\"canary"), "no end");
  check_refused(LUN_SPAN_LIT("\"a\nb\""), "control character");
  check_refused(LUN_SPAN_LIT("\"\\x41\""), "no valid escape");
  check_refused(LUN_SPAN_LIT("\"\\ud800\""), "no valid escape");
  check_refused(LUN_SPAN_LIT("\"\\ud800\\u0041\""), "no valid escape");
  check_refused(LUN_SPAN_LIT("\"\\udc00\""), "no valid escape");
  check_refused(LUN_SPAN_LIT("\"\\u12\""), "no valid escape");
  check_refused(LUN_SPAN_LIT("\"\xff\""), "no valid UTF-8");
  check_refused(LUN_SPAN_LIT("\"\xed\xa0\x80\""), "no valid UTF-8");
  check_refused(LUN_SPAN_LIT("1 2"), "nothing may follow");
  check_refused(LUN_SPAN_LIT("{} x"), "nothing may follow");
  check_refused(LUN_SPAN_LIT("\xef\xbb\xbf{}"), "byte order mark");
  check_refused((struct lun_span){"1\0", 2}, "nothing may follow");
  check_refused((struct lun_span){"\"\0\"", 3}, "control character");
  check_refused(LUN_SPAN_LIT("01"), "no valid number");
  check_refused(LUN_SPAN_LIT("1."), "no valid number");
  check_refused(LUN_SPAN_LIT("[-]"), "no valid number");
  check_refused(LUN_SPAN_LIT("[1e]"), "no valid number");
  check_refused(LUN_SPAN_LIT(".5"), "a value was expected");
  check_refused(LUN_SPAN_LIT("+1"), "a value was expected");
  check_refused(LUN_SPAN_LIT("0x10"), "nothing may follow");
  check_refused(LUN_SPAN_LIT("NaN"), "a value was expected");
}

/* A million brackets are refused, and 65; LUN_JSON_DEPTH are not. */
static void nesting(void **state)
{
  enum {
    DEEP = 1000000
  };
  char *text = malloc(DEEP);
  char fine[2 * LUN_JSON_DEPTH + 2] = "";
  char deeper[65] = "";
  struct lun_json *json = NULL;

  (void)state;
  assert_non_null(text);
  memset(text, '[', DEEP);
  check_refused((struct lun_span){text, DEEP}, "too deep");
  free(text);
  memset(fine, '[', LUN_JSON_DEPTH);
  memset(fine + LUN_JSON_DEPTH, ']', LUN_JSON_DEPTH);
  json = parse(fine);
  assert_int_equal(json->count, LUN_JSON_DEPTH);
  lun_json_unref(json);
  memset(deeper, '[', sizeof(deeper));
  check_refused((struct lun_span){deeper, sizeof(deeper)}, "too deep");
}

static void too_many_values(void **state)
{
  size_t len = 2 * LUN_JSON_NODES + 3;
  char *text = malloc(len);
  size_t i = 0;

  (void)state;
  assert_non_null(text);
  text[0] = '[';
  for (i = 1; i < len; i++)
    text[i] = i % 2 ? '1' : ',';
  check_refused((struct lun_span){text, len}, "too many values");
  free(text);
}

static void members(void **state)
{
  const char *text = "{\"a\":{\"x\":1},\"p\\u0061ss\":2,\"\":3,\"a\":4,"
                     "\"n\\u0000l\":5}";
  struct lun_span span = lun_span_of(text);
  struct lun_json *json = parse(text);
  bool twice = false;
  size_t found = 0;

  (void)state;
  found = lun_json_member(json, span, 0, LUN_SPAN_LIT("a"), &twice);
  assert_span(lun_json_raw(json, span, found), "4");
  assert_true(twice);
  found = lun_json_member(json, span, 0, LUN_SPAN_LIT("pass"), &twice);
  assert_span(lun_json_raw(json, span, found), "2");
  assert_false(twice);
  found = lun_json_member(json, span, 0, LUN_SPAN_LIT(""), NULL);
  assert_span(lun_json_raw(json, span, found), "3");
  found = lun_json_member(json, span, 0, (struct lun_span){"n\0l", 3}, NULL);
  assert_span(lun_json_raw(json, span, found), "5");
  found = lun_json_member(json, span, 0, (struct lun_span){"n\0m", 3}, NULL);
  assert_int_equal(found, 0);
  assert_int_equal(lun_json_member(json, span, 0, LUN_SPAN_LIT("x"), NULL), 0);
  assert_int_equal(lun_json_member(json, span, 0, LUN_SPAN_LIT("pas"), NULL),
                   0);
  assert_int_equal(lun_json_member(json, span, 0, LUN_SPAN_LIT("passw"), NULL),
                   0);
  found = lun_json_member(json, span, 4, LUN_SPAN_LIT("a"), NULL);
  assert_int_equal(found, 0); /* a number has no members */
  assert_int_equal(lun_json_member(json, span, 999, LUN_SPAN_LIT("a"), NULL),
                   0);
  lun_json_unref(json);
}

static void elements(void **state)
{
  const char *text = "[[1,[2]],{\"a\":[3]},4]";
  struct lun_span span = lun_span_of(text);
  struct lun_json *json = parse(text);

  (void)state;
  assert_span(lun_json_raw(json, span, lun_json_element(json, 0, 0)),
              "[1,[2]]");
  assert_span(lun_json_raw(json, span, lun_json_element(json, 0, 1)),
              "{\"a\":[3]}");
  assert_span(lun_json_raw(json, span, lun_json_element(json, 0, 2)), "4");
  assert_int_equal(lun_json_element(json, 0, 3), 0);
  assert_int_equal(lun_json_element(json, 0, SIZE_MAX), 0);
  assert_int_equal(lun_json_element(json, 2, 0), 0);
  assert_int_equal(lun_json_element(json, 999, 0), 0);
  lun_json_unref(json);
}

static void check_decoded(const char *text, const char *want, size_t len)
{
  struct lun_json *json = parse(text);
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);

  lun_json_decode(&out, json, lun_span_of(text), 0);
  assert_int_equal(out.len, len);
  assert_memory_equal(lun_buf_text(&out), want, len);
  lun_buf_done(&out);
  lun_json_unref(json);
}

static void decoding(void **state)
{
  (void)state;
  check_decoded("\"\"", "", 0);
  check_decoded("\"plain \xe1\x88\xb4\"", "plain \xe1\x88\xb4", 9);
  check_decoded("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
  check_decoded("\"\\u0000\\u007f\\u0080\\u07FF\\u0800\\uFFFF\"",
                "\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", 12);
  check_decoded("\"\\ud83d\\uDE00\"", "\xf0\x9f\x98\x80", 4);
  check_decoded("12.50", "12.50", 5);
}

static void quoting(void **state)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);

  (void)state;
  lun_json_quote(&out,
                 (struct lun_span){"a\"\\/\b\f\n\r\t\0\x1f\x7f\xc3\xa9", 14});
  assert_string_equal(
      lun_buf_text(&out),
      "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\"");
  lun_buf_done(&out);
}

/* What is quoted and scanned again is what it was. */
static void quoting_comes_back(void **state)
{
  unsigned seed = 7;
  int round = 0;

  (void)state;
  for (round = 0; round < 2000; round++) {
    struct lun_buf quoted = LUN_BUF_INIT(ctx, 1000);
    struct lun_buf back = LUN_BUF_INIT(ctx, 1000);
    struct lun_json *json = NULL;
    char text[40] = "";
    size_t len = (size_t)rand_r(&seed) % sizeof(text);
    size_t i = 0;

    for (i = 0; i < len; i++)
      text[i] = (char)(rand_r(&seed) % 0x80);
    lun_json_quote(&quoted, (struct lun_span){text, len});
    assert_int_equal(
        lun_json_parse(&json, ctx, lun_buf_view(&quoted), "it", NULL), LUN_OK);
    lun_json_decode(&back, json, lun_buf_view(&quoted), 0);
    assert_int_equal(back.len, len);
    assert_memory_equal(lun_buf_text(&back), text, len);
    lun_json_unref(json);
    lun_buf_done(&quoted);
    lun_buf_done(&back);
  }
}

static void secrets(void **state)
{
  const char *text =
      "{\"p\":\"canary\",\"n\":1.10,\"e\":\"a\\n\\u0062\",\"b\":[]}";
  struct lun_span span = lun_span_of(text);
  struct lun_json *json = parse(text);
  lun_secret *source = NULL;
  lun_secret *field = NULL;
  struct lun_error err = {.code = LUN_OK};

  (void)state;
  assert_int_equal(lun_secret_new(&source, ctx, text, span.len, NULL), LUN_OK);
  assert_int_equal(lun_json_secret(&field, json, source, 2, NULL), LUN_OK);
  /* Nothing to decode: a part of the source itself. */
  assert_ptr_equal(lun_secret_view(field).ptr, lun_secret_view(source).ptr + 6);
  assert_span(lun_secret_view(field), "canary");
  lun_secret_unref(field);
  assert_int_equal(lun_json_secret(&field, json, source, 4, NULL), LUN_OK);
  assert_span(lun_secret_view(field), "1.10");
  lun_secret_unref(field);
  assert_int_equal(lun_json_secret(&field, json, source, 6, NULL), LUN_OK);
  assert_span(lun_secret_view(field), "a\nb");
  lun_secret_unref(field);
  assert_int_equal(lun_json_secret(&field, json, source, 8, &err),
                   LUN_EINVALID);
  lun_secret_unref(source);
  lun_json_unref(json);
}

static void references(void **state)
{
  struct lun_json *json = parse("[]");

  (void)state;
  assert_ptr_equal(lun_json_ref(json), json);
  lun_json_unref(json);
  lun_json_unref(json);
  lun_json_unref(NULL);
  assert_null(lun_json_ref(NULL));
}

static enum lun_code parse_some(struct lun_error *err)
{
  static const char text[] =
      "{\"a\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,"
      "25,26,27,28,29,30,31,32,33,34],\"b\":\"x\\ny\"}";
  struct lun_json *json = NULL;
  lun_secret *source = NULL;
  lun_secret *field = NULL;
  struct lun_buf out = LUN_BUF_INIT(ctx, 1000);
  enum lun_code rc = LUN_OK;

  rc = lun_json_parse(&json, ctx, lun_span_of(text), "it", err);
  if (rc == LUN_OK)
    rc = lun_secret_new(&source, ctx, text, strlen(text), err);
  if (rc == LUN_OK)
    rc = lun_json_secret(&field, json, source, json->count - 1, err);
  if (rc == LUN_OK) {
    lun_json_decode(&out, json, lun_span_of(text), json->count - 1);
    rc = lun_buf_status(&out, "it", err);
  }
  lun_buf_done(&out);
  lun_secret_unref(field);
  lun_secret_unref(source);
  lun_json_unref(json);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(parse_some);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(nodes_say_where),
      TEST(numbers_keep_their_text),
      TEST(refusals_name_the_place),
      TEST(nesting),
      TEST(too_many_values),
      TEST(members),
      TEST(elements),
      TEST(decoding),
      TEST(quoting),
      TEST(quoting_comes_back),
      TEST(secrets),
      TEST(references),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
