/* Secrets fetched in a session's name. */
#include "../../core/aws/fetch.h"
#include "aws.h"

#define LATER "2026-11-23T01:00:00Z"

static lun_session *session;

static int make_fetch(void **state)
{
  if (make_scene(state))
    return -1;
  set_env("AWS_ACCESS_KEY_ID", "AKIDENV");
  set_env("AWS_SECRET_ACCESS_KEY", "canary-secret");
  return 0;
}

static int free_fetch(void **state)
{
  lun_session_unref(session);
  session = NULL;
  return free_scene(state);
}

/* A session against a server with this script. */
static void against(const struct answer *script, int count)
{
  struct lun_session_options options = {.max_attempts = 1};

  lun_session_unref(session);
  session = NULL;
  end_servers();
  serve(script, count);
  assert_int_equal(
      lun_session_make(&session, ctx, &options, &scene_env, &error), LUN_OK);
}

static lun_fetch *start(const char *text)
{
  struct lun_ref ref = {.ctx = NULL};
  lun_fetch *fetch = NULL;

  memset(&error, 0, sizeof(error));
  assert_int_equal(lun_ref_parse(&ref, ctx, lun_span_of(text), &error), LUN_OK);
  assert_int_equal(lun_fetch_start(&fetch, session, &ref, &error), LUN_OK);
  lun_ref_done(&ref);
  return fetch;
}

/* Waits, and drops the handle; NULL and the error if it failed. */
static struct lun_value *finish(lun_fetch *fetch)
{
  struct lun_value *value = NULL;

  memset(&error, 0, sizeof(error));
  if (lun_fetch_wait(fetch, &value, &error))
    assert_null(value);
  assert_null(strstr(error.message, "canary"));
  lun_fetch_free(fetch);
  return value;
}

/* The secret that REF names, "!" and the message if there is an error. */
static const char *get(const char *ref)
{
  static char text[1200];
  struct lun_value *value = finish(start(ref));
  struct lun_span view = {NULL, 0};

  if (value != NULL)
    view = lun_secret_view(value->bytes);
  (void)snprintf(text, sizeof(text), "%s%.*s", value == NULL ? "!" : "",
                 (int)view.len, view.len == 0 ? "" : view.ptr);
  if (value == NULL)
    (void)snprintf(text, sizeof(text), "!%s", error.message);
  lun_value_unref(value);
  return text;
}

/* ---------------------------------------------------------------- asking -- */

