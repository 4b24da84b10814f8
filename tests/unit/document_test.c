/* Documents with credentials in them: types, doubles, limits, dates. */
#include "../../core/creds/document.h"
#include "unit.h"

#include "../../core/base/error.h"

#define LATER 1795413600 /* 2026-11-23T06:00:00Z */

static const struct lun_document_names names = {.access_key_id = "AccessKeyId",
                                                .secret_access_key =
                                                    "SecretAccessKey",
                                                .session_token = "Token",
                                                .expiration = "Expiration",
                                                .account_id = "AccountId",
                                                .token_required = true,
                                                .expiration_required = true};

static struct lun_error error;
static struct lun_document doc;

/* An error that begins with what the document is called and has no value. */
static void assert_wrong(enum lun_code rc, const char *text)
{
  assert_int_equal(rc, LUN_ECREDENTIALS);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_string_equal(error.message, text);
  assert_null(strstr(error.message, "canary"));
  assert_string_equal(error.hint, "");
}

static enum lun_code open_text(const char *text)
{
  lun_document_close(&doc);
  memset(&error, 0, sizeof(error));
  return lun_document_open(&doc, ctx, lun_span_of(text), "the answer", &error);
}

static void whole(const char *text)
{
  if (open_text(text))
    fail_msg("%s", error.message);
}

static int make(void **state)
{
  memset(&doc, 0, sizeof(doc));
  return make_ctx(state);
}

static int close_doc(void **state)
{
  lun_document_close(&doc);
  return free_ctx(state);
}

#define DOCUMENT(function)                                                     \
  cmocka_unit_test_setup_teardown(function, make, close_doc)

/* ------------------------------------------------------------- document -- */

static void no_documents(void **state)
{
  static const char *const cases[][2] = {
      {"", "the answer is no valid JSON: line 1, column 1: the text is empty"},
      {"[\"canary\"]",
       "the answer: the whole of it is an array, not an object"},
      {"\"canary\"", "the answer: the whole of it is a string, not an object"},
      {"null", "the answer: the whole of it is null, not an object"},
      {"true", "the answer: the whole of it is a boolean, not an object"},
      {"1", "the answer: the whole of it is a number, not an object"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_wrong(open_text(cases[i][0]), cases[i][1]);
  assert_int_equal(open_text("{\"a\":\"canary\"\n,}"), LUN_ECREDENTIALS);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_non_null(
      strstr(error.message, "the answer is no valid JSON: line 2, column 2: "));
  assert_null(strstr(error.message, "canary"));
  lun_document_close(&doc); /* twice is fine */
}

static void too_large(void **state)
{
  static char text[LUN_DOCUMENT_MAX + 2];

  (void)state;
  memset(text, ' ', LUN_DOCUMENT_MAX);
  memcpy(text, "{}", 2);
  whole(text);
  text[LUN_DOCUMENT_MAX] = ' ';
  assert_wrong(open_text(text), "the answer is larger than 65536 bytes");
}

static void too_deep(void **state)
{
  char text[400] = "{\"a\":";
  size_t i = 0;

  (void)state;
  for (i = 0; i < 100; i++)
    text[5 + i] = '[';
  assert_int_equal(open_text(text), LUN_ECREDENTIALS);
  assert_non_null(strstr(error.message, "the answer is no valid JSON"));
}

/* -------------------------------------------------------------- members -- */

static void texts(void **state)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 8);

  (void)state;
  whole("{\"a\":\"one\",\"b\":null,\"n\":1,\"o\":{\"a\":\"two\"},"
        "\"x\":\"\\u0041\\n\",\"z\":\"a\\u0000canary\",\"d\":\"canary\","
        "\"\\u0064\":\"canary\",\"l\":\"canary-canary\"}");
  assert_int_equal(lun_document_text(&out, &doc, 0, "a", &error), LUN_OK);
  assert_int_equal(lun_document_text(&out, &doc, 0, "b", &error), LUN_OK);
  assert_int_equal(lun_document_text(&out, &doc, 0, "A", &error), LUN_OK);
  assert_int_equal(lun_document_text(&out, &doc, 0, "x", &error), LUN_OK);
  assert_string_equal(lun_buf_text(&out), "oneA\n");
  lun_buf_done(&out);
  assert_wrong(lun_document_text(&out, &doc, 0, "n", &error),
               "the answer: n is a number, not a string");
  assert_wrong(lun_document_text(&out, &doc, 0, "o", &error),
               "the answer: o is an object, not a string");
  assert_wrong(lun_document_text(&out, &doc, 0, "d", &error),
               "the answer: d occurs twice");
  assert_int_equal(out.len, 0);
  assert_wrong(lun_document_text(&out, &doc, 0, "z", &error),
               "the answer: z has a NUL in it");
  lun_buf_done(&out);
  assert_wrong(lun_document_text(&out, &doc, 0, "l", &error),
               "the answer: l is too long");
  lun_buf_done(&out);
}

