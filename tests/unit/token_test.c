/* AssumeRoleWithWebIdentity: the token, and what STS says of it. */
#include "assume.h"

static void by_a_token(void **state)
{
  struct answer script[] = {
      {SEND_IT,
       web_assumed("444455556666", "reader/" SESSION, "ASIAWEB", LATER)}};

  (void)state;
  set_token("canary.a+b/c=\n"); /* as it is, end of line and all */
  assert_int_equal(by_token(script, 1), LUN_OK);
  assert_string_equal(assume.cred->access_key_id, "ASIAWEB");
  assert_string_equal(assume.cred->account_id, "444455556666");
  assert_string_equal(assume.cred->provider, "assume-role-with-web-identity");
  assert_int_equal(assume.cred->expires_at, NOW + 3600);
  assert_null(strstr(request(0), "Authorization:"));
  assert_null(strstr(request(0), "X-Amz-Date:"));
  assert_has(request(0),
             "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&"
             "RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fpath%2Freader"
             "&RoleSessionName=" SESSION
             "&WebIdentityToken=canary.a%2Bb%2Fc%3D%0A");
  finish();
}

static void token_files_refused(void **state)
{
  struct answer script[] = {{SEND_IT, sts_error(500, "InternalFailure")}};
  FILE *file = NULL;
  int i = 0;

  (void)state;
  assert_int_equal(by_token(script, 1), LUN_ECREDENTIALS); /* it is not there */
  assert_has(error.message, "role " ROLE ": the token file of THE_VARIABLE: ");
  assert_has(error.message, token_file());
  assert_has(error.message, "No such file");
  assert_has(error.hint, "the platform that runs this writes the file");
  finish();
  set_token("");
  assert_int_equal(by_token(script, 1), LUN_ECREDENTIALS);
  assert_has(error.message, "there is no token in it");
  finish();
  set_token("");
  file = fopen(token_file(), "w");
  assert_non_null(file);
  for (i = 0; i < 65537; i++)
    assert_int_equal(fputc('c', file), 'c');
  assert_int_equal(fclose(file), 0);
  assert_int_equal(by_token(script, 1), LUN_ECREDENTIALS);
  assert_has(error.message, "larger than 65536 bytes");
  finish();
  drop_token();
  assert_int_equal(mkfifo(token_file(), 0600), 0);
  assert_int_equal(by_token(script, 1), LUN_ECREDENTIALS); /* at once */
  assert_has(error.message, "not a regular file");
  assert_int_equal(requests(), 0);
  finish();
}

/* A platform's token is a link to the newest one. */
static void a_token_by_a_link(void **state)
{
  struct answer script[] = {
      {SEND_IT,
       web_assumed("444455556666", "reader/" SESSION, "ASIAWEB", LATER)}};
  char target[160] = "";

  (void)state;
  (void)snprintf(target, sizeof(target), "%s/..data", scene.home);
  write_file(target, "canary");
  assert_int_equal(symlink("..data", token_file()), 0);
  assert_int_equal(by_token(script, 1), LUN_OK);
  assert_has(request(0), "&WebIdentityToken=canary");
  assert_int_equal(unlink(target), 0);
  finish();
}

static void what_sts_says_of_a_token(void **state)
{
  static const struct {
    int status;
    const char *aws_code;
    enum lun_code code;
    const char *hint;
  } cases[] = {
      {400, "InvalidIdentityToken", LUN_ECREDENTIALS,
       "has to have an identity"},
      {400, "ExpiredTokenException", LUN_ECREDENTIALS, "has to renew it"},
      {403, "IDPRejectedClaim", LUN_ECREDENTIALS, "get a new one"},
      {403, "AccessDenied", LUN_EACCESS, "sts:AssumeRoleWithWebIdentity"},
      {403, "RegionDisabledException", LUN_EACCESS, "enable the region"},
  };
  size_t i = 0;

  (void)state;
  set_token("canary");
  for (i = 0; i < COUNT(cases); i++) {
    struct answer script[] = {
        {SEND_IT, sts_error(cases[i].status, cases[i].aws_code)}};

    assert_int_equal(by_token(script, 1), cases[i].code);
    assert_has(error.message, "role " ROLE ": words of AWS");
    assert_string_equal(error.aws_code, cases[i].aws_code);
    assert_string_equal(error.operation, "AssumeRoleWithWebIdentity");
    assert_has(error.hint, cases[i].hint);
    if (cases[i].code == LUN_ECREDENTIALS) {
      assert_has(error.hint, token_file());
      assert_has(error.hint, "(THE_VARIABLE)");
    }
    assert_false(assume.expired); /* others' credentials would be no help */
    assert_int_equal(requests(), 1);
    finish();
  }
}

/* The identity provider may be back in a moment. */
static void silence_of_the_identity_provider(void **state)
{
  struct answer script[] = {
      {SEND_IT, sts_error(400, "IDPCommunicationError")},
      {SEND_IT,
       web_assumed("444455556666", "reader/" SESSION, "ASIAWEB", LATER)}};

  (void)state;
  set_token("canary");
  assert_int_equal(by_token(script, 2), LUN_OK);
  assert_int_equal(requests(), 2);
  finish();
  assert_int_equal(by_token(script, 1), LUN_ESERVICE);
  assert_has(error.hint, "could not reach the identity provider");
  finish();
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code once_by_token(struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  lun_assume_init(&assume, place);
  lun_assume_start(&assume, &role, NULL, 0);
  rc = lun_loop_run(loop, &assume.task, err);
  lun_assume_done(&assume);
  return rc;
}

static void every_allocation_by_token_fails_once(void **state)
{
  struct answer script[] = {
      {SEND_IT,
       web_assumed("444455556666", "reader/" SESSION, "ASIAWEB", LATER)}};

  (void)state;
  set_token("canary");
  assert_int_equal(by_token(script, 1), LUN_OK); /* libcurl is warm then */
  lun_assume_done(&assume);
  sweep(once_by_token);
  finish();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(by_a_token),
      CASE(token_files_refused),
      CASE(a_token_by_a_link),
      CASE(what_sts_says_of_a_token),
      CASE(silence_of_the_identity_provider),
      CASE(every_allocation_by_token_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
