/* The instance's role, against a metadata service with a script. */
#include "provider.h"

#include "../../core/base/log.h"

#define LATER "2026-11-23T06:00:00Z"

/* The service's answers: a token, a list, the credentials. */
static void instance(const char *list, const char *keys)
{
  struct answer script[] = {
      {SEND_IT, imds_token()}, {SEND_IT, list}, {SEND_IT, keys}};

  end_servers();
  serve_imds(script, 3);
}

static const char *plain(const char *body)
{
  return answer_text(200, "", body);
}

static void whole(void **state)
{
  (void)state;
  instance(plain("app-role\n"), imds_keys("ASIAONE", LATER));
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  assert_string_equal(provider->name, "iam-role");
  assert_int_equal(provider->cred->expires_at, NOW + 6 * 3600);
  assert_int_equal(provider->skew, 0); /* the service told no time */
  assert_int_equal(imds_requests(), 3);
  assert_has(imds_request(0), "PUT /latest/api/token ");
  assert_has(imds_request(1),
             "GET /latest/meta-data/iam/security-credentials/ ");
  assert_has(imds_request(2),
             "GET /latest/meta-data/iam/security-credentials/app-role ");
}

/* The clock that tells the expiry is the service's. */
static void a_clock_that_is_wrong(void **state)
{
  char body[512] = "";

  (void)state;
  (void)snprintf(body, sizeof(body), "%s",
                 strstr(imds_keys("ASIAONE", LATER), "\r\n\r\n") + 4);
  instance(plain("app"),
           answer_text(200, "Date: Mon, 23 Nov 2026 02:00:00 GMT\r\n", body));
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  assert_int_equal(provider->skew, 7200);
}

static void nobody_there(void **state)
{
  char url[64] = "";
  int port = 0;
  int fd = server_listen(&port);

  (void)state;
  (void)close(fd);
  passes(lun_provider_imds, NULL, "AWS_EC2_METADATA_DISABLED is true");
  set_env("AWS_EC2_METADATA_DISABLED", "false");
  (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
  set_env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
  passes(lun_provider_imds, NULL, "the instance metadata service at 127.0");
}

static void no_role(void **state)
{
  (void)state;
  instance(answer_text(404, "", ""), "");
  passes(lun_provider_imds, NULL, "the instance has no role attached");
  instance(plain(" \n"), "");
  passes(lun_provider_imds, NULL, "the instance has no role attached");
  instance(plain("../canary?x"), "");
  passes(lun_provider_imds, NULL, "no role's name in it");
  instance(plain("a2345678901234567890123456789012345678901234567890"
                 "123456789012345"),
           "");
  passes(lun_provider_imds, NULL, "no role's name in it");
  assert_int_equal(imds_requests(), 2);
  instance(answer_text(500, "", ""), "");
  passes(lun_provider_imds, NULL, "HTTP status 500");
}

/* A role that EC2 cannot assume is worth an error: nobody else says why. */
static void a_role_that_ec2_cannot_assume(void **state)
{
  (void)state;
  instance(plain("app"),
           plain("{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":"
                 "\"EC2 cannot assume it\",\"LastUpdated\":\"x\"}"));
  fails(lun_provider_imds, NULL,
        "EC2 cannot give out the credentials of role app: "
        "AssumeRoleUnauthorizedAccess: EC2 cannot assume it");
  assert_string_equal(error.aws_code, "AssumeRoleUnauthorizedAccess");
  assert_has(error.hint, "ec2.amazonaws.com");
}

static void answers_that_are_not_whole(void **state)
{
#define KEY "\"AccessKeyId\":\"ASIAONE\","
#define HID "\"SecretAccessKey\":\"canary-secret\","
#define TOK "\"Token\":\"canary-token\","
#define END "\"Expiration\":\"" LATER "\""
  static const char *const cases[][2] = {
      {"<html>canary</html>", "the metadata service's credentials of role app"},
      {"[]", "the whole of it is an array, not an object"},
      {"{" HID TOK END "}", "AccessKeyId is missing"},
      {"{" KEY TOK END "}", "SecretAccessKey is missing"},
      {"{" KEY HID END "}", "Token is missing"},
      {"{" KEY HID TOK "\"X\":1}", "Expiration is missing"},
      {"{" KEY HID TOK "\"Expiration\":\"canary\"}",
       "Expiration is not a date"},
      {"{" KEY HID TOK "\"Expiration\":1795392000}",
       "Expiration is a number, not a string"},
      {"{" KEY KEY HID TOK END "}", "AccessKeyId occurs twice"},
      {"{" KEY HID TOK "\"Token\":\"canary-2\"," END "}", "Token occurs twice"},
      {"{" KEY "\"SecretAccessKey\":\"canary secret\"," TOK END "}", ""},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    instance(plain("app"), plain(cases[i][0]));
    fails(lun_provider_imds, NULL, cases[i][1]);
  }
}

/* ------------------------------------------------------ why, and what -- */

static void what_was_looked_at(void **state)
{
  char url[192] = "";

  (void)state;
  passes(lun_provider_imds, NULL, "AWS_EC2_METADATA_DISABLED is true");
  assert_string_equal(provider->looked, "AWS_EC2_METADATA_DISABLED");
  instance(plain("app"), imds_keys("ASIAONE", LATER));
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  (void)snprintf(url, sizeof(url),
                 "%s/latest/meta-data/iam/security-credentials/app",
                 scene.servers[1].url);
  assert_string_equal(provider->looked, url);
  assert_string_equal(provider->found, "role app");
  assert_null(provider->cred->account_id);
}

static void with_an_account(void **state)
{
  (void)state;
  instance(plain("app"),
           plain("{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAONE\","
                 "\"SecretAccessKey\":\"canary-secret\",\"Token\":"
                 "\"token-ASIAONE\",\"Expiration\":\"" LATER "\","
                 "\"AccountId\":\"111122223333\"}"));
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  assert_string_equal(provider->cred->account_id, "111122223333");
  assert_string_equal(provider->found, "role app, account 111122223333");
}

/* Refusals of the token: a reason, but for a request that was wrong. */
static void no_token(void **state)
{
  struct answer disabled[] = {{SEND_IT, answer_text(403, "", "")}};
  struct answer bad[] = {{SEND_IT, answer_text(400, "", "bad TTL")}};

  (void)state;
  serve_imds(disabled, 1);
  passes(lun_provider_imds, NULL, "is disabled for this instance");
  assert_has(provider->hint, "modify-instance-metadata-options");
  end_servers();
  serve_imds(bad, 1);
  fails(lun_provider_imds, NULL, "refused a token (HTTP status 400): bad TTL");
}

/* ---------------------------------------------------------- known roles -- */

/* Asks a new provider in the same place, as a renewal does. */
static void again(const char *key)
{
  drop_provider();
  assert_int_equal(lun_provider_imds(&provider, place, NULL, &error), LUN_OK);
  lun_task_start(loop, &provider->task, 0);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_OK);
  if (provider->cred == NULL)
    fail_msg("%s", provider->reason);
  assert_string_equal(provider->cred->access_key_id, key);
}

