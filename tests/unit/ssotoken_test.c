/* The token of IAM Identity Center: read, renewed, written back. */
#include "../../core/base/log.h"
#include "../../core/creds/ssotoken.h"
#include "sso.h"

#define FRESH "canary-renewed"

static struct lun_sso_token token;

static void drop_token(void)
{
  lun_sso_token_done(&token);
}

/* Gets the token of profile "dev", with the scene as it is now. */
static enum lun_code get(void)
{
  enum lun_code rc = LUN_OK;

  drop_token();
  memset(&error, 0, sizeof(error));
  rc = lun_sso_token_init(&token, place, "dev", &error);
  if (rc)
    return rc;
  lun_sso_token_start(&token, 0);
  rc = lun_loop_run(loop, &token.task, &error);
  assert_null(strstr(error.message, "canary"));
  assert_null(strstr(error.hint, "canary"));
  return rc;
}

static void gives(const char *text, int64_t expires_at)
{
  if (get())
    fail_msg("%s", error.message);
  assert_string_equal(lun_buf_text(&token.token), text);
  assert_int_equal(token.expires_at, expires_at);
}

/* It fails with TEXT, and says to log in. */
static void fails(const char *text)
{
  assert_int_equal(get(), LUN_ECREDENTIALS);
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_has(error.message, text);
  assert_string_equal(error.hint, "to refresh this SSO session run `aws sso "
                                  "login --profile dev`");
}

static int free_token(void **state)
{
  drop_token();
  drop_cache();
  return free_scene(state);
}

#define TOKEN(function)                                                        \
  cmocka_unit_test_setup_teardown(function, make_scene, free_token)

/* With CONFIG, a cache with TEXT, and IAM Identity Center with a script. */
static void set_up(const char *text, const struct answer *script, int count)
{
  set_config(CONFIG);
  set_cache(FILE_NEW, text);
  serve(script, count);
  assert_int_equal(load_settings(NULL), LUN_OK);
}

/* ---------------------------------------------------------------- cached -- */

static void used_while_it_lasts(void **state)
{
  static const struct answer never[] = {{SEND_IT, NULL}};

  (void)state;
  set_up(TOKEN_NEW(IN_20_MINUTES), never, 1);
  gives("canary-token", NOW + 1200);
  set_cache(FILE_NEW, TOKEN_OLD("2026-11-23T00:20:00UTC")); /* as of old */
  gives("canary-token", NOW + 1200);
  set_cache(FILE_NEW, TOKEN_OLD("2026-11-23T01:20:00.5+01:00"));
  gives("canary-token", NOW + 1200);
  assert_int_equal(requests(), 0);
}

/* Without a session, its file is called after the URL, and nothing renews
 * it. */
static void of_the_older_form(void **state)
{
  static const struct answer never[] = {{SEND_IT, NULL}};

  (void)state;
  set_up(TOKEN_NEW(IN_20_MINUTES), never, 1);
  set_config(CONFIG_OLD);
  assert_int_equal(load_settings(NULL), LUN_OK);
  fails("Error loading SSO Token: Token for https://ssotest.awsapps.com/start "
        "does not exist (there is no ");
  drop_cache();
  set_cache(FILE_OLD, TOKEN_NEW("2026-11-23T00:00:01Z"));
  gives("canary-token", NOW + 1);
  set_cache(FILE_OLD, TOKEN_NEW(NOW_ISO));
  fails("The SSO session associated with this profile has expired or is "
        "otherwise invalid (");
  assert_has(error.message, cache_file);
  assert_has(error.message, " expired at " NOW_ISO ")");
  assert_int_equal(requests(), 0);
}

static void no_cache(void **state)
{
  (void)state;
  set_config(CONFIG);
  assert_int_equal(load_settings(NULL), LUN_OK);
  fails("Error loading SSO Token: Token for corp does not exist (there is no ");
  assert_has(error.message, "/.aws/sso/cache/" FILE_NEW ")");
  set_env("HOME", NULL);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(get(), LUN_ECREDENTIALS);
  assert_has(error.message, "HOME is not set");
}

