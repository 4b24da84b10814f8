/* The codes of MFA devices: who is asked for them, and which are none. */
#include "assume.h"

static const struct lun_role_options with_code = {.role_arn = ROLE,
                                                  .mfa_serial = SERIAL};

static void code_of_the_session(void **state)
{
  struct device device = {.code = "000123"};
  struct answer script[] = {
      {SEND_IT, sts_error(503, "ServiceUnavailable")},
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)}};

  (void)state;
  session_options.mfa_code = read_device;
  session_options.mfa_data = &device;
  assert_int_equal(against(script, 2, &with_code), LUN_OK);
  assert_int_equal(device.asked, 1); /* another attempt is the same call */
  assert_string_equal(device.serial, SERIAL);
  assert_has(request(1), "&SerialNumber=arn%3Aaws%3Aiam%3A%3A111122223333%3Amfa"
                         "%2Fsomebody&TokenCode=000123");
  finish();
}

static void code_of_the_role(void **state)
{
  struct device device = {.code = "000123"};
  struct device other = {.code = "999999"};
  struct lun_role_options options = {.role_arn = ROLE,
                                     .mfa_serial = SERIAL,
                                     .mfa_code = read_device,
                                     .mfa_data = &device};
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)}};

  (void)state;
  session_options.mfa_code = read_device;
  session_options.mfa_data = &other;
  assert_int_equal(against(script, 1, &options), LUN_OK);
  assert_int_equal(device.asked, 1);
  assert_int_equal(other.asked, 0);
  assert_has(request(0), "&TokenCode=000123");
  finish();
}

static void codes_that_are_none(void **state)
{
  static const struct {
    struct device device;
    enum lun_code code;
    const char *text;
  } cases[] = {
      {{.code = "27182"}, LUN_ECREDENTIALS, "has to be six digits"},
      {{.code = "2718281"}, LUN_ECREDENTIALS, "has to be six digits"},
      {{.code = "27182x"}, LUN_ECREDENTIALS, "has to be six digits"},
      {{.code = "27182 "}, LUN_ECREDENTIALS, "has to be six digits"},
      {{.code = "27182827182827182827182827182827182827182827182827182827182827"
                "182827182827182827182"},
       LUN_ECREDENTIALS,
       "has to be six digits"},
      {{.code = ""}, LUN_ECREDENTIALS, "MFA token required: mfa_serial names"},
      {{.rc = LUN_EFILE, .says = "nobody is here"}, LUN_EFILE, "nobody is"},
      {{.rc = LUN_EFILE}, LUN_EFILE, "mfa_code failed, and does not say why"},
  };
  struct answer script[] = {{SEND_IT, sts_error(500, "InternalFailure")}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct device device = cases[i].device;

    session_options.mfa_code = read_device;
    session_options.mfa_data = &device;
    assert_int_equal(against(script, 1, &with_code), cases[i].code);
    assert_int_equal(error.code, cases[i].code);
    assert_has(error.message, "role " ROLE ": ");
    assert_has(error.message, cases[i].text);
    assert_null(strstr(error.message, "2718"));
    assert_int_equal(device.asked, 1);
    assert_int_equal(requests(), 0);
    finish();
  }
}

static void nobody_to_ask(void **state)
{
  struct answer script[] = {{SEND_IT, sts_error(500, "InternalFailure")}};

  (void)state;
  assert_int_equal(against(script, 1, &with_code), LUN_ECREDENTIALS);
  assert_has(error.message, ": MFA token required: mfa_serial names " SERIAL);
  assert_has(error.hint, "give the session a function mfa_code");
  /* The next time, there are credentials to renew. */
  lun_assume_done(&assume);
  lun_assume_init(&assume, place);
  assume.again = true;
  lun_assume_start(&assume, &role, NULL, 0);
  assert_int_equal(lun_loop_run(loop, &assume.task, &error), LUN_ECREDENTIALS);
  assert_has(error.message, "Cannot refresh credentials: MFA token required");
  assert_int_equal(requests(), 0);
  finish();
}

/* Nobody is asked for a code that could not be sent. */
static void no_code_without_a_region(void **state)
{
  struct device device = {.code = "000123"};

  (void)state;
  session_options.mfa_code = read_device;
  session_options.mfa_data = &device;
  assert_int_equal(load_settings(&session_options), LUN_OK);
  assert_int_equal(make_role(&with_code), LUN_OK);
  assert_int_equal(call(NULL), LUN_EINVALID);
  assert_int_equal(device.asked, 0);
  finish();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(code_of_the_session),      CASE(code_of_the_role),
      CASE(codes_that_are_none),      CASE(nobody_to_ask),
      CASE(no_code_without_a_region),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
