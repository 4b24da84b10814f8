/* Credentials: checked when they come in, immutable, counted. */
#include "unit.h"

#include "../../core/base/error.h"
#include "../../core/sign/cred.h"

static struct lun_cred_fields fields(const char *id, const char *secret,
                                     const char *token)
{
  return (struct lun_cred_fields){
      .access_key_id = lun_span_of(id),
      .secret_access_key = lun_span_of(secret),
      .session_token = lun_span_of(token),
      .account_id = lun_span_of("111111111111"),
      .expires_at = 1795437296,
      .provider = "shared-credentials-file",
  };
}

static void a_set(void **state)
{
  struct lun_cred_fields all = fields("AKIDEXAMPLE", "not-a-real-key", "tok/=");
  struct lun_cred *cred = NULL;

  (void)state;
  assert_int_equal(lun_cred_new(&cred, ctx, &all, NULL), LUN_OK);
  assert_string_equal(cred->access_key_id, "AKIDEXAMPLE");
  assert_string_equal(cred->account_id, "111111111111");
  assert_string_equal(cred->provider, "shared-credentials-file");
  assert_span(lun_secret_view(cred->secret_access_key), "not-a-real-key");
  assert_span(lun_secret_view(cred->session_token), "tok/=");
  assert_true(cred->expires_at == 1795437296);
  assert_ptr_equal(lun_cred_ref(cred), cred);
  lun_cred_unref(cred);
  assert_string_equal(cred->access_key_id, "AKIDEXAMPLE");
  lun_cred_unref(cred);
  lun_cred_unref(NULL);
  assert_null(lun_cred_ref(NULL));
}

static void long_term_keys(void **state)
{
  struct lun_cred_fields all = fields("AKIDEXAMPLE", "not-a-real-key", "");
  struct lun_cred *cred = NULL;

  (void)state;
  all.account_id.len = 0;
  assert_int_equal(lun_cred_new(&cred, ctx, &all, NULL), LUN_OK);
  assert_null(cred->session_token);
  assert_null(cred->account_id);
  lun_cred_unref(cred);
}

static void unusable_keys(void **state)
{
  static const struct {
    const char *id;
    const char *secret;
    const char *token;
    const char *message;
  } cases[] = {
      {"", "canary", "",
       "the credentials of shared-credentials-file have no "
       "access key id"},
      {"AKID", "", "",
       "the credentials of shared-credentials-file have no "
       "secret access key"},
      {"AK ID", "canary", "",
       "the access key id of shared-credentials-file "
       "has a blank, a control character or a "
       "character that is not ASCII"},
      {"AKID", "canary\n", "",
       "the secret access key of "
       "shared-credentials-file has a blank, a control "
       "character or a character that is not ASCII"},
      {"AKID", "canary", "\xc3\xa9",
       "the session token of "
       "shared-credentials-file has a blank, a "
       "control character or a character that "
       "is not ASCII"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lun_cred_fields all =
        fields(cases[i].id, cases[i].secret, cases[i].token);
    struct lun_error err = {.code = LUN_OK};
    struct lun_cred *cred = NULL;

    assert_int_equal(lun_cred_new(&cred, ctx, &all, &err), LUN_ECREDENTIALS);
    assert_string_equal(err.message, cases[i].message);
    assert_null(cred);
  }
}

/* Only AWS's own word against credentials is about where they are from. */
static void blame(void **state)
{
  struct lun_cred_fields all = fields("AKIDEXAMPLE", "not-a-real-key", "tok");
  struct lun_cred *cred = NULL;
  struct lun_error err = {.code = LUN_ECREDENTIALS};

  (void)state;
  assert_int_equal(lun_cred_new(&cred, ctx, &all, NULL), LUN_OK);
  lun_cred_blame(cred, &err);
  assert_string_equal(err.hint, "");
  (void)snprintf(err.aws_code, sizeof(err.aws_code), "ExpiredToken");
  lun_cred_blame(NULL, &err);
  assert_string_equal(err.hint, "");
  lun_cred_blame(cred, &err);
  assert_string_equal(err.hint, "the call was signed with the credentials of "
                                "shared-credentials-file");
  lun_error_hint(&err, "get new ones");
  lun_cred_blame(cred, &err);
  assert_string_equal(err.hint,
                      "get new ones; the call was signed with the credentials "
                      "of shared-credentials-file");
  err.code = LUN_EACCESS;
  lun_error_hint(&err, "ask");
  lun_cred_blame(cred, &err);
  assert_string_equal(err.hint, "ask");
  lun_cred_unref(cred);
}

static enum lun_code make(struct lun_error *err)
{
  struct lun_cred_fields all = fields("AKIDEXAMPLE", "not-a-real-key", "tok");
  struct lun_cred *cred = NULL;
  enum lun_code rc = lun_cred_new(&cred, ctx, &all, err);

  lun_cred_unref(cred);
  return rc;
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(make);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_set), TEST(long_term_keys),      TEST(unusable_keys),
      TEST(blame), TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
