/* Sessions that are released by what a call asks on its way. */
#include "session.h"
#include "sts.h"

#define PROFILES                                                               \
  "[profile dev]\nregion = eu-west-1\nrole_arn = " ROLE                        \
  "\nmfa_serial = " SERIAL "\nsource_profile = keys\n"                         \
  "[profile keys]\naws_access_key_id = AKIDFILE\n"                             \
  "aws_secret_access_key = canary-secret\n"

static int asked;

/* Gives the code, and the session in DATA up. */
static enum lun_code release(void *data, const char *serial, char *code,
                             size_t size, struct lun_error *err)
{
  lun_session **which = data;

  (void)err;
  assert_string_equal(serial, SERIAL);
  asked++;
  lun_session_unref(*which);
  *which = NULL;
  (void)snprintf(code, size, "123456");
  return LUN_OK;
}

static void its_own(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")}};
  struct lun_session_options options = {
      .profile = "dev", .mfa_code = release, .mfa_data = &session};

  (void)state;
  asked = 0;
  set_config(PROFILES);
  serve(script, 1);
  assert_int_equal(make(&options), LUN_OK);
  assert_string_equal(key_of(session), "ASIAONE");
  assert_int_equal(asked, 1);
  assert_null(session);
}

/* One whose credentials come beside the calls of another. */
static void another(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")}};
  lun_session *dev = NULL;
  struct lun_session_options options = {
      .profile = "dev", .mfa_code = release, .mfa_data = &dev};
  struct lun_cred_wait wait = {0};
  struct lun_trace trace;
  int i = 0;

  (void)state;
  asked = 0;
  env_keys();
  set_config(PROFILES);
  serve(script, 1);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_beside(&dev, session, &options, &error), LUN_OK);
  lun_cred_wait_init(&wait, lun_session_source(dev));
  lun_cred_wait_start(&wait, NULL, 0);
  assert_string_equal(key_of(session), "AKIDENV");
  lun_cred_wait_done(&wait); /* nobody waits for them any more */
  for (i = 0; i < 10 && asked == 0; i++) {
    lun_trace_init(&trace, ctx);
    assert_int_equal(lun_session_why(&trace, &cred, session, &error), LUN_OK);
    lun_cred_unref(cred);
    lun_trace_clear(&trace);
  }
  assert_int_equal(asked, 1);
  assert_null(dev);
}

int main(void)
{
  const struct CMUnitTest tests[] = {CASE(its_own), CASE(another)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