static void caches_that_cannot_be(void **state)
{
  static char large[70000];
  static const char *const rows[][2] = {
      {"", "the text is empty"},
      {"canary", "line 1"},
      {"[]", "is an array, not an object"},
      {"{\"expiresAt\":\"" IN_20_MINUTES "\"}", "accessToken is missing"},
      {"{\"accessToken\":\"\",\"expiresAt\":\"" IN_20_MINUTES "\"}",
       "accessToken is missing or empty"},
      {"{\"accessToken\":7,\"expiresAt\":\"" IN_20_MINUTES "\"}",
       "accessToken is a number, not a string"},
      {"{\"accessToken\":\"canary b\",\"expiresAt\":\"" IN_20_MINUTES "\"}",
       "accessToken has a character that no token can have"},
      {"{\"accessToken\":\"canary\\r\\nX: y\",\"expiresAt\":\"" IN_20_MINUTES
       "\"}",
       "accessToken has a character that no token can have"},
      {"{\"accessToken\":\"canary\\u0000\",\"expiresAt\":\"" IN_20_MINUTES
       "\"}",
       "accessToken has a NUL"},
      {"{\"accessToken\":\"a\",\"accessToken\":\"canary\",\"expiresAt\":"
       "\"" IN_20_MINUTES "\"}",
       "accessToken occurs twice"},
      {"{\"accessToken\":\"canary\"}", "expiresAt is missing"},
      {"{\"accessToken\":\"canary\",\"expiresAt\":1795392000}",
       "expiresAt is a number, not a string"},
      {"{\"accessToken\":\"canary\",\"expiresAt\":\"UTC\"}",
       "expiresAt is not a date"},
      {"{\"accessToken\":\"canary\",\"expiresAt\":\"soon\"}",
       "expiresAt is not a date"},
      {"{\"accessToken\":\"canary\",\"expiresAt\":\"2026-11-23T00:20:00"
       "0000000000000000UTC\"}",
       "expiresAt is not a date"},
  };
  size_t i = 0;

  (void)state;
  set_config(CONFIG);
  assert_int_equal(load_settings(NULL), LUN_OK);
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    set_cache(FILE_NEW, rows[i][0]);
    fails("Error loading SSO Token: Token for corp is invalid: ");
    assert_has(error.message, cache_file);
    assert_has(error.message, rows[i][1]);
  }
  memset(large, '[', 2000);
  set_cache(FILE_NEW, large);
  fails("nesting is too deep");
  memset(large, ' ', sizeof(large) - 1);
  set_cache(FILE_NEW, large);
  assert_int_equal(get(), LUN_ECREDENTIALS);
  assert_has(error.message, cache_file);
}

static void a_cache_that_is_no_file(void **state)
{
  (void)state;
  set_config(CONFIG);
  assert_int_equal(load_settings(NULL), LUN_OK);
  set_cache(FILE_NEW, "");
  assert_int_equal(unlink(cache_file), 0);
  assert_int_equal(mkdir(cache_file, 0700), 0);
  assert_int_equal(get(), LUN_ECREDENTIALS);
  assert_has(error.message, cache_file);
  assert_int_equal(rmdir(cache_file), 0);
}

/* --------------------------------------------------------------- renewed -- */

