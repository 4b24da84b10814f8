/* One AssumeRole call: what is asked, and what may be answered. */
#include "../../core/creds/assume.h"
#include "aws.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define LATER       "2026-11-23T01:00:00Z"

static struct lun_role role;
static struct lun_assume assume;

/* ------------------------------------------------------------------ role -- */

static enum lun_code make_role(const struct lun_role_options *options)
{
  memset(&error, 0, sizeof(error));
  memset(&role, 0, sizeof(role));
  return lun_role_init(&role, ctx, options, "here: ", &error);
}

static void a_role_is_copied(void **state)
{
  char arn[] = ROLE;
  struct lun_role_options options = {.role_arn = arn,
                                     .external_id = "a:b/c",
                                     .duration_seconds = 900,
                                     .region = "eu-west-1"};

  (void)state;
  assert_int_equal(make_role(&options), LUN_OK);
  memset(arn, 'x', sizeof(arn) - 1);
  assert_string_equal(role.arn, ROLE);
  assert_string_equal(role.session_name, SESSION);
  assert_string_equal(role.form, "&DurationSeconds=900&ExternalId=a%3Ab%2Fc");
  assert_string_equal(role.region, "eu-west-1");
  lun_role_done(&role);
  lun_role_done(&role); /* twice does no harm */
}

static void roles_refused(void **state)
{
  static char long_text[1300];
  char session[66] = "";
  char external[1226] = "";
  const struct {
    struct lun_role_options options;
    const char *text;
  } cases[] = {
      {{.role_arn = NULL}, "here: role_arn is missing"},
      {{.role_arn = "canary"}, "here: role_arn is not the ARN of a role"},
      {{.role_arn = "arn:aws:iam::444455556666:instance-profile/canary"},
       "role_arn is not the ARN of a role"},
      {{.role_arn = ROLE, .role_session_name = "c"}, "role_session_name has"},
      {{.role_arn = ROLE, .role_session_name = session}, "2 to 64"},
      {{.role_arn = ROLE, .role_session_name = "can ary"}, "role_session"},
      {{.role_arn = ROLE, .role_session_name = "can/ary"}, "role_session"},
      {{.role_arn = ROLE, .external_id = "c"}, "here: external_id has"},
      {{.role_arn = ROLE, .external_id = "can ary"}, "external_id"},
      {{.role_arn = ROLE, .external_id = external}, "2 to 1224"},
      {{.role_arn = ROLE, .duration_seconds = 899}, "duration_seconds has"},
      {{.role_arn = ROLE, .duration_seconds = 43201}, "900 to 43200"},
      {{.role_arn = ROLE, .duration_seconds = -1}, "duration_seconds"},
      {{.role_arn = ROLE, .region = "Canary"}, "here: region is not a region"},
      {{.role_arn = long_text}, "role_arn"},
  };
  size_t i = 0;

  (void)state;
  memset(session, 's', 65);
  memset(external, 'e', 1225);
  memset(long_text, 'x', sizeof(long_text) - 1);
  for (i = 0; i < COUNT(cases); i++) {
    assert_int_equal(make_role(&cases[i].options), LUN_EINVALID);
    assert_has(error.message, cases[i].text);
    assert_null(strstr(error.message, "canary"));
  }
}

static void limits_that_are_just_kept(void **state)
{
  char session[65] = "";
  char external[1225] = "";
  struct lun_role_options options = {.role_arn = ROLE,
                                     .role_session_name = session,
                                     .external_id = external,
                                     .duration_seconds = 43200};

  (void)state;
  memset(session, 's', 64);
  memset(external, 'e', 1224);
  assert_int_equal(make_role(&options), LUN_OK);
  lun_role_done(&role);
  options.role_session_name = "_+=,.@-";
  options.external_id = "_+=,.@:/-";
  assert_int_equal(make_role(&options), LUN_OK);
  lun_role_done(&role);
}

/* ------------------------------------------------------------------ call -- */

static struct lun_cred *cred;

