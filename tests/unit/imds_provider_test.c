/* The instance's role, against a metadata service with a script. */
#include "provider.h"

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
      PROVIDER(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