static void renewed(void **state)
{
  struct answer script[] = {{SEND_IT, token_answer("")}};
  struct stat info;

  (void)state;
  set_up(TOKEN_NEW(IN_10_MINUTES), script, 1);
  assert_int_equal(chmod(cache_file, 0644), 0);
  gives(FRESH, NOW + 28800);
  assert_int_equal(requests(), 1);
  assert_memory_equal(request(0), "POST /token HTTP/1.1\r\n", 22);
  assert_has(request(0), "Content-Type: application/json\r\n");
  assert_has(request(0), "\r\n\r\n{\"grantType\":\"refresh_token\","
                         "\"clientSecret\":\"canary-secret\","
                         "\"clientId\":\"canary-client\","
                         "\"refreshToken\":\"canary-refresh\"}");
  assert_null(strstr(request(0), "Authorization:"));
  /* A refresh token is good once: without a new one there is none. */
  assert_string_equal(
      cache_text(),
      "{\"startUrl\": \"https://corp.awsapps.com/start\", \"mine\": {\"a\": "
      "[1, \"b\\u0041\", null, true]}, \"clientId\": \"canary-client\", "
      "\"clientSecret\": \"canary-secret\", \"registrationExpiresAt\": "
      "\"2026-12-24T00:00:00Z\", \"accessToken\": \"canary-renewed\", "
      "\"expiresAt\": \"2026-11-23T08:00:00Z\"}");
  assert_int_equal(stat(cache_file, &info), 0);
  assert_int_equal(info.st_mode & 07777, 0600);
  /* What was written can be read. */
  gives(FRESH, NOW + 28800);
  assert_int_equal(requests(), 1);
}

static void renewed_with_the_next_refresh_token(void **state)
{
  struct answer script[] = {
      {SEND_IT, token_answer(",\"refreshToken\":\"canary-\\\"2\"")}};

  (void)state;
  set_up(TOKEN_NEW(PAST), script, 1);
  gives(FRESH, NOW + 28800);
  assert_has(cache_text(), "\"refreshToken\": \"canary-\\\"2\"}");
  assert_null(strstr(cache_text(), "canary-refresh"));
}

/* The region is the session's, and so is the endpoint's setting. */
static void at_the_endpoint_of_its_own(void **state)
{
  struct answer script[] = {{SEND_IT, token_answer("")}};
  char url[96] = "";

  (void)state;
  set_up(TOKEN_NEW(PAST), script, 1);
  (void)snprintf(url, sizeof(url), "%s/base", scene.servers[0].url);
  set_env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  set_env("AWS_ENDPOINT_URL_SSO_OIDC", url);
  assert_int_equal(load_settings(NULL), LUN_OK);
  gives(FRESH, NOW + 28800);
  assert_memory_equal(request(0), "POST /base/token HTTP/1.1\r\n", 27);
}

/* What of the file a renewal needs. */
static void not_renewable(void **state)
{
  static const struct answer never[] = {{SEND_IT, NULL}};
  static const char all[] =
      "{\"accessToken\":\"canary-token\",\"expiresAt\":\"%s\","
      "\"clientId\":%s,\"clientSecret\":%s,\"refreshToken\":%s,"
      "\"registrationExpiresAt\":%s}";
  static const char *const rows[][5] = {
      {"null", "\"canary\"", "\"canary\"", "\"2026-12-24T00:00:00Z\"",
       "it has no clientId"},
      {"\"canary\"", "\"\"", "\"canary\"", "\"2026-12-24T00:00:00Z\"",
       "it has no clientSecret"},
      {"\"canary\"", "\"canary\"", "null", "null", "it has no refreshToken"},
      {"\"canary\"", "\"canary\"", "\"canary\"", "null",
       "it has no registrationExpiresAt"},
      {"\"canary\"", "\"canary\"", "\"canary\"", "\"" NOW_ISO "\"",
       "the registration of the client that logged in has expired"},
      {"\"canary\"", "\"canary\"", "\"canary\"", "\"canary\"",
       "registrationExpiresAt is not a date"},
      {"\"canary\"", "\"canary\"", "[\"canary\"]", "\"2026-12-24T00:00:00Z\"",
       "refreshToken is an array, not a string"},
  };
  char text[512] = "";
  size_t i = 0;

  (void)state;
  set_up("", never, 1);
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    (void)snprintf(text, sizeof(text), all, IN_10_MINUTES, rows[i][0],
                   rows[i][1], rows[i][2], rows[i][3]);
    set_cache(FILE_NEW, text);
    gives("canary-token", NOW + 600);
    (void)snprintf(text, sizeof(text), all, PAST, rows[i][0], rows[i][1],
                   rows[i][2], rows[i][3]);
    set_cache(FILE_NEW, text);
    fails("Error when retrieving token from sso: Token has expired and "
          "refresh failed (");
    assert_has(error.message, cache_file);
    assert_has(error.message, rows[i][4]);
  }
  assert_int_equal(requests(), 0);
}