/* The list is asked for once; and again if the role is another by then. */
static void a_role_that_is_known(void **state)
{
  struct answer script[] = {{SEND_IT, imds_token()},
                            {SEND_IT, plain("app")},
                            {SEND_IT, imds_keys("ASIAONE", LATER)},
                            {SEND_IT, imds_keys("ASIATWO", LATER)},
                            {SEND_IT, answer_text(404, "", "")},
                            {SEND_IT, plain("other")},
                            {SEND_IT, imds_keys("ASIATHREE", LATER)}};

  (void)state;
  serve_imds(script, 7);
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  again("ASIATWO");
  assert_int_equal(imds_requests(), 4);
  again("ASIATHREE");
  assert_string_equal(provider->found, "role other");
  assert_int_equal(imds_requests(), 7);
}

static void a_role_that_is_gone(void **state)
{
  struct answer script[] = {{SEND_IT, imds_token()},
                            {SEND_IT, plain("app")},
                            {SEND_IT, answer_text(404, "", "")}};

  (void)state;
  serve_imds(script, 3);
  passes(lun_provider_imds, NULL,
         "the metadata service has no credentials of the role app, which it "
         "lists");
  assert_int_equal(imds_requests(), 3); /* not for ever */
}

static void a_role_by_its_name(void **state)
{
  struct answer script[] = {{SEND_IT, imds_token()},
                            {SEND_IT, imds_keys("ASIAONE", LATER)},
                            {SEND_IT, imds_token()},
                            {SEND_IT, answer_text(404, "", "")}};

  (void)state;
  set_env("AWS_EC2_INSTANCE_PROFILE_NAME", "named");
  serve_imds(script, 4);
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  assert_has(imds_request(1),
             "GET /latest/meta-data/iam/security-credentials/named ");
  passes(lun_provider_imds, NULL,
         "no credentials of the role named, which "
         "AWS_EC2_INSTANCE_PROFILE_NAME");
  assert_has(provider->hint, "unset the name");
  assert_int_equal(imds_requests(), 4);
}

/* ----------------------------------------------------- static stability -- */

static int extensions;
static unsigned char dice;

static void count_extended(void *data, const struct lun_event *event)
{
  (void)data;
  if (strcmp(event->word, "creds.extended") != 0)
    return;
  assert_int_equal(event->level, LUN_WARN);
  assert_string_equal(event->fields[0].name, "app");
  extensions++;
}

static bool throw_dice(void *data, void *out, size_t len)
{
  (void)data;
  memset(out, dice, len);
  return dice != 2;
}

