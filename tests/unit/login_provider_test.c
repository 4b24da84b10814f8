/* Sessions of `aws login`: the keys in the cache, and their renewal. */
#include "provider.h"

#include "../../core/base/log.h"
#include "login.h"

static char words[256];       /* of the log */
static const char *at_word;   /* when it is logged, ... */
static const char *rewritten; /* ... the file gets this text */

static void on_event(void *data, const struct lun_event *event)
{
  (void)data;
  if (strncmp(event->word, "login.", 6) == 0)
    (void)snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s ",
                   event->word);
  if (at_word != NULL && strcmp(event->word, at_word) == 0)
    set_session(rewritten);
}

static int make_all(void **state)
{
  words[0] = '\0';
  at_word = NULL;
  return make_login(state);
}

static int free_all(void **state)
{
  drop_provider();
  drop_login();
  return free_scene(state);
}

#define LOGIN(function)                                                        \
  cmocka_unit_test_setup_teardown(function, make_all, free_all)

/* The file's text, and a service that answers with SCRIPT. */
static void set_up(const char *text, const struct answer *script, int count)
{
  set_session(text);
  serve(script, count);
  lun_log_sink(ctx, on_event, NULL);
}

static const struct answer never[] = {{HANG, NULL}};

/* ----------------------------------------------------------- configured -- */

static void not_configured(void **state)
{
  (void)state;
  set_config("[profile signin]\nlogin_session =\n");
  passes(lun_provider_login, NULL, "no login_session");
  assert_string_equal(provider->looked, "login_session of profile \"signin\"");
  set_config("[profile signin]\n[profile other]\nlogin_session = x\n");
  passes(lun_provider_login, NULL, "no login_session");
}

static void a_session(void **state)
{
  char looked[600] = "";

  (void)state;
  set_up(session_text("ASIAONE", IN_15_MINUTES), never, 1);
  gives(lun_provider_login, NULL, "ASIAONE", "token-ASIAONE");
  assert_string_equal(provider->cred->account_id, "012345678901");
  assert_int_equal(provider->cred->expires_at, NOW + 900);
  assert_int_equal(provider->skew, 0);
  (void)snprintf(looked, sizeof(looked),
                 "profile \"signin\" in %s:2, session in %s", scene.config,
                 session_path);
  assert_string_equal(provider->looked, looked);
  assert_string_equal(provider->found, "session " SESSION_NAME);
  assert_int_equal(requests(), 0);
}

static void of_a_source_profile(void **state)
{
  (void)state;
  set_config(LOGIN_CONFIG "[profile top]\nregion = eu-west-1\n");
  set_env("AWS_PROFILE", "top");
  set_up(session_text("ASIAONE", IN_15_MINUTES), never, 1);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_login(&provider, place, "signin", &error),
                   LUN_OK);
  lun_task_start(loop, &provider->task, 0);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_OK);
  assert_string_equal(provider->cred->access_key_id, "ASIAONE");
}

static void no_session(void **state)
{
  char text[600] = "";

  (void)state;
  (void)snprintf(text, sizeof(text),
                 "profile \"signin\" (%s:2): Error loading login session "
                 "token: there is no %s",
                 scene.config, session_path);
  fails(lun_provider_login, NULL, text);
  assert_string_equal(error.hint,
                      "to log in again run `aws login --profile signin`");
  set_session("{\"accessToken\": \"canary\"}");
  (void)snprintf(text, sizeof(text),
                 "profile \"signin\" (%s:2): Error loading login session "
                 "token: %s: accessToken is a string, not an object",
                 scene.config, session_path);
  fails(lun_provider_login, NULL, text);
  assert_has(error.hint, "aws login --profile signin");
}

/* A file that we may not read is there: who logs in again changes nothing. */
static void a_session_of_another_user(void **state)
{
  uid_t root = geteuid();
  enum lun_code rc = LUN_OK;

  (void)state;
  set_session(session_text("ASIAONE", IN_15_MINUTES));
  assert_int_equal(chmod(session_path, 0), 0);
  assert_int_equal(load_settings(NULL), LUN_OK);
  if (root == 0)
    assert_int_equal(seteuid(12345), 0);
  rc = ask_once(lun_provider_login, &error);
  assert_int_equal(seteuid(root), 0);
  assert_int_equal(rc, LUN_ECREDENTIALS);
  assert_has(error.message, session_path);
  assert_has(error.message, ": cannot open it: Permission denied");
  assert_has(error.hint, "check the owner and the mode");
}