/* -------------------------------------------------------------- refused -- */

static const char *refusal(void)
{
  return answer_text(400, "x-amzn-ErrorType: InvalidGrantException\r\n",
                     "{\"error\":\"invalid_grant\",\"error_description\":"
                     "\"words of AWS\"}");
}

static void used_in_spite_of_a_refusal(void **state)
{
  struct answer script[] = {{SEND_IT, refusal()}};

  (void)state;
  set_up(TOKEN_NEW(IN_10_MINUTES), script, 1);
  gives("canary-token", NOW + 600);
  assert_int_equal(requests(), 1);
  assert_string_equal(cache_text(), TOKEN_NEW(IN_10_MINUTES));
  /* At most once a minute. */
  scene.mono_skip_ms += 59000;
  gives("canary-token", NOW + 600);
  assert_int_equal(requests(), 1);
  scene.mono_skip_ms += 1000;
  gives("canary-token", NOW + 600);
  assert_int_equal(requests(), 2);
}

static void refused_and_expired(void **state)
{
  struct answer script[] = {{SEND_IT, refusal()}};

  (void)state;
  set_up(TOKEN_NEW(PAST), script, 1);
  fails("Error when retrieving token from sso: Token has expired and refresh "
        "failed (");
  assert_has(error.message, "): words of AWS");
  assert_string_equal(error.aws_code, "InvalidGrantException");
  assert_string_equal(error.operation, "CreateToken");
  assert_int_equal(error.http_status, 400);
  fails("): the last attempt is less than a minute ago");
  assert_int_equal(requests(), 1);
}

/* Who has no network would not be helped by a login. */
static void out_of_reach_and_expired(void **state)
{
  struct answer script[] = {{SEND_IT, NULL}};

  (void)state;
  set_up(TOKEN_NEW(PAST), script, 1);
  set_env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  set_env("AWS_MAX_ATTEMPTS", "1");
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(get(), LUN_ENETWORK);
  assert_has(error.message, "Token has expired and refresh failed (");
  assert_has(error.message, "127.0.0.1:1");
  assert_null(strstr(error.hint, "aws sso login"));
}

static void answers_that_cannot_be(void **state)
{
  static const char *const rows[][2] = {
      {"{}", "accessToken is missing"},
      {"{\"accessToken\":\"canary b\",\"expiresIn\":1}", "accessToken has"},
      {"{\"accessToken\":\"canary\"}", "expiresIn is missing"},
      {"{\"accessToken\":\"canary\",\"expiresIn\":0}", "is no lifetime"},
      {"{\"accessToken\":\"canary\",\"expiresIn\":-5}", "expiresIn is"},
      {"{\"accessToken\":\"canary\",\"expiresIn\":99999999999}",
       "is no lifetime"},
      {"{\"accessToken\":\"canary\",\"expiresIn\":\"1\"}", "is a string"},
      {"{\"accessToken\":\"canary\",\"expiresIn\":1,\"refreshToken\":1}",
       "refreshToken is a number"},
  };
  struct answer script[sizeof(rows) / sizeof(rows[0])];
  int count = (int)(sizeof(rows) / sizeof(rows[0]));
  int i = 0;

  (void)state;
  for (i = 0; i < count; i++)
    script[i] = (struct answer){SEND_IT, answer_text(200, "", rows[i][0])};
  set_up(TOKEN_NEW(PAST), script, count);
  for (i = 0; i < count; i++) {
    scene.mono_skip_ms += 60000;
    assert_int_equal(get(), LUN_ESERVICE);
    assert_has(error.message, "the answer of CreateToken: ");
    assert_has(error.message, rows[i][1]);
    assert_string_equal(cache_text(), TOKEN_NEW(PAST));
  }
}

