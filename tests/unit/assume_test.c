/* One AssumeRole call: what is asked, and what may be answered. */
#include "assume.h"

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
  static const struct lun_tag tags[] = {{"Team", "blue"}};
  struct lun_role_options options = {.role_arn = ROLE,
                                     .role_session_name = "boot@host",
                                     .external_id = "a=b,c",
                                     .duration_seconds = 1800,
                                     .region = "eu-west-3",
                                     .policy = "{}",
                                     .tags = tags,
                                     .ntags = 1,
                                     .source_identity = "alice"};
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/boot@host", "ASIAONE", LATER)}};

  (void)state;
  assert_int_equal(against(script, 1, &options), LUN_OK);
  assert_has(request(0), "&RoleSessionName=boot%40host&DurationSeconds=1800&"
                         "ExternalId=a%3Db%2Cc&Policy=%7B%7D&"
                         "Tags.member.1.Key=Team&Tags.member.1.Value=blue&"
                         "SourceIdentity=alice");
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

/* --------------------------------------------------------------- record -- */

static void the_record(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)}};
  struct answer denied[] = {{SEND_IT, sts_error(403, "AccessDenied")}};
  struct lun_role_options plain = {.role_arn = ROLE};
  struct lun_trace record;
  struct lun_trace_step *steps = NULL;

  (void)state;
  lun_trace_init(&record, ctx);
  trace = &record;
  assert_int_equal(against(script, 1, NULL), LUN_OK);
  assert_string_equal(assume.found, "arn:aws:sts::444455556666:assumed-role/"
                                    "reader/" SESSION ", until " LATER);
  finish();
  set_token("canary");
  assert_int_equal(by_token(denied, 1), LUN_EACCESS);
  finish();
  assert_int_equal(make_role(&plain), LUN_OK);
  set_env("AWS_REGION", NULL);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(call(NULL), LUN_EINVALID);
  finish();
  assert_int_equal(record.nsteps, 3);
  steps = record.steps;
  assert_string_equal(steps[0].name, "AssumeRole");
  assert_int_equal(steps[0].end, LUN_TRACE_FOUND);
  assert_string_equal(steps[0].looked, ROLE " as " SESSION ", at 127.0.0.1");
  assert_has(steps[0].why, "arn:aws:sts::444455556666:assumed-role/reader/");
  assert_string_equal(steps[1].name, "AssumeRoleWithWebIdentity");
  assert_int_equal(steps[1].end, LUN_TRACE_FAILED);
  assert_has(steps[1].looked, ", by the token in ");
  assert_string_equal(steps[1].why, "words of AWS");
  assert_int_equal(steps[2].end, LUN_TRACE_FAILED);
  assert_string_equal(steps[2].looked, ROLE);
  assert_has(steps[2].why, "no region is known");
  lun_trace_clear(&record);
}

/* -------------------------------------------------------------- answers -- */

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

static void answers_for_another_identity(void **state)
{
  static const struct {
    const char *element;
    enum lun_code code;
  } cases[] = {
      {"<SourceIdentity>alice</SourceIdentity>", LUN_OK},
      {"", LUN_OK}, /* STS need not say */
      {"<SourceIdentity>bob</SourceIdentity>", LUN_ESERVICE},
      {"<SourceIdentity/>", LUN_ESERVICE},
  };
  struct lun_role_options options = {.role_arn = ROLE,
                                     .source_identity = "alice"};
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    char body[1024] = "";
    struct answer script[] = {{SEND_IT, NULL}};

    (void)snprintf(body, sizeof(body),
                   "<AssumeRoleResponse><AssumeRoleResult>" USER "%s"
                   "<Credentials>" A S T E "</Credentials></AssumeRoleResult>"
                   "</AssumeRoleResponse>",
                   cases[i].element);
    script[0].text = answer_text(200, "", body);
    assert_int_equal(against(script, 1, &options), cases[i].code);
    if (cases[i].code)
      assert_has(error.message, "has another source identity");
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
    assert_has(error.hint, "what answers at 127.0.0.1:");
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
  assert_has(error.hint, "have expired: get new ones");
  assert_has(error.hint, "; the call was signed with the credentials of test");
  assert_true(assume.expired);
  assert_int_equal(requests(), 1);
  finish();
}

/* Who has to act, as far as STS says. */
static void advice(void **state)
{
  static const struct {
    int status;
    const char *aws_code;
    const char *message;
    enum lun_code code;
    const char *hint;
  } cases[] = {
      {403, "AccessDenied",
       "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
       LUN_EACCESS, "a code is good once"},
      {403, "AccessDenied",
       "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: "
       "sts:AssumeRole on resource: " ROLE,
       LUN_EACCESS, "the trust policy of " ROLE},
      {403, "RegionDisabledException", "STS is not activated", LUN_EACCESS,
       "enable the region"},
      {400, "MalformedPolicyDocument", "Syntax errors in policy.", LUN_EINVALID,
       "an Effect, an Action and a Resource"},
      {400, "PackedPolicyTooLarge", "Packed size is 134%", LUN_EINVALID,
       "policy, policy_arns and tags together"},
      {400, "ValidationError",
       "The requested DurationSeconds exceeds the MaxSessionDuration set for "
       "this role.",
       LUN_EINVALID, "maximum session duration"},
      {400, "ValidationError",
       "The requested DurationSeconds exceeds the 1 hour session limit for "
       "roles assumed by role chaining.",
       LUN_EINVALID, "lasts an hour at most"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct answer script[] = {
        {SEND_IT,
         sts_error_says(cases[i].status, cases[i].aws_code, cases[i].message)}};

    assert_int_equal(against(script, 1, NULL), cases[i].code);
    assert_has(error.hint, cases[i].hint);
    finish();
  }
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

/* The last that is asked for one: not where the caller has a region. */
static void the_region_of_the_machine(void **state)
{
  struct lun_role_options options = {.role_arn = ROLE, .region = "eu-west-3"};
  struct answer sts[] = {
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)}};
  struct answer imds[] = {{SEND_IT, imds_token()},
                          {SEND_IT, answer_text(200, "", "ap-south-1")}};

  (void)state;
  serve(sts, 1);
  serve_imds(imds, 2);
  set_env("AWS_REGION", NULL);
  assert_int_equal(load_settings(NULL), LUN_OK);
  assert_int_equal(make_role(&options), LUN_OK);
  assert_int_equal(call(made_cred()), LUN_OK);
  assert_has(request(0), "/eu-west-3/sts/aws4_request");
  assert_int_equal(imds_requests(), 0);
  lun_assume_done(&assume);
  lun_role_done(&role);
  options.region = NULL;
  assert_int_equal(make_role(&options), LUN_OK);
  assert_int_equal(call(made_cred()), LUN_OK);
  assert_has(request(1), "/ap-south-1/sts/aws4_request");
  assert_int_equal(imds_requests(), 2);
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
      rc = call(NULL);
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
      CASE(what_is_asked),
      CASE(all_that_can_be_asked),
      CASE(the_clock_of_sts),
      CASE(the_record),
      CASE(answers_for_another_role),
      CASE(answers_for_another_identity),
      CASE(the_case_of_a_name),
      CASE(answers_that_are_not_whole),
      CASE(errors_of_sts),
      CASE(advice),
      CASE(no_region),
      CASE(the_region_of_the_machine),
      CASE(stopped),
      CASE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