/* ------------------------------------------------------------- how long -- */

/* Asks for others than KEY, which ends at DATE. */
static enum lun_code ask_again(const char *key, int64_t date)
{
  struct lun_cred_fields fields = {.access_key_id = lun_span_of(key),
                                   .secret_access_key = LUN_SPAN_LIT("x"),
                                   .expires_at = date,
                                   .provider = "login"};
  struct lun_cred *before = NULL;
  enum lun_code rc = LUN_OK;

  drop_provider();
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_cred_new(&before, ctx, &fields, NULL), LUN_OK);
  assert_int_equal(lun_provider_login(&provider, place, NULL, NULL), LUN_OK);
  provider->before = before;
  lun_task_start(loop, &provider->task, 0);
  rc = lun_loop_run(loop, &provider->task, &error);
  lun_cred_unref(before);
  return rc;
}

/* Who has none takes any that have not ended; who wants others takes others,
 * if they last for more than five minutes. */
static void how_long_they_do(void **state)
{
  struct answer script[] = {{SEND_IT, login_answer("ASIANEW")}};

  (void)state;
  set_up(session_text("ASIAONE", IN_1_SECOND), script, 1);
  gives(lun_provider_login, NULL, "ASIAONE", "token-ASIAONE");
  assert_int_equal(requests(), 0);

  set_session(session_text("ASIATWO", IN_301_SECONDS));
  assert_int_equal(ask_again("ASIAONE", NOW + 60), LUN_OK);
  assert_string_equal(provider->cred->access_key_id, "ASIATWO");
  assert_int_equal(requests(), 0);

  set_session(session_text("ASIATWO", IN_5_MINUTES));
  assert_int_equal(ask_again("ASIAONE", NOW + 60), LUN_OK);
  assert_string_equal(provider->cred->access_key_id, "ASIANEW");
  assert_int_equal(requests(), 1);

  set_session(session_text("ASIAONE", IN_15_MINUTES));
  assert_int_equal(ask_again("ASIAONE", NOW + 900), LUN_OK);
  assert_string_equal(provider->cred->access_key_id, "ASIANEW");
  assert_int_equal(requests(), 2);

  set_session(session_text("ASIAONE", NOW_ISO));
  gives(lun_provider_login, NULL, "ASIANEW", "token-ASIANEW");
  assert_int_equal(requests(), 3);
}

/* -------------------------------------------------------------- renewal -- */

/* Appends part N of the DPoP header of a request, out of base64url. */
static void add_part(struct lun_buf *out, const char *request, int n)
{
  struct lun_buf digits = LUN_BUF_INIT(ctx, 4096);
  const char *at = strstr(request, "\r\nDPoP: ");

  assert_non_null(at);
  for (at += 8; n > 0; n--)
    at = strchr(at, '.') + 1;
  for (; lun_text_alnum(*at) || *at == '-' || *at == '_'; at++)
    lun_buf_addc(&digits, (char)(*at == '-' ? '+' : *at == '_' ? '/' : *at));
  while (digits.len % 4 != 0)
    lun_buf_addc(&digits, '=');
  assert_true(lun_text_unbase64(out, lun_buf_view(&digits)));
  lun_buf_done(&digits);
}