/* While AWS has no newer ones, these are used on. */
static void credentials_at_their_end(void **state)
{
  static const struct {
    unsigned char dice;
    int64_t jitter;
  } cases[] = {{0, 120}, {1, 120 + 16843009 % 481}, {2, 600}}; /* 2: none */
  static const int64_t ends[] = {-864000, -1, 0, 1, 900};
  size_t i = 0;

  (void)state;
  lun_log_sink(ctx, count_extended, NULL);
  ctx->clock.random = throw_dice;
  for (i = 0; i < 15; i++) {
    int64_t window = 900 + cases[i % 3].jitter;

    dice = cases[i % 3].dice;
    extensions = 0;
    scene.wall_s = NOW + 6 * 3600 - ends[i / 3]; /* LATER is so far away */
    instance(plain("app"), imds_keys("ASIAONE", LATER));
    gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
    assert_int_equal(provider->cred->expires_at, scene.wall_s + window);
    assert_true(provider->cred->extended);
    assert_has(provider->found, "role app, at their end and used on");
    assert_int_equal(extensions, 1);
  }
}

static void credentials_far_from_it(void **state)
{
  (void)state;
  lun_log_sink(ctx, count_extended, NULL);
  ctx->clock.random = throw_dice;
  dice = 0;
  extensions = 0;
  scene.wall_s = NOW + 6 * 3600 - (900 + 120) - 1;
  instance(plain("app"), imds_keys("ASIAONE", LATER));
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  assert_int_equal(provider->cred->expires_at, NOW + 6 * 3600);
  assert_false(provider->cred->extended);
  assert_int_equal(extensions, 0);
  scene.wall_s++; /* the first second that is near */
  instance(plain("app"), imds_keys("ASIAONE", LATER));
  gives(lun_provider_imds, NULL, "ASIAONE", "token-ASIAONE");
  assert_true(provider->cred->extended);
}

/* --------------------------------------------------------------- waiting -- */

static const struct lun_session_options patient = {.wait = 1};

/* A role that is attached while it is waited for, in any of the ways in which
 * it may not be there yet. */
static void until_there_is_a_role(void **state)
{
  struct answer script[] = {{SEND_IT, imds_token()},
                            {SEND_IT, answer_text(404, "", "")},
                            {SEND_IT, plain("app")},
                            {SEND_IT, imds_keys("ASIAONE", LATER)}};

  (void)state;
  serve_imds(script, 4);
  assert_int_equal(load_settings(&patient), LUN_OK);
  assert_int_equal(lun_provider_imds(&provider, place, NULL, &error), LUN_OK);
  lun_task_start(loop, &provider->task, lun_clock_mono_ms(ctx) + 20000);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_OK);
  assert_non_null(provider->cred);
  assert_int_equal(imds_requests(), 4);
}

/* "" and a role without credentials; then the time is over. */
static void until_there_is_no_time(void **state)
{
  struct answer script[] = {{SEND_IT, imds_token()},
                            {SEND_IT, plain("app")},
                            {SEND_IT, answer_text(404, "", "")},
                            {SEND_IT, plain("")}};

  (void)state;
  serve_imds(script, 4);
  assert_int_equal(load_settings(&patient), LUN_OK);
  assert_int_equal(lun_provider_imds(&provider, place, NULL, &error), LUN_OK);
  lun_task_start(loop, &provider->task, lun_clock_mono_ms(ctx) + 4200);
  assert_int_equal(lun_loop_run(loop, &provider->task, &error), LUN_OK);
  assert_null(provider->cred);
  assert_has(provider->reason, "the instance has no role attached, after "
                               "waiting for 2 s");
  assert_has(provider->hint, "attach a role");
  assert_int_equal(imds_requests(), 5); /* at once, after one and two seconds */
}

/* -------------------------------------------------------------- memory -- */

static void every_allocation_fails_once(void **state)
{
  enum lun_code rc = LUN_ENOMEM;
  int n = 0;

  (void)state;
  for (n = 0; rc == LUN_ENOMEM; n++) {
    assert_in_range(n, 0, 200);
    instance(plain("app"), imds_keys("ASIAONE", LATER));
    assert_int_equal(load_settings(NULL), LUN_OK);
    ctx->account.fail_after = n;
    rc = ask_once(lun_provider_imds, NULL);
    ctx->account.fail_after = -1;
    assert_int_equal(ctx->live_secrets, 0);
  }
  assert_int_equal(rc, LUN_OK);
  assert_in_range(n, 20, 200);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      PROVIDER(whole),
      PROVIDER(a_clock_that_is_wrong),
      PROVIDER(nobody_there),
      PROVIDER(no_role),
      PROVIDER(a_role_that_ec2_cannot_assume),
      PROVIDER(answers_that_are_not_whole),
      PROVIDER(what_was_looked_at),
      PROVIDER(with_an_account),
      PROVIDER(no_token),
      PROVIDER(a_role_that_is_known),
      PROVIDER(a_role_that_is_gone),
      PROVIDER(a_role_by_its_name),
      PROVIDER(credentials_at_their_end),
      PROVIDER(credentials_far_from_it),
      PROVIDER(until_there_is_a_role),
      PROVIDER(until_there_is_no_time),
      PROVIDER(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
