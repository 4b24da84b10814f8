/* What GetSecretValue may answer, and the fields of it. */
#include "../../core/aws/value.h"
#include "unit.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define ARN                                                                    \
  "arn:aws:secretsmanager:eu-central-1:444455556666:secret:prod/db-AbCdEf"
#define HEAD "{\"ARN\":\"" ARN "\",\"Name\":\"prod/db\""

static struct lun_value *value;
static struct lun_error error;

static enum lun_code read_text(const char *text)
{
  memset(&error, 0, sizeof(error));
  value = NULL;
  return lun_value_read(&value, ctx, lun_span_of(text), &error);
}

static void done(void)
{
  lun_value_unref(value);
  value = NULL;
}

/* -------------------------------------------------------------- answers -- */

static void whole(void **state)
{
  (void)state;
  assert_int_equal(
      read_text(HEAD ",\"VersionId\":\"v-1\",\"VersionStages\":[\"AWSCURRENT\","
                     "\"blue\"],\"CreatedDate\":1.523477145713E9,"
                     "\"SecretString\":\"canary\\n\\u00e9\",\"Later\":{}}"),
      LUN_OK);
  assert_string_equal(value->arn, ARN);
  assert_string_equal(value->name, "prod/db");
  assert_string_equal(value->version_id, "v-1");
  assert_string_equal(value->stages[0], "AWSCURRENT");
  assert_string_equal(value->stages[1], "blue");
  assert_null(value->stages[2]);
  assert_int_equal(value->created, 1523477145);
  assert_false(value->binary);
  assert_null(value->json);
  assert_span(lun_secret_view(value->bytes), "canary\n\xc3\xa9");
  assert_ptr_equal(lun_value_ref(value), value);
  lun_value_unref(value);
  assert_string_equal(value->name, "prod/db");
  done();
  lun_value_unref(NULL);
  assert_null(lun_value_ref(NULL));
}

static void as_little_as_may_be(void **state)
{
  (void)state;
  assert_int_equal(read_text(HEAD ",\"SecretBinary\":null,"
                                  "\"SecretString\":\"\"}"),
                   LUN_OK);
  assert_int_equal(lun_secret_view(value->bytes).len, 0);
  assert_null(value->version_id);
  assert_null(value->stages[0]);
  assert_int_equal(value->created, 0);
  done();
}

static void bytes(void **state)
{
  (void)state;
  assert_int_equal(read_text(HEAD ",\"SecretBinary\":\"AAEC/w==\"}"), LUN_OK);
  assert_true(value->binary);
  assert_int_equal(lun_secret_view(value->bytes).len, 4);
  assert_memory_equal(lun_secret_view(value->bytes).ptr, "\0\1\2\xff", 4);
  done();
  /* Bytes that look like JSON are bytes. */
  assert_int_equal(read_text(HEAD ",\"SecretBinary\":\"eyJhIjoxfQ==\"}"),
                   LUN_OK);
  assert_null(value->json);
  done();
}

static void dates(void **state)
{
  static const struct {
    const char *text;
    int64_t seconds;
  } cases[] = {
      {"1523477145", 1523477145},
      {"1523477145.713", 1523477145},
      {"1.523477145713E9", 1523477145},
      {"1.523477145713e+9", 1523477145},
      {"1.5e9", 1500000000},
      {"15E8", 1500000000},
      {"1.523477145713000000000000000E9", 1523477145},
      {"1523477145.99999999999999999999999", 1523477145},
      {"0", 0},
      {"-1", 0},
      {"1E99", 0},
      {"\"2026-11-23T00:00:00Z\"", 0},
      {"null", 0},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    char text[512] = "";

    (void)snprintf(text, sizeof(text),
                   HEAD ",\"CreatedDate\":%s,\"SecretString\":\"x\"}",
                   cases[i].text);
    assert_int_equal(read_text(text), LUN_OK);
    assert_int_equal(value->created, cases[i].seconds);
    done();
  }
}