/* --------------------------------------------------------- circumstances -- */

static char words[256];
static const char *rewrite;

/* Another program logs in at the event called so. */
static void on_event(void *data, const struct lun_event *event)
{
  (void)data;
  if (strncmp(event->word, "sso.", 4) == 0)
    (void)snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s ",
                   event->word);
  if (rewrite != NULL && strcmp(event->word, rewrite) == 0)
    set_cache(FILE_NEW, TOKEN_NEW("2026-11-23T12:00:00Z"));
}

static void renewed_by_another(void **state)
{
  struct answer script[] = {{SEND_IT, refusal()}};

  (void)state;
  lun_log_sink(ctx, on_event, NULL);
  rewrite = "sso.renew_failed";
  set_up(TOKEN_NEW(PAST), script, 1);
  gives("canary-token", NOW + 43200);
  rewrite = NULL;
}

/* Somebody logs in while the service is asked. */
static void a_login_meanwhile(void **state)
{
  struct answer script[] = {{SEND_IT, token_answer("")}};

  (void)state;
  lun_log_sink(ctx, on_event, NULL);
  words[0] = '\0';
  rewrite = "http.done";
  set_up(TOKEN_NEW(PAST), script, 1);
  gives(FRESH, NOW + 28800);
  rewrite = NULL;
  assert_string_equal(words, "sso.cache_not_written sso.renewed ");
  assert_string_equal(cache_text(), TOKEN_NEW("2026-11-23T12:00:00Z"));
}

static void a_cache_that_cannot_be_written(void **state)
{
  struct answer script[] = {{SEND_IT, token_answer("")}};
  char real[192] = "";

  (void)state;
  lun_log_sink(ctx, on_event, NULL);
  set_up(TOKEN_NEW(PAST), script, 1);
  (void)snprintf(real, sizeof(real), "%s.real", cache_file);
  assert_int_equal(rename(cache_file, real), 0);
  assert_int_equal(symlink(real, cache_file), 0);
  words[0] = '\0';
  gives(FRESH, NOW + 28800);
  assert_string_equal(words, "sso.cache_not_written sso.renewed ");
  assert_string_equal(cache_text(), TOKEN_NEW(PAST));
  assert_int_equal(unlink(real), 0);
}

/* Five seconds pass at once, a little later. */
static enum lun_step skip_time(struct lun_task *task)
{
  if (task->what == NULL) {
    task->what = "waiting";
    lun_task_sleep(task, lun_clock_mono_ms(ctx) + 50);
    return LUN_STEP_WAIT;
  }
  scene.mono_skip_ms += 5000;
  return lun_task_end(task, LUN_OK, NULL);
}

/* Nobody waits long for what he can do without. */
static void no_answer_in_time(void **state)
{
  static const struct answer never[] = {{HANG, NULL}};
  struct lun_task skip = {.step = skip_time};

  (void)state;
  set_up(TOKEN_NEW(IN_10_MINUTES), never, 1);
  lun_task_start(loop, &skip, 0);
  gives("canary-token", NOW + 600);
  assert_true(skip.done);
  assert_int_equal(requests(), 1);
  /* There is always time left for what comes next. */
  scene.mono_skip_ms += 60000;
  drop_token();
  assert_int_equal(lun_sso_token_init(&token, place, "dev", &error), LUN_OK);
  lun_sso_token_start(&token, lun_clock_mono_ms(ctx) + 200);
  assert_int_equal(lun_loop_run(loop, &token.task, &error), LUN_OK);
  assert_string_equal(lun_buf_text(&token.token), "canary-token");
  lun_task_stop(&skip);
}