static void objects(void **state)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, 100);
  size_t object = 99;

  (void)state;
  whole("{\"o\":{\"a\":{\"b\":\"deep\"}},\"n\":null,\"s\":\"canary\","
        "\"o2\":{},\"o2\":{}}");
  assert_int_equal(lun_document_object(&object, &doc, 0, "none", &error), 0);
  assert_int_equal(object, 0);
  assert_int_equal(lun_document_object(&object, &doc, 0, "n", &error), 0);
  assert_int_equal(object, 0);
  assert_int_equal(lun_document_object(&object, &doc, 0, "o", &error), 0);
  assert_int_equal(lun_document_object(&object, &doc, object, "a", &error), 0);
  assert_int_equal(lun_document_text(&out, &doc, object, "b", &error), 0);
  assert_string_equal(lun_buf_text(&out), "deep");
  assert_wrong(lun_document_object(&object, &doc, 0, "s", &error),
               "the answer: s is a string, not an object");
  assert_wrong(lun_document_object(&object, &doc, 0, "o2", &error),
               "the answer: o2 occurs twice");
  lun_buf_done(&out);
}

static void numbers(void **state)
{
  static const char *const bad[][2] = {
      {"s", "the answer: s is a string, not a number"},
      {"t", "the answer: t is a boolean, not a number"},
      {"f", "the answer: f is not a whole number"},
      {"e", "the answer: e is not a whole number"},
      {"big", "the answer: big is not a whole number"},
      {"less", "the answer: less is not a whole number"},
      {"d", "the answer: d occurs twice"},
  };
  int64_t number = 7;
  bool found = true;
  size_t i = 0;

  (void)state;
  whole("{\"one\":1,\"max\":9223372036854775807,\"less\":-1,\"null\":null,"
        "\"s\":\"1\","
        "\"t\":true,\"f\":1.5,\"e\":1e2,\"big\":9223372036854775808,"
        "\"d\":1,\"d\":1}");
  assert_int_equal(lun_document_int(&number, &found, &doc, 0, "no", &error), 0);
  assert_false(found);
  assert_int_equal(lun_document_int(&number, &found, &doc, 0, "null", &error),
                   0);
  assert_false(found);
  assert_int_equal(number, 7);
  assert_int_equal(lun_document_int(&number, &found, &doc, 0, "one", &error),
                   0);
  assert_true(found);
  assert_int_equal(number, 1);
  assert_int_equal(lun_document_int(&number, &found, &doc, 0, "max", &error),
                   0);
  assert_true(number == INT64_MAX);
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    assert_wrong(lun_document_int(&number, &found, &doc, 0, bad[i][0], &error),
                 bad[i][1]);
    assert_false(found);
  }
}

/* ---------------------------------------------------------- credentials -- */

#define KEY "\"AccessKeyId\":\"ASIAONE\","
#define HID "\"SecretAccessKey\":\"canary-secret\","
#define TOK "\"Token\":\"canary-token\","
#define END "\"Expiration\":\"2026-11-23T06:00:00Z\""

static enum lun_code take(struct lun_cred **out,
                          const struct lun_document_names *wanted,
                          struct lun_error *err)
{
  return lun_document_cred(out, &doc, 0, wanted, "test", "111122223333", err);
}

static void credentials(void **state)
{
  struct lun_cred *cred = NULL;

  (void)state;
  whole("{" KEY HID TOK END ",\"AccountId\":\"444455556666\",\"X\":[]}");
  assert_int_equal(take(&cred, &names, &error), LUN_OK);
  assert_string_equal(cred->access_key_id, "ASIAONE");
  assert_span(lun_secret_view(cred->secret_access_key), "canary-secret");
  assert_span(lun_secret_view(cred->session_token), "canary-token");
  assert_string_equal(cred->account_id, "444455556666");
  assert_string_equal(cred->provider, "test");
  assert_int_equal(cred->expires_at, LATER);
  lun_cred_unref(cred);
}

/* What may be absent, and what it then comes to. */
static void the_least(void **state)
{
  static const char *const texts[] = {
      "{" KEY HID "\"X\":1}",
      "{" KEY HID "\"Token\":null,\"Expiration\":null,\"AccountId\":null}",
      "{" KEY HID "\"Token\":\"\",\"AccountId\":\"\"}",
  };
  struct lun_document_names loose = names;
  struct lun_document_names few = {.access_key_id = "AccessKeyId",
                                   .secret_access_key = "SecretAccessKey"};
  struct lun_cred *cred = NULL;
  size_t i = 0;

  (void)state;
  loose.token_required = false;
  loose.expiration_required = false;
  for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    whole(texts[i]);
    assert_int_equal(take(&cred, &loose, &error), LUN_OK);
    assert_null(cred->session_token);
    assert_int_equal(cred->expires_at, 0);
    assert_string_equal(cred->account_id, "111122223333");
    lun_cred_unref(cred);
  }
  /* Members that such a document has not are not looked at. */
  whole("{" KEY HID "\"Token\":1,\"Expiration\":[],\"AccountId\":{}}");
  assert_int_equal(
      lun_document_cred(&cred, &doc, 0, &few, "test", NULL, &error), LUN_OK);
  assert_null(cred->account_id);
  lun_cred_unref(cred);
}