static void refused(void **state)
{
#define X ",\"SecretString\":\"canary\"}"
  static const char *const cases[][2] = {
      {"canary", "is not JSON"},
      {HEAD X "x", "is not JSON"},
      {"[]", "has no ARN or no Name"},
      {"{\"Name\":\"prod/db\"" X, "has no ARN or no Name"},
      {"{\"ARN\":\"" ARN "\"" X, "has no ARN or no Name"},
      {"{\"ARN\":null,\"Name\":\"canary\"" X, "has no ARN or no Name"},
      {HEAD "}", "either SecretString or SecretBinary"},
      {HEAD ",\"SecretString\":null}", "either SecretString or SecretBinary"},
      {HEAD ",\"SecretBinary\":\"AA==\"" X, "either SecretString or Secret"},
      {HEAD ",\"SecretString\":\"canary-2\"" X, "has a member twice"},
      {HEAD ",\"Secret\\u0053tring\":\"canary-2\"" X, "has a member twice"},
      {HEAD ",\"Name\":\"canary\"" X, "has a member twice"},
      {HEAD ",\"ARN\":\"" ARN "\"" X, "has a member twice"},
      {HEAD ",\"CreatedDate\":1,\"CreatedDate\":2" X, "has a member twice"},
      {HEAD ",\"SecretString\":17}", "has a member of the wrong type"},
      {HEAD ",\"SecretString\":{\"a\":\"canary\"}}", "of the wrong type"},
      {"{\"ARN\":1,\"Name\":\"canary\"" X, "has a member of the wrong type"},
      {HEAD ",\"VersionId\":7" X, "has a member of the wrong type"},
      {HEAD ",\"SecretBinary\":\"canary!\"}", "SecretBinary that is not base6"},
      {HEAD ",\"SecretBinary\":\"AA\"}", "SecretBinary that is not base64"},
      {HEAD ",\"VersionStages\":\"AWSCURRENT\"" X, "VersionStages that are no"},
      {HEAD ",\"VersionStages\":[1]" X, "has a member of the wrong type"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    assert_int_equal(read_text(cases[i][0]), LUN_ESERVICE);
    assert_null(value);
    if (strstr(error.message, cases[i][1]) == NULL)
      fail_msg("%s", error.message);
    assert_null(strstr(error.message, "canary"));
  }
}

static void too_many_stages(void **state)
{
  char text[2048] = HEAD ",\"VersionStages\":[\"a\"";
  int i = 0;

  (void)state;
  for (i = 0; i < 64; i++)
    (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), ",\"a\"");
  (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "]" X);
  assert_int_equal(read_text(text), LUN_ESERVICE);
  assert_non_null(strstr(error.message, "too many VersionStages"));
}

/* A name cannot hide a part of itself behind a NUL. */
static void names_with_a_nul(void **state)
{
  (void)state;
  assert_int_equal(
      read_text("{\"ARN\":\"" ARN "\\u0000x\",\"Name\":\"prod/db\"" X),
      LUN_ESERVICE);
  assert_int_equal(read_text("{\"ARN\":\"" ARN "\",\"Name\":\"a\\u0000b\"" X),
                   LUN_ESERVICE);
}

/* --------------------------------------------------------------- fields -- */

/* The secret {...} with TEXT between its braces, escaped for the answer. */
static void document(const char *json)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, 65536);
  const char *at = json;

  lun_buf_adds(&text, HEAD ",\"SecretString\":\"");
  for (; *at != '\0'; at++) {
    if (*at == '"' || *at == '\\')
      lun_buf_addc(&text, '\\');
    lun_buf_addc(&text, *at);
  }
  lun_buf_adds(&text, "\"}");
  assert_int_equal(read_text(lun_buf_text(&text)), LUN_OK);
  lun_buf_done(&text);
}

/* What the path picks, "!" and the message if it is an error. */
static const char *pick(const char *path)
{
  static char text[1200];
  lun_secret *part = NULL;
  struct lun_span view = {NULL, 0};
  enum lun_code rc = LUN_OK;

  memset(&error, 0, sizeof(error));
  rc = lun_value_pick(&part, value, path, &error);
  if (rc)
    assert_null(part);
  view = rc ? lun_span_of(error.message) : lun_secret_view(part);
  (void)snprintf(text, sizeof(text), "%s%.*s", rc ? "!" : "", (int)view.len,
                 view.len == 0 ? "" : view.ptr);
  lun_secret_unref(part);
  return text;
}