static void a_deadline(void **state)
{
  static const struct answer never[] = {{HANG, NULL}};

  (void)state;
  set_up(TOKEN_NEW(PAST), never, 1);
  assert_int_equal(lun_sso_token_init(&token, place, "dev", &error), LUN_OK);
  lun_sso_token_start(&token, lun_clock_mono_ms(ctx) + 100);
  assert_int_equal(lun_loop_run(loop, &token.task, &error), LUN_EDEADLINE);
}

static void traced(void **state)
{
  struct answer script[] = {{SEND_IT, refusal()}, {SEND_IT, token_answer("")}};
  struct lun_trace trace;
  int i = 0;

  (void)state;
  set_up(TOKEN_NEW(IN_10_MINUTES), script, 2);
  lun_trace_init(&trace, ctx);
  for (i = 0; i < 2; i++) {
    drop_token();
    scene.mono_skip_ms += 60000;
    assert_int_equal(lun_sso_token_init(&token, place, "dev", NULL), LUN_OK);
    token.trace = &trace;
    token.depth = 2;
    lun_sso_token_start(&token, 0);
    assert_int_equal(lun_loop_run(loop, &token.task, NULL), LUN_OK);
  }
  assert_int_equal(trace.nsteps, 2);
  assert_string_equal(trace.steps[0].name, "CreateToken");
  assert_string_equal(trace.steps[0].looked, scene.servers[0].url);
  assert_string_equal(trace.steps[0].why, "words of AWS");
  assert_int_equal(trace.steps[0].end, LUN_TRACE_FAILED);
  assert_int_equal(trace.steps[0].depth, 2);
  assert_int_equal(trace.steps[1].end, LUN_TRACE_FOUND);
  assert_string_equal(trace.steps[1].why, "a new token");
  lun_trace_clear(&trace);
}

/* ---------------------------------------------------------------- memory -- */

static enum lun_code get_once(struct lun_error *err)
{
  struct lun_sso_token mine = {.place = NULL};
  enum lun_code rc = LUN_OK;

  write_file(cache_file, TOKEN_NEW(PAST));
  scene.mono_skip_ms += 60000;
  rc = lun_sso_token_init(&mine, place, "dev", err);
  if (!rc) {
    lun_sso_token_start(&mine, 0);
    rc = lun_loop_run(loop, &mine.task, err);
  }
  lun_sso_token_done(&mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, token_answer("")}};

  (void)state;
  set_up(TOKEN_NEW(PAST), script, 1);
  assert_int_equal(get_once(NULL), LUN_OK); /* the loop has its driver now */
  sweep(get_once);
}

/* Expired and refused: the cause has to be lack of memory, or the refusal. */
static enum lun_code get_refused(struct lun_error *err)
{
  enum lun_code rc = get_once(err);

  if (rc != LUN_ECREDENTIALS)
    return rc;
  memset(err, 0, sizeof(*err));
  return LUN_OK;
}

static void every_allocation_of_a_refusal_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, refusal()}};

  (void)state;
  set_up(TOKEN_NEW(PAST), script, 1);
  assert_int_equal(get_once(NULL), LUN_ECREDENTIALS);
  sweep(get_refused);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TOKEN(used_while_it_lasts),
      TOKEN(of_the_older_form),
      TOKEN(no_cache),
      TOKEN(caches_that_cannot_be),
      TOKEN(a_cache_that_is_no_file),
      TOKEN(renewed),
      TOKEN(renewed_with_the_next_refresh_token),
      TOKEN(at_the_endpoint_of_its_own),
      TOKEN(not_renewable),
      TOKEN(used_in_spite_of_a_refusal),
      TOKEN(refused_and_expired),
      TOKEN(out_of_reach_and_expired),
      TOKEN(answers_that_cannot_be),
      TOKEN(renewed_by_another),
      TOKEN(a_login_meanwhile),
      TOKEN(a_cache_that_cannot_be_written),
      TOKEN(no_answer_in_time),
      TOKEN(a_deadline),
      TOKEN(traced),
      TOKEN(every_allocation_fails_once),
      TOKEN(every_allocation_of_a_refusal_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