static void what_is_sent(void **state)
{
  static const struct {
    const char *ref;
    const char *body;
    const char *region;
  } cases[] = {
      {"prod/db#a",
       "{\"SecretId\":\"prod/db\",\"VersionStage\":\"AWSCURRENT\"}",
       "/eu-central-1/"},
      {"prod/db?stage=AWSPREVIOUS",
       "{\"SecretId\":\"prod/db\",\"VersionStage\":\"AWSPREVIOUS\"}",
       "/eu-central-1/"},
      {"prod/db?version=v%2D1",
       "{\"SecretId\":\"prod/db\",\"VersionId\":\"v-1\"}", "/eu-central-1/"},
      {"prod/db?version=v-1&stage=a%22b",
       "{\"SecretId\":\"prod/db\",\"VersionId\":\"v-1\",\"VersionStage\":"
       "\"a\\\"b\"}",
       "/eu-central-1/"},
      {SECRET_ARN,
       "{\"SecretId\":\"" SECRET_ARN "\",\"VersionStage\":\"AWSCURRENT\"}",
       "/eu-central-1/"},
      {"arn:aws:secretsmanager:ap-south-1:444455556666:secret:prod/db-AbCdEf",
       "secret:prod/db-AbCdEf\",\"VersionStage\":\"AWSCURRENT\"}",
       "/ap-south-1/"},
      {"prod/db?region=eu-west-2", "{\"SecretId\":\"prod/db\"", "/eu-west-2/"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct answer script[] = {{SEND_IT, secret_answer("x")}};

    against(script, 1);
    (void)get(cases[i].ref);
    assert_int_equal(requests(), 1);
    assert_has(request(0), "X-Amz-Target: secretsmanager.GetSecretValue\r\n");
    assert_has(request(0), cases[i].body);
    assert_has(request(0), cases[i].region);
    assert_signed_by(request(0), "AKIDENV");
  }
}

static void one_fetch_is_shared(void **state)
{
  struct answer script[] = {{SEND_IT, secret_answer("one")},
                            {SEND_IT, secret_answer("two")}};
  lun_fetch *first = NULL;
  lun_fetch *second = NULL;
  struct lun_value *a = NULL;
  struct lun_value *b = NULL;

  (void)state;
  against(script, 2);
  first = start("prod/db#a");
  second = start("prod/db#b?c"); /* another path of the same secret */
  a = finish(second);
  b = finish(first);
  assert_non_null(a);
  assert_ptr_equal(a, b);
  lun_value_unref(b);
  assert_string_equal(get("prod/db"), "one");
  assert_string_equal(get("prod/db?stage=AWSCURRENT"), "one");
  assert_int_equal(requests(), 1);
  assert_string_equal(get("prod/db?stage=AWSPREVIOUS"), "two");
  assert_int_equal(requests(), 2);
  lun_fetch_forget(session, a);
  assert_string_equal(get("prod/db"), "two");
  assert_int_equal(requests(), 3);
  lun_fetch_forget(session, a); /* an old one, that is not there any more */
  assert_string_equal(get("prod/db"), "two");
  assert_int_equal(requests(), 3);
  lun_fetch_forget_all(session);
  assert_string_equal(get("prod/db"), "two");
  assert_int_equal(requests(), 4);
  lun_value_unref(a);
}

/* A failure is nobody's for long: the next use asks again. */
static void failed_ones_are_asked_again(void **state)
{
  struct answer script[] = {
      {SEND_IT, json_error(400, "ResourceNotFoundException")},
      {SEND_IT, secret_answer("one")}};
  lun_fetch *first = NULL;
  lun_fetch *second = NULL;

  (void)state;
  against(script, 2);
  first = start("prod/db");
  second = start("prod/db");
  assert_null(finish(first));
  assert_int_equal(error.code, LUN_ENOTFOUND);
  assert_has(error.message, "secret prod/db: words of AWS");
  assert_string_equal(error.aws_code, "ResourceNotFoundException");
  assert_string_equal(get("prod/db"), "one"); /* though SECOND is there still */
  assert_int_equal(requests(), 2);
  assert_null(finish(second));
  assert_string_equal(get("prod/db"), "one");
  assert_int_equal(requests(), 2);
}

static void many_at_once(void **state)
{
  struct answer script[] = {{SEND_IT, secret_answer("one")}};
  lun_fetch *fetches[8];
  struct lun_value *value = NULL;
  char ref[64] = "";
  int i = 0;

  (void)state;
  against(script, 1);
  for (i = 0; i < 8; i++) {
    (void)snprintf(ref, sizeof(ref), "prod/db?stage=s%d", i);
    fetches[i] = start(ref);
  }
  value = finish(fetches[7]); /* the others go on meanwhile */
  lun_value_unref(value);
  for (i = 0; i < 6; i++) {
    value = finish(fetches[i]);
    assert_non_null(value);
    lun_value_unref(value);
  }
  lun_fetch_free(fetches[6]);
  assert_int_equal(requests(), 8);
}

/* A handle keeps its session; one that nobody waits for is stopped. */
static void handles(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  struct answer good[] = {{SEND_IT, secret_answer("one")}};
  lun_fetch *fetch = NULL;
  struct lun_value *value = NULL;

  (void)state;
  lun_fetch_free(NULL);
  against(script, 1);
  lun_fetch_free(start("prod/db"));
  assert_null(lun_session_cache(session)->entries);
  fetch = start("prod/db");
  lun_session_unref(session);
  session = NULL;
  lun_fetch_free(fetch);
  against(good, 1);
  fetch = start("prod/db");
  lun_session_unref(session);
  session = NULL;
  value = finish(fetch);
  assert_non_null(value);
  lun_value_unref(value);
}

/* --------------------------------------------------------------- answers -- */

static const char *answer_for(const char *arn, const char *name)
{
  char body[1024] = "";

  (void)snprintf(body, sizeof(body),
                 "{\"ARN\":\"%s\",\"Name\":\"%s\",\"SecretString\":\"canary\"}",
                 arn, name);
  return answer_text(200, JSON_HEADER, body);
}

#define ARN_OF(rest) "arn:aws:secretsmanager:eu-central-1:444455556666:" rest

static void answers_for_another_secret(void **state)
{
  static const char *const cases[][2] = {
      {"prod/db", ARN_OF("secret:prod/dc-AbCdEf")},
      {"prod/db", ARN_OF("secret:prod/db")},
      {"prod/db", ARN_OF("secret:prod/db-extra-AbCdEf")},
      {"prod/db", ARN_OF("policy:prod/db-AbCdEf")},
      {"prod/db", "prod/db-AbCdEf"},
      {"prod/db", "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-AbCdEf"},
      {ARN_OF("secret:prod/db-AbCdEf"), ARN_OF("secret:prod/db-AbCdEg")},
      {ARN_OF("secret:prod/db-AbCdEf"),
       "arn:aws:secretsmanager:eu-central-1:444455556667:secret:prod/db-"
       "AbCdEf"},
      {ARN_OF("secret:prod/db"), ARN_OF("secret:prod/dbx-AbCdEf")},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct answer script[] = {{SEND_IT, answer_for(cases[i][1], "prod/db")}};

    against(script, 1);
    assert_has(get(cases[i][0]), "secret prod/db: the answer is for another");
    assert_int_equal(error.code, LUN_ESERVICE);
  }
}

static void answers_that_fit(void **state)
{
  static const char *const refs[] = {"prod/db", SECRET_ARN,
                                     ARN_OF("secret:prod/db")};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
    struct answer script[] = {{SEND_IT, secret_answer("one")}};

    against(script, 1);
    assert_string_equal(get(refs[i]), "one");
  }
}