static void bad_credentials(void **state)
{
  static const char *const cases[][2] = {
      {"{" HID TOK END "}", "the answer: AccessKeyId is missing or empty"},
      {"{\"AccessKeyId\":\"\"," HID TOK END "}",
       "the answer: AccessKeyId is missing or empty"},
      {"{" KEY TOK END "}", "the answer: SecretAccessKey is missing or empty"},
      {"{" KEY HID END "}", "the answer: Token is missing or empty"},
      {"{" KEY HID TOK "\"X\":1}",
       "the answer: Expiration is missing or empty"},
      {"{" KEY HID TOK "\"Expiration\":null}",
       "the answer: Expiration is missing or empty"},
      {"{" KEY HID TOK "\"Expiration\":\"canary\"}",
       "the answer: Expiration is not a date"},
      {"{" KEY HID TOK "\"Expiration\":\"\"}",
       "the answer: Expiration is not a date"},
      {"{" KEY HID TOK "\"Expiration\":1795413600}",
       "the answer: Expiration is a number, not a string"},
      {"{" KEY KEY HID TOK END "}", "the answer: AccessKeyId occurs twice"},
      {"{" KEY HID HID TOK END "}", "the answer: SecretAccessKey occurs twice"},
      {"{" KEY HID TOK END "," END "}", "the answer: Expiration occurs twice"},
      {"{" KEY HID TOK END ",\"AccountId\":444455556666}",
       "the answer: AccountId is a number, not a string"},
      {"{" KEY HID TOK END ",\"AccountId\":\"canary.example/\"}",
       "the answer: AccountId is no account id"},
      {"{" KEY "\"SecretAccessKey\":\"canary secret\"," TOK END "}",
       "the answer: the secret access key of test has a blank, a control "
       "character or a character that is not ASCII"},
  };
  struct lun_cred *cred = NULL;
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    whole(cases[i][0]);
    assert_wrong(take(&cred, &names, &error), cases[i][1]);
    assert_null(cred);
  }
}

/* Times in ms; and none of them comes to "never". */
static void expirations(void **state)
{
  static const struct {
    const char *text;
    bool ms;
    int64_t at;
  } good[] = {
      {"1795413600999", true, LATER},
      {"0", true, 1},
      {"\"2026-11-23T06:00:00.123Z\"", false, LATER},
      {"\"2026-11-23T08:00:00+02:00\"", false, LATER},
      {"\"1970-01-01T00:00:00Z\"", false, 1},
      {"\"1969-01-01T00:00:00Z\"", false, 1},
  };
  struct lun_document_names other = names;
  struct lun_cred *cred = NULL;
  char text[200] = "";
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    (void)snprintf(text, sizeof(text), "{" KEY HID TOK "\"Expiration\":%s}",
                   good[i].text);
    whole(text);
    other.expiration_ms = good[i].ms;
    if (take(&cred, &other, &error))
      fail_msg("%s: %s", good[i].text, error.message);
    assert_int_equal(cred->expires_at, good[i].at);
    lun_cred_unref(cred);
    cred = NULL;
  }
  other.expiration_ms = true;
  whole("{" KEY HID TOK END "}");
  assert_wrong(take(&cred, &other, &error),
               "the answer: Expiration is a string, not a number");
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code read_all(struct lun_error *err)
{
  static const char text[] =
      "{\"o\":{" KEY HID "\"Token\":\"\\u0041canary\"," END "}}";
  struct lun_document mine = {0};
  struct lun_cred *cred = NULL;
  size_t object = 0;
  enum lun_code rc =
      lun_document_open(&mine, ctx, lun_span_of(text), "the answer", err);

  if (!rc)
    rc = lun_document_object(&object, &mine, 0, "o", err);
  if (!rc)
    rc = lun_document_cred(&cred, &mine, object, &names, "test", "1", err);
  lun_cred_unref(cred);
  lun_document_close(&mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  sweep(read_all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      DOCUMENT(no_documents),
      DOCUMENT(too_large),
      DOCUMENT(too_deep),
      DOCUMENT(texts),
      DOCUMENT(objects),
      DOCUMENT(numbers),
      DOCUMENT(credentials),
      DOCUMENT(the_least),
      DOCUMENT(bad_credentials),
      DOCUMENT(expirations),
      DOCUMENT(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