static void fields(void **state)
{
  (void)state;
  document("{\"password\":\"canary \\\"1\\\"\",\"port\":5432,"
           "\"big\":123456789012345678,\"rate\":1.10,\"on\":true,"
           "\"off\":false,\"none\":null,\"empty\":\"\","
           "\"list\":[{\"host\":\"a\"},{\"host\":\"b\"}],\"odd.key\":\"c\"}");
  assert_non_null(value->json);
  assert_string_equal(pick("password"), "canary \"1\"");
  assert_string_equal(pick("port"), "5432");
  assert_string_equal(pick("big"), "123456789012345678");
  assert_string_equal(pick("rate"), "1.10");
  assert_string_equal(pick("on"), "true");
  assert_string_equal(pick("off"), "false");
  assert_string_equal(pick("none"), "null");
  assert_string_equal(pick("empty"), "");
  assert_string_equal(pick("list[1].host"), "b");
  assert_string_equal(pick("list[1]"), "{\"host\":\"b\"}");
  assert_string_equal(pick("list"), "[{\"host\":\"a\"},{\"host\":\"b\"}]");
  assert_string_equal(pick("[\"odd.key\"]"), "c");
  assert_memory_equal(pick(NULL), "{\"password\":", 12);
  done();
}

static void fields_that_are_not_there(void **state)
{
  (void)state;
  document("{\"password\":\"canary\",\"list\":[1]}");
  assert_string_equal(pick("pasword"),
                      "!secret prod/db#pasword: no field \"pasword\" at the "
                      "top");
  assert_int_equal(error.code, LUN_ENOTFOUND);
  assert_non_null(strstr(pick("list[1]"), "no element [1]"));
  assert_non_null(strstr(pick("password.x"), "is a string, not an object"));
  assert_null(strstr(error.message, "canary"));
  assert_int_equal(pick("a..b")[0], '!');
  assert_int_equal(error.code, LUN_EINVALID);
  done();
}

static void no_json_no_fields(void **state)
{
  static const char *const texts[] = {"canary", "{canary", "[1,canary]", "17",
                                      "\"canary\""};
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(texts); i++) {
    document(texts[i]);
    assert_null(value->json);
    assert_string_equal(pick("x"), "!secret prod/db#x: prod/db is not JSON, so "
                                   "it has no fields");
    assert_int_equal(error.code, LUN_ENOTFOUND);
    assert_non_null(strstr(error.hint, "without #path"));
    assert_string_equal(pick(NULL), texts[i]);
    done();
  }
}

/* A part keeps what it is a part of. */
static void a_part_outlives_its_value(void **state)
{
  lun_secret *part = NULL;

  (void)state;
  document(" [\"canary\"] ");
  assert_int_equal(lun_value_pick(&part, value, "[0]", &error), LUN_OK);
  done();
  assert_span(lun_secret_view(part), "canary");
  lun_secret_unref(part);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code read_string(struct lun_error *err)
{
  static const char text[] =
      HEAD ",\"VersionId\":\"v\",\"VersionStages\":[\"a\",\"b\"],"
           "\"SecretString\":\"{\\\"a\\\":\\\"canary\\\\n\\\"}\"}";
  struct lun_value *mine = NULL;
  lun_secret *part = NULL;
  enum lun_code rc = lun_value_read(
      &mine, ctx, (struct lun_span){text, sizeof(text) - 1}, err);

  if (!rc)
    rc = lun_value_pick(&part, mine, "a", err);
  lun_secret_unref(part);
  lun_value_unref(mine);
  return rc;
}

static enum lun_code read_binary(struct lun_error *err)
{
  static const char text[] = HEAD ",\"SecretBinary\":\"AAEC/w==\"}";
  struct lun_value *mine = NULL;
  enum lun_code rc = lun_value_read(
      &mine, ctx, (struct lun_span){text, sizeof(text) - 1}, err);

  lun_value_unref(mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  sweep(read_string);
  sweep(read_binary);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(whole),
      TEST(as_little_as_may_be),
      TEST(bytes),
      TEST(dates),
      TEST(refused),
      TEST(too_many_stages),
      TEST(names_with_a_nul),
      TEST(fields),
      TEST(fields_that_are_not_there),
      TEST(no_json_no_fields),
      TEST(a_part_outlives_its_value),
      TEST(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