static void answers_that_are_not_whole(void **state)
{
#define HEAD "{\"ARN\":\"" SECRET_ARN "\",\"Name\":\"prod/db\""
  static const char *const cases[][2] = {
      {HEAD "}", "either SecretString or SecretBinary"},
      {HEAD ",\"SecretString\":\"canary\",\"SecretBinary\":\"AA==\"}",
       "either SecretString or SecretBinary"},
      {HEAD ",\"SecretString\":\"canary\",\"SecretString\":\"canary\"}",
       "a member twice"},
      {"{\"Name\":\"prod/db\",\"SecretString\":\"canary\"}", "no ARN"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct answer script[] = {
        {SEND_IT, answer_text(200, JSON_HEADER, cases[i][0])}};

    against(script, 1);
    assert_has(get("prod/db"), cases[i][1]);
    assert_int_equal(error.code, LUN_ESERVICE);
  }
}

/* ----------------------------------------------------------- next steps -- */

#define BARE_ARN "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db"

static void where_it_was_looked_for(void **state)
{
  struct answer missing[] = {
      {SEND_IT, json_error(400, "ResourceNotFoundException")}};
  struct answer denied[] = {
      {SEND_IT, answer_text(400, JSON_HEADER,
                            "{\"__type\":\"AccessDeniedException\",\"Message\":"
                            "\"User: x is not authorized because no "
                            "identity-based policy allows it\"}")}};

  (void)state;
  against(missing, 1);
  assert_int_equal(get("prod/db")[0], '!');
  assert_has(error.hint, "looked for in eu-central-1");
  assert_int_equal(get("prod/db-AbCdEf")[0], '!');
  assert_has(error.hint, "did you mean \"prod/db\"?");
  assert_int_equal(get(SECRET_ARN)[0], '!');
  assert_has(error.hint, "last six characters");
  assert_int_equal(get(BARE_ARN)[0], '!');
  assert_has(error.hint, "no six-character suffix (-AbCdEf): write it whole");
  against(denied, 1);
  assert_int_equal(get(BARE_ARN)[0], '!');
  assert_int_equal(error.code, LUN_EACCESS);
  assert_has(error.hint, "no six-character suffix (-AbCdEf): write it whole; "
                         "if it is denied then, ");
  assert_int_equal(get("prod/db")[0], '!');
  assert_int_equal(error.code, LUN_EACCESS);
  assert_has(error.hint, "full ARN");
}

static void without_a_region(void **state)
{
  struct answer script[] = {{SEND_IT, secret_answer("one")}};

  (void)state;
  serve(script, 1);
  set_env("AWS_REGION", NULL);
  assert_int_equal(lun_session_make(&session, ctx,
                                    &(struct lun_session_options){.size = 0},
                                    &scene_env, &error),
                   LUN_OK);
  assert_has(get("prod/db"), "no region is known for secretsmanager");
  assert_int_equal(error.code, LUN_EINVALID);
  assert_int_equal(requests(), 0);
  assert_string_equal(get(SECRET_ARN), "one"); /* which names its region */
}

/* The machine's region, where nobody names one: the answer has to be of it. */
static void in_the_machine_s_region(void **state)
{
  struct answer script[] = {{SEND_IT, secret_answer("one")}};
  struct answer there[] = {{SEND_IT, imds_token()},
                           {SEND_IT, answer_text(200, "", "eu-central-1")}};
  struct answer elsewhere[] = {{SEND_IT, imds_token()},
                               {SEND_IT, answer_text(200, "", "eu-west-1")}};
  struct lun_session_options options = {.size = 0};

  (void)state;
  serve(script, 1);
  set_env("AWS_REGION", NULL);
  serve_imds(there, 2);
  assert_int_equal(
      lun_session_make(&session, ctx, &options, &scene_env, &error), LUN_OK);
  assert_string_equal(get("prod/db"), "one");
  lun_session_unref(session);
  session = NULL;
  server_stop(&scene.servers[1]);
  serve_imds(elsewhere, 2);
  assert_int_equal(
      lun_session_make(&session, ctx, &options, &scene_env, &error), LUN_OK);
  assert_has(get("prod/db"), "the answer is for another secret");
}

/* ---------------------------------------------------------------- expiry -- */

/* A metadata service: its token and its role serve for all SETS of keys. */
static void instance(int sets)
{
  static struct answer script[5];
  int n = 0;

  script[0] = (struct answer){SEND_IT, imds_token()};
  script[1] = (struct answer){SEND_IT, answer_text(200, "", "app")};
  for (n = 0; n < sets; n++) {
    char key[16] = "";

    (void)snprintf(key, sizeof(key), "ASIA%d", n);
    script[n + 2] = (struct answer){SEND_IT, imds_keys(key, LATER)};
  }
  serve_imds(script, sets + 2);
}

/* Credentials expire in mid-run: one refresh, one more try, for all. */
static void expired_in_mid_run(void **state)
{
  struct answer script[] = {{SEND_IT, json_error(400, "ExpiredTokenException")},
                            {SEND_IT, secret_answer("one")}};

  (void)state;
  set_env("AWS_ACCESS_KEY_ID", NULL);
  against(script, 2);
  lun_session_unref(session);
  session = NULL;
  instance(2);
  assert_int_equal(lun_session_make(&session, ctx,
                                    &(struct lun_session_options){.size = 0},
                                    &scene_env, &error),
                   LUN_OK);
  assert_string_equal(get("prod/db"), "one");
  assert_int_equal(requests(), 2);
  assert_signed_by(request(0), "ASIA0");
  assert_signed_by(request(1), "ASIA1");
  assert_int_equal(imds_requests(), 4);
}

static void expired_once_more(void **state)
{
  struct answer script[] = {
      {SEND_IT, json_error(400, "ExpiredTokenException")}};

  (void)state;
  set_env("AWS_ACCESS_KEY_ID", NULL);
  serve(script, 1);
  instance(3);
  assert_int_equal(lun_session_make(&session, ctx,
                                    &(struct lun_session_options){.size = 0},
                                    &scene_env, &error),
                   LUN_OK);
  assert_has(get("prod/db"), "secret prod/db: ");
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_string_equal(error.aws_code, "ExpiredTokenException");
  assert_int_equal(requests(), 2); /* and no third time */
}

static void expired_for_good(void **state)
{
  struct answer script[] = {
      {SEND_IT, json_error(400, "ExpiredTokenException")}};

  (void)state;
  against(script, 1); /* with the keys of the environment */
  assert_has(get("prod/db"), "the credentials of env have expired");
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_int_equal(requests(), 1);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code get_once(struct lun_error *err)
{
  static const struct lun_session_options options = {.max_attempts = 1};
  struct lun_ref ref = {.ctx = NULL};
  lun_session *mine = NULL;
  lun_fetch *fetch = NULL;
  struct lun_value *value = NULL;
  enum lun_code rc =
      lun_ref_parse(&ref, ctx, LUN_SPAN_LIT("prod/db?version=v-1"), err);

  if (rc)
    return rc;
  rc = lun_session_make(&mine, ctx, &options, &scene_env, err);
  if (!rc)
    rc = lun_fetch_start(&fetch, mine, &ref, err);
  if (!rc)
    rc = lun_fetch_wait(fetch, &value, err);
  lun_value_unref(value);
  lun_fetch_free(fetch);
  lun_session_unref(mine);
  lun_ref_done(&ref);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, secret_answer("{\\\"a\\\":1}")}};
  size_t blocks = ctx->account.live_blocks;
  enum lun_code rc = LUN_ENOMEM;
  int n = 0;

  (void)state;
  serve(script, 1);
  for (n = 0; rc == LUN_ENOMEM; n++) {
    assert_in_range(n, 0, 400);
    ctx->account.fail_after = n;
    rc = get_once(&error);
    ctx->account.fail_after = -1;
    assert_int_equal(ctx->account.live_blocks, blocks);
    assert_int_equal(ctx->live_secrets, 0);
  }
  assert_int_equal(rc, LUN_OK);
  assert_in_range(n, 40, 400);
}

#define CASE(function)                                                         \
  cmocka_unit_test_setup_teardown(function, make_fetch, free_fetch)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(what_is_sent),
      CASE(one_fetch_is_shared),
      CASE(failed_ones_are_asked_again),
      CASE(many_at_once),
      CASE(handles),
      CASE(answers_for_another_secret),
      CASE(answers_that_fit),
      CASE(answers_that_are_not_whole),
      CASE(where_it_was_looked_for),
      CASE(without_a_region),
      CASE(in_the_machine_s_region),
      CASE(expired_in_mid_run),
      CASE(expired_once_more),
      CASE(expired_for_good),
      CASE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