/* Assumes ROLE against a server with this script. */
static enum lun_code against(const struct answer *script, int count,
                             const struct lun_role_options *options)
{
  static const struct lun_cred_fields fields = {
      .access_key_id = {"AKIDBASE", 8},
      .secret_access_key = {"canary-base", 11},
      .provider = "test"};
  struct lun_role_options plain = {.role_arn = ROLE};
  enum lun_code rc = LUN_OK;

  serve(script, count);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(make_role(options == NULL ? &plain : options), LUN_OK);
  assert_int_equal(lun_cred_new(&cred, ctx, &fields, &error), LUN_OK);
  lun_assume_init(&assume, place);
  lun_assume_start(&assume, &role, cred, 0);
  lun_cred_unref(cred); /* it has a reference of its own */
  rc = lun_loop_run(loop, &assume.task, &error);
  assert_null(strstr(error.message, "canary"));
  return rc;
}

static void finish(void)
{
  lun_assume_done(&assume);
  lun_assume_done(&assume); /* twice does no harm */
  lun_role_done(&role);
  end_servers();
}

static void what_is_asked(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)}};

  (void)state;
  assert_int_equal(against(script, 1, NULL), LUN_OK);
  assert_string_equal(assume.cred->access_key_id, "ASIAONE");
  assert_span(lun_secret_view(assume.cred->session_token), "token-ASIAONE");
  assert_string_equal(assume.cred->account_id, "444455556666");
  assert_string_equal(assume.cred->provider, "assume-role");
  assert_int_equal(assume.cred->expires_at, NOW + 3600);
  assert_int_equal(assume.skew, 0);
  assert_int_equal(requests(), 1);
  assert_signed_by(request(0), "AKIDBASE");
  assert_has(request(0), "/eu-central-1/sts/aws4_request");
  assert_has(request(0),
             "\r\n\r\nAction=AssumeRole&Version=2011-06-15&RoleArn="
             "arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fpath%2Freader"
             "&RoleSessionName=" SESSION);
  assert_null(strstr(request(0), "DurationSeconds"));
  assert_null(strstr(request(0), "ExternalId"));
  finish();
}

static void all_that_can_be_asked(void **state)
{
  struct lun_role_options options = {.role_arn = ROLE,
                                     .role_session_name = "boot@host",
                                     .external_id = "a=b,c",
                                     .duration_seconds = 1800,
                                     .region = "eu-west-3"};
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/boot@host", "ASIAONE", LATER)}};

  (void)state;
  assert_int_equal(against(script, 1, &options), LUN_OK);
  assert_has(request(0), "&RoleSessionName=boot%40host&DurationSeconds=1800&"
                         "ExternalId=a%3Db%2Cc");
  assert_has(request(0), "/eu-west-3/sts/aws4_request");
  finish();
}

static void the_clock_of_sts(void **state)
{
  char text[2048] = "";
  struct answer script[] = {{SEND_IT, text}};

  (void)state;
  (void)snprintf(
      text, sizeof(text),
      "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 23:00:00 GMT%s",
      strstr(assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER),
             "\r\n"));
  assert_int_equal(against(script, 1, NULL), LUN_OK);
  assert_int_equal(assume.skew, -3600);
  finish();
}

/* --------------------------------------------------------------- answers -- */

static void answers_for_another_role(void **state)
{
  static const char *const others[][2] = {
      {"444455556666", "writer/" SESSION},
      {"444455556666", "reader/other"},
      {"444455556667", "reader/" SESSION},
      {"444455556666", "reader"},
      {"444455556666", "path/reader/" SESSION},
      {"444455556666", "readers/" SESSION},
      {"", "reader/" SESSION},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(others); i++) {
    struct answer script[] = {
        {SEND_IT, assumed(others[i][0], others[i][1], "ASIAONE", LATER)}};

    assert_int_equal(against(script, 1, NULL), LUN_ESERVICE);
    assert_has(error.message, "role " ROLE ": the answer of AssumeRole is for "
                              "another role");
    assert_null(assume.cred);
    finish();
  }
}

/* STS writes the name as IAM has it, whatever case was asked for. */
static void the_case_of_a_name(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "Reader/" SESSION, "ASIAONE", LATER)}};

  (void)state;
  assert_int_equal(against(script, 1, NULL), LUN_OK);
  finish();
}

#define USER                                                                   \
  "<AssumedRoleUser><Arn>arn:aws:sts::444455556666:assumed-role/"              \
  "reader/" SESSION "</Arn></AssumedRoleUser>"
#define KEYS(a, s, t, e)                                                       \
  "<AssumeRoleResponse><AssumeRoleResult>" USER "<Credentials>" a s t e        \
  "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define A "<AccessKeyId>ASIAONE</AccessKeyId>"