/* The request proves what it has to, for a call to BASE + "/v1/token". */
static void proves(const char *request, const char *base, int64_t time)
{
  struct lun_buf part = LUN_BUF_INIT(ctx, 4096);
  char want[256] = "";
  int len = snprintf(want, sizeof(want),
                     "{\"htm\":\"POST\",\"htu\":\"%s/v1/token\",\"iat\":%lld,"
                     "\"jti\":\"",
                     base, (long long)time);

  add_part(&part, request, 0);
  assert_has(lun_buf_text(&part), "\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"");
  lun_buf_cut(&part, 0);
  add_part(&part, request, 1);
  assert_memory_equal(lun_buf_text(&part), want, (size_t)len);
  assert_int_equal(part.len, len + 36 + 2);
  lun_buf_cut(&part, 0);
  add_part(&part, request, 2);
  assert_int_equal(part.len, 64);
  lun_buf_done(&part);
}

static void renewed(void **state)
{
  struct answer script[] = {{SEND_IT, login_answer("ASIANEW")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  gives(lun_provider_login, NULL, "ASIANEW", "token-ASIANEW");
  assert_int_equal(provider->cred->expires_at, NOW + 900);
  assert_string_equal(provider->cred->account_id, "012345678901");
  assert_string_equal(provider->found, "session " SESSION_NAME ", renewed");
  assert_int_equal(requests(), 1);
  assert_memory_equal(request(0), "POST /v1/token HTTP/1.1\r\n", 25);
  assert_has(request(0), "\r\nContent-Type: application/json\r\n");
  assert_has(request(0),
             "\r\n\r\n{\"clientId\":\"arn:aws:signin:::devtools/same-device\","
             "\"refreshToken\":\"canary-refresh\",\"grantType\":"
             "\"refresh_token\"}");
  assert_null(strstr(request(0), "Authorization"));
  proves(request(0), scene.servers[0].url, NOW);
  assert_string_equal(file_text(), renewed_text("ASIANEW", IN_15_MINUTES));
  assert_string_equal(words, "login.renewed ");
  /* The next time the file has them. */
  gives(lun_provider_login, NULL, "ASIANEW", "token-ASIANEW");
  assert_int_equal(requests(), 1);
}

/* The proof names the URL that is asked, without its query. */
static void at_an_endpoint_of_its_own(void **state)
{
  struct answer script[] = {{SEND_IT, login_answer("ASIANEW")}};
  char base[128] = "";
  char url[160] = "";

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  (void)snprintf(base, sizeof(base), "%s/base", scene.servers[0].url);
  (void)snprintf(url, sizeof(url), "%s/?a=b", base);
  set_env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  set_env("AWS_ENDPOINT_URL_SIGNIN", url);
  scene.wall_s++;
  gives(lun_provider_login, NULL, "ASIANEW", "token-ASIANEW");
  assert_memory_equal(request(0), "POST /base/v1/token?a=b HTTP/1.1\r\n", 34);
  proves(request(0), base, NOW + 1);
}

static void no_region(void **state)
{
  (void)state;
  set_session(session_text("ASIAOLD", PAST));
  set_env("AWS_REGION", NULL);
  assert_int_equal(ask(lun_provider_login, NULL), LUN_EINVALID);
  assert_has(error.message, "profile \"signin\"");
  assert_has(error.message, "no region is known for signin");
  assert_has(error.hint, "AWS_REGION");
  /* Keys that last need none. */
  set_session(session_text("ASIAONE", IN_15_MINUTES));
  gives(lun_provider_login, NULL, "ASIAONE", "token-ASIAONE");
}

static void a_private_key_that_is_none(void **state)
{
  char *at = NULL;

  (void)state;
  at = strstr(dpop_key, "-----END");
  assert_non_null(at);
  at[5] = 'x';
  set_up(session_text("ASIAOLD", PAST), never, 1);
  at[5] = 'E';
  fails(lun_provider_login, NULL, session_path);
  assert_has(error.message, "Error loading login session token: /");
  assert_has(error.message, "the DPoP key is not an EC P-256 private key");
  assert_null(strstr(error.message, "BEGIN"));
  assert_has(error.hint, "aws login --profile signin");
  assert_int_equal(requests(), 0);
}

/* -------------------------------------------------------------- refused -- */

static void refused(void **state)
{
  static const char over[] =
      "Your session has expired or credentials have changed. Please "
      "reauthenticate using 'aws login'. 127.0.0.1";
  static const char denied[] = "AccessDeniedException";
  static const struct {
    const char *code;
    const char *word;
    const char *message;
    const char *hint;
  } rows[] = {
      {denied, "TOKEN_EXPIRED", over, "to log in again run `aws login"},
      {denied, "USER_CREDENTIALS_CHANGED", over,
       "to log in again run `aws login"},
      {denied, "INSUFFICIENT_PERMISSIONS",
       "without permission for signin:CreateOAuth2Token. 127.0.0.1",
       "have a policy of whoever logged in allow signin:CreateOAuth2Token, "
       "then run `aws login --profile signin`"},
      {denied, "AUTHCODE_EXPIRED", "the login session could not be renewed: ",
       "to log in again run `aws login"},
      {"ValidationException", "INVALID_REQUEST",
       "the login session could not be renewed: ",
       "to log in again run `aws login"},
  };
  struct answer script[sizeof(rows) / sizeof(rows[0])];
  int count = (int)(sizeof(rows) / sizeof(rows[0]));
  int i = 0;

  (void)state;
  for (i = 0; i < count; i++)
    script[i] =
        (struct answer){SEND_IT, login_error(400, rows[i].code, rows[i].word)};
  set_up(session_text("ASIAOLD", PAST), script, count);
  for (i = 0; i < count; i++) {
    fails(lun_provider_login, NULL, rows[i].message);
    assert_has(error.message, "profile \"signin\" (");
    assert_has(error.message, ": words of AWS");
    assert_has(error.hint, rows[i].hint);
    assert_string_equal(error.aws_code, rows[i].code);
    assert_string_equal(error.operation, "CreateOAuth2Token");
    assert_int_equal(error.http_status, 400);
    assert_string_equal(file_text(), session_text("ASIAOLD", PAST));
  }
  assert_int_equal(requests(), count);
}

/* No word of AWS's: it may well be another server. */
static void refused_without_a_word(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(400, "", "")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  fails(lun_provider_login, NULL, "the login session could not be renewed: ");
  assert_has(error.message, "HTTP status 400");
}

/* Who has no network would not be helped by a login. */
static void out_of_reach(void **state)
{
  struct answer script[] = {{SEND_IT, answer_text(500, "", "")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  set_env("AWS_MAX_ATTEMPTS", "1");
  assert_int_equal(ask(lun_provider_login, NULL), LUN_ESERVICE);
  assert_has(error.message, "the login session could not be renewed: ");
  assert_null(strstr(error.hint, "aws login"));
  set_env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  assert_int_equal(ask(lun_provider_login, NULL), LUN_ENETWORK);
  assert_has(error.message, "127.0.0.1:1");
  assert_null(strstr(error.hint, "aws login"));
  assert_string_equal(words, "login.renew_failed login.renew_failed ");
}

static void an_answer_that_cannot_be(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(200, "", "{\"accessToken\":\"canary\"}")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  assert_int_equal(ask(lun_provider_login, NULL), LUN_ESERVICE);
  assert_has(error.message, "the answer of CreateOAuth2Token: accessToken is a "
                            "string, not an object");
  assert_string_equal(file_text(), session_text("ASIAOLD", PAST));
}

static void a_deadline(void **state)
{
  (void)state;
  set_up(session_text("ASIAOLD", PAST), never, 1);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(lun_provider_login(&provider, place, NULL, NULL), LUN_OK);
  lun_task_start(loop, &provider->task, lun_clock_mono_ms(ctx) + 100);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_EDEADLINE);
}

/* --------------------------------------------------------- circumstances -- */

/* A refresh token serves once: who comes second finds the first one's keys. */
static void renewed_by_another(void **state)
{
  struct answer script[] = {
      {SEND_IT, login_error(400, "AccessDeniedException", "TOKEN_EXPIRED")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  at_word = "login.renew_failed";
  rewritten = session_text("ASIAOTHER", IN_15_MINUTES);
  gives(lun_provider_login, NULL, "ASIAOTHER", "token-ASIAOTHER");
  assert_string_equal(provider->found,
                      "session " SESSION_NAME ", renewed by another");
  set_session(session_text("ASIAOLD", PAST));
  rewritten = session_text("ASIAOTHER", IN_5_MINUTES);
  fails(lun_provider_login, NULL, "Your session has expired");
  set_session(session_text("ASIAOLD", PAST));
  rewritten = "canary";
  fails(lun_provider_login, NULL, "Your session has expired");
}

/* Somebody logs in while the service is asked. */
static void a_login_meanwhile(void **state)
{
  struct answer script[] = {{SEND_IT, login_answer("ASIANEW")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  at_word = "http.done";
  rewritten = session_text("ASIAOTHER", IN_15_MINUTES);
  gives(lun_provider_login, NULL, "ASIANEW", "token-ASIANEW");
  assert_string_equal(file_text(), rewritten);
  assert_string_equal(words, "login.cache_not_written login.renewed ");
}

static void traced(void **state)
{
  struct answer script[] = {
      {SEND_IT, login_error(400, "AccessDeniedException", "TOKEN_EXPIRED")},
      {SEND_IT, login_answer("ASIANEW")}};
  struct lun_trace trace;
  int i = 0;

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 2);
  lun_trace_init(&trace, ctx);
  for (i = 0; i < 2; i++) {
    drop_provider();
    assert_int_equal(load_settings(NULL), LUN_OK);
    assert_int_equal(lun_provider_login(&provider, place, NULL, NULL), LUN_OK);
    provider->trace = &trace;
    provider->depth = 1;
    lun_task_start(loop, &provider->task, 0);
    assert_int_equal(lun_loop_run(loop, &provider->task, NULL),
                     i == 0 ? LUN_ECREDENTIALS : LUN_OK);
  }
  assert_int_equal(trace.nsteps, 2);
  assert_string_equal(trace.steps[0].name, "CreateOAuth2Token");
  assert_string_equal(trace.steps[0].looked, scene.servers[0].url);
  assert_string_equal(trace.steps[0].why, "words of AWS");
  assert_int_equal(trace.steps[0].end, LUN_TRACE_FAILED);
  assert_int_equal(trace.steps[0].depth, 1);
  assert_int_equal(trace.steps[1].end, LUN_TRACE_FOUND);
  assert_string_equal(trace.steps[1].why, "new keys");
  lun_trace_clear(&trace);
}

/* ---------------------------------------------------------------- memory -- */

static const char *swept_date;

static enum lun_code get_once(struct lun_error *err)
{
  set_session(session_text("ASIAOLD", swept_date));
  return ask_once(lun_provider_login, err);
}

/* A refusal is what it has to come to. */
static enum lun_code get_refused(struct lun_error *err)
{
  enum lun_code rc = get_once(err);

  if (rc != LUN_ECREDENTIALS)
    return rc;
  memset(err, 0, sizeof(*err));
  return LUN_OK;
}

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, login_answer("ASIANEW")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  assert_int_equal(load_settings(NULL), LUN_OK);
  swept_date = PAST;
  assert_int_equal(get_once(NULL), LUN_OK); /* the loop has its driver now */
  sweep(get_once);
  swept_date = IN_15_MINUTES;
  sweep(get_once);
}

static void every_allocation_of_a_refusal_fails_once(void **state)
{
  struct answer script[] = {
      {SEND_IT, login_error(400, "AccessDeniedException", "TOKEN_EXPIRED")}};

  (void)state;
  set_up(session_text("ASIAOLD", PAST), script, 1);
  assert_int_equal(load_settings(NULL), LUN_OK);
  swept_date = PAST;
  assert_int_equal(get_once(NULL), LUN_ECREDENTIALS);
  sweep(get_refused);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      LOGIN(not_configured),
      LOGIN(a_session),
      LOGIN(of_a_source_profile),
      LOGIN(no_session),
      LOGIN(a_session_of_another_user),
      LOGIN(how_long_they_do),
      LOGIN(renewed),
      LOGIN(at_an_endpoint_of_its_own),
      LOGIN(no_region),
      LOGIN(a_private_key_that_is_none),
      LOGIN(refused),
      LOGIN(refused_without_a_word),
      LOGIN(out_of_reach),
      LOGIN(an_answer_that_cannot_be),
      LOGIN(a_deadline),
      LOGIN(renewed_by_another),
      LOGIN(a_login_meanwhile),
      LOGIN(traced),
      LOGIN(every_allocation_fails_once),
      LOGIN(every_allocation_of_a_refusal_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