#define S "<SecretAccessKey>canary</SecretAccessKey>"
#define T "<SessionToken>canary</SessionToken>"
#define E "<Expiration>" LATER "</Expiration>"

static void answers_that_are_not_whole(void **state)
{
  static const char *const cases[][2] = {
      {KEYS("", S, T, E), "has no complete credentials in it"},
      {KEYS(A, "", T, E), "has no complete credentials in it"},
      {KEYS(A, S, "", E), "has no complete credentials in it"},
      {KEYS(A, S, "<SessionToken/>", E), "has no complete credentials"},
      {KEYS(A, S, T, ""), "has no complete credentials in it"},
      {KEYS(A, S, T, "<Expiration>canary</Expiration>"), "is no date"},
      {"<AssumeRoleResponse/>", "is for another role"},
      {"<GetCallerIdentityResponse><AssumeRoleResult>" USER
       "</AssumeRoleResult></GetCallerIdentityResponse>",
       "is another operation's"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct answer script[] = {{SEND_IT, answer_text(200, "", cases[i][0])}};

    assert_int_equal(against(script, 1, NULL), LUN_ESERVICE);
    assert_has(error.message, cases[i][1]);
    finish();
  }
}

static void errors_of_sts(void **state)
{
  struct answer denied[] = {{SEND_IT, sts_error(403, "AccessDenied")}};
  struct answer expired[] = {{SEND_IT, sts_error(403, "ExpiredToken")}};

  (void)state;
  assert_int_equal(against(denied, 1, NULL), LUN_EACCESS);
  assert_has(error.message, "role " ROLE ": words of AWS");
  assert_string_equal(error.aws_code, "AccessDenied");
  assert_string_equal(error.operation, "AssumeRole");
  assert_has(error.hint, "trust policy");
  assert_false(assume.expired);
  finish();
  assert_int_equal(against(expired, 1, NULL), LUN_ECREDENTIALS);
  assert_true(assume.expired);
  assert_int_equal(requests(), 1);
  finish();
}

static void no_region(void **state)
{
  struct lun_role_options options = {.role_arn = ROLE};

  (void)state;
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(make_role(&options), LUN_OK);
  lun_assume_init(&assume, place);
  lun_assume_start(&assume, &role, NULL, 0);
  assert_int_equal(lun_loop_run(loop, &assume.task, &error), LUN_EINVALID);
  assert_has(error.message, "no region is known for sts");
  finish();
}

/* Stopped in the middle, it leaves nothing behind. */
static void stopped(void **state)
{
  struct answer script[] = {{HANG, NULL}};
  struct lun_role_options options = {.role_arn = ROLE};

  (void)state;
  serve(script, 1);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(make_role(&options), LUN_OK);
  lun_assume_init(&assume, place);
  lun_assume_start(&assume, &role, NULL, lun_clock_mono_ms(ctx) + 100);
  assert_int_equal(lun_loop_run(loop, &assume.task, &error), LUN_EDEADLINE);
  finish();
}

/* --------------------------------------------------------------- memory -- */

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)}};
  struct lun_role_options options = {.role_arn = ROLE, .external_id = "ab"};
  enum lun_code rc = LUN_ENOMEM;
  int n = 0;

  (void)state;
  serve(script, 1);
  assert_int_equal(load_settings(NULL), LUN_OK);
  for (n = 0; rc == LUN_ENOMEM; n++) {
    assert_in_range(n, 0, 300);
    ctx->account.fail_after = n;
    rc = make_role(&options);
    if (!rc) {
      lun_assume_init(&assume, place);
      lun_assume_start(&assume, &role, NULL, 0);
      rc = lun_loop_run(loop, &assume.task, &error);
    }
    ctx->account.fail_after = -1;
    lun_assume_done(&assume);
    lun_role_done(&role);
    assert_int_equal(ctx->live_secrets, 0);
  }
  assert_int_equal(rc, LUN_OK);
  assert_in_range(n, 20, 300);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      SCENE(a_role_is_copied),
      SCENE(roles_refused),
      SCENE(limits_that_are_just_kept),
      SCENE(what_is_asked),
      SCENE(all_that_can_be_asked),
      SCENE(the_clock_of_sts),
      SCENE(answers_for_another_role),
      SCENE(the_case_of_a_name),
      SCENE(answers_that_are_not_whole),
      SCENE(errors_of_sts),
      SCENE(no_region),
      SCENE(stopped),
      SCENE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
