/* The standard mode of 2026, step by step, and what AWS's codes mean. */
#include "../../core/rules/retry.h"

#include "../../core/rules/advice.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* One answer, and what is expected after it; delay -1: no other attempt. */
struct step {
  const char *code;
  int status;
  int64_t hint_ms;
  int quota;
  int64_t delay_ms;
};

#define ENDS    (-1)
#define NO_HINT (-1)
#define ALL     0.99999999999 /* as good as no jitter */

/* The cases of smithy-kotlin's NewStandardRetryIntegrationTestResources. */
static void run(int quota_at_first, int max_attempts, const struct step *steps)
{
  struct lun_retry_quota quota;
  struct lun_retry retry = {.max_attempts = max_attempts};

  lun_retry_quota_init(&quota);
  assert_int_equal(quota.capacity, 500);
  quota.capacity = quota_at_first;
  for (; steps->code != NULL; steps++) {
    enum lun_failure failure = lun_retry_classify(steps->code, steps->status);
    int64_t delay = ENDS;

    retry.attempts++;
    if (failure == LUN_FAILURE_NONE)
      lun_retry_success(&retry, &quota);
    else if (!lun_retry_again(&retry, &quota, failure, ALL, steps->hint_ms,
                              &delay))
      delay = ENDS;
    assert_int_equal(quota.capacity, steps->quota);
    if (steps->delay_ms == ENDS)
      assert_int_equal(delay, ENDS);
    else
      assert_in_range(delay, steps->delay_ms - 1, steps->delay_ms);
  }
}

static void standard_mode(void **state)
{
  static const struct step recovers[] = {{"", 500, NO_HINT, 486, 50},
                                         {"", 500, NO_HINT, 472, 100},
                                         {"", 200, NO_HINT, 486, ENDS},
                                         {NULL, 0, 0, 0, 0}};
  static const struct step too_many[] = {{"", 502, NO_HINT, 486, 50},
                                         {"", 502, NO_HINT, 472, 100},
                                         {"", 502, NO_HINT, 472, ENDS},
                                         {NULL, 0, 0, 0, 0}};
  static const struct step no_quota[] = {{"", 500, NO_HINT, 0, ENDS},
                                         {NULL, 0, 0, 0, 0}};
  static const struct step five[] = {
      {"", 500, NO_HINT, 486, 50},   {"", 503, NO_HINT, 472, 100},
      {"", 504, NO_HINT, 458, 200},  {"", 500, NO_HINT, 444, 400},
      {"", 500, NO_HINT, 444, ENDS}, {NULL, 0, 0, 0, 0}};
  static const struct step drained[] = {{"", 500, NO_HINT, 6, 50},
                                        {"", 502, NO_HINT, 6, ENDS},
                                        {NULL, 0, 0, 0, 0}};
  static const struct step throttled[] = {
      {"Throttling", 400, NO_HINT, 495, 1000},
      {"", 200, NO_HINT, 500, ENDS},
      {NULL, 0, 0, 0, 0}};
  static const struct step hinted[] = {{"", 500, 0, 486, 50},
                                       {"", 500, 3000, 472, 3000},
                                       {"", 500, 60000, 458, 5200},
                                       {"", 200, NO_HINT, 472, ENDS},
                                       {NULL, 0, 0, 0, 0}};
  static const struct step final[] = {
      {"ValidationException", 400, NO_HINT, 500, ENDS}, {NULL, 0, 0, 0, 0}};

  (void)state;
  run(500, 3, recovers);
  run(500, 3, too_many);
  run(0, 3, no_quota);
  run(500, 5, five);
  run(20, 5, drained);
  run(500, 3, throttled);
  run(500, 5, hinted);
  run(500, 5, final);
}

static void delays_have_a_limit(void **state)
{
  struct lun_retry_quota quota;
  struct lun_retry retry = {.max_attempts = 1000, .attempts = 500};
  int64_t delay = 0;

  (void)state;
  lun_retry_quota_init(&quota);
  assert_true(
      lun_retry_again(&retry, &quota, LUN_FAILURE_THROTTLED, ALL, -1, &delay));
  assert_in_range(delay, 19999, 20000);
  assert_true(
      lun_retry_again(&retry, &quota, LUN_FAILURE_TRANSIENT, 0.0, -1, &delay));
  assert_int_equal(delay, 0);
}

static void a_retry_that_is_not_made(void **state)
{
  struct lun_retry_quota quota;
  struct lun_retry retry = {.max_attempts = 3, .attempts = 1};
  int64_t delay = 0;

  (void)state;
  lun_retry_quota_init(&quota);
  assert_true(
      lun_retry_again(&retry, &quota, LUN_FAILURE_TRANSIENT, ALL, -1, &delay));
  assert_int_equal(quota.capacity, 486);
  lun_retry_forgo(&retry, &quota);
  assert_int_equal(quota.capacity, 500);
  lun_retry_forgo(&retry, &quota); /* it has nothing more to give */
  assert_int_equal(quota.capacity, 500);
}

static void classes(void **state)
{
  (void)state;
  assert_int_equal(lun_retry_classify("", 200), LUN_FAILURE_NONE);
  assert_int_equal(lun_retry_classify("TooManyRequestsException", 400),
                   LUN_FAILURE_THROTTLED);
  assert_int_equal(lun_retry_classify("ThrottlingException", 503),
                   LUN_FAILURE_THROTTLED);
  assert_int_equal(lun_retry_classify("RequestTimeout", 400),
                   LUN_FAILURE_TRANSIENT);
  assert_int_equal(lun_retry_classify("IDPCommunicationError", 400),
                   LUN_FAILURE_TRANSIENT);
  assert_int_equal(lun_retry_classify("", 429), LUN_FAILURE_FINAL);
  assert_int_equal(lun_retry_classify("", 501), LUN_FAILURE_FINAL);
  assert_int_equal(lun_retry_classify("AccessDeniedException", 400),
                   LUN_FAILURE_FINAL);
}

static void codes(void **state)
{
  static const struct {
    const char *code;
    int status;
    const char *message;
    enum lun_code want;
  } cases[] = {
      {"AccessDeniedException", 400, "User: x is not authorized", LUN_EACCESS},
      {"AccessDenied", 403, "", LUN_EACCESS},
      {"AccessDeniedException", 400, "Access to KMS is not allowed",
       LUN_EACCESS},
      {"InvalidRequestException", 400,
       "You can't access a secret from a different AWS account if you encrypt "
       "the secret with the default KMS service key.",
       LUN_EACCESS},
      {"ResourceNotFoundException", 400, "", LUN_ENOTFOUND},
      {"InvalidRequestException", 400,
       "You can't perform this operation on the secret because it was marked "
       "for deletion.",
       LUN_ENOTFOUND},
      {"ExpiredTokenException", 400, "", LUN_ECREDENTIALS},
      {"ExpiredToken", 403, "", LUN_ECREDENTIALS},
      {"UnrecognizedClientException", 400, "", LUN_ECREDENTIALS},
      {"InvalidClientTokenId", 403, "", LUN_ECREDENTIALS},
      {"InvalidSignatureException", 400, "", LUN_ECREDENTIALS},
      {"SignatureDoesNotMatch", 403, "", LUN_ECREDENTIALS},
      {"IncompleteSignature", 400, "", LUN_ECREDENTIALS},
      {"MissingAuthenticationToken", 403, "", LUN_ECREDENTIALS},
      {"ThrottlingException", 400, "", LUN_ETHROTTLED},
      {"", 429, "", LUN_ETHROTTLED},
      {"InternalServiceError", 500, "", LUN_ESERVICE},
      {"", 502, "", LUN_ESERVICE},
      {"", 301, "", LUN_ESERVICE},
      {"", 403, "", LUN_EACCESS},
      {"ValidationException", 400, "", LUN_EINVALID},
      {"InvalidParameterException", 400, "", LUN_EINVALID}};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    assert_int_equal(lun_retry_code(cases[i].code, cases[i].status,
                                    lun_span_of(cases[i].message)),
                     cases[i].want);
  assert_true(lun_retry_expired("ExpiredToken"));
  assert_true(lun_retry_expired("ExpiredTokenException"));
  assert_false(lun_retry_expired("AccessDenied"));
}

static void clocks(void **state)
{
  struct lun_span none = {"", 0};
  struct lun_span expired =
      LUN_SPAN_LIT("Signature expired: 2026... is now earlier than 2026...");

  (void)state;
  assert_true(lun_retry_skewed("RequestTimeTooSkewed", none, 1240, 1000));
  assert_true(lun_retry_skewed("RequestExpired", none, 1000, 1240));
  assert_true(lun_retry_skewed("InvalidSignatureException", expired, 5000, 1));
  assert_false(lun_retry_skewed("InvalidSignatureException", none, 5000, 1));
  assert_false(lun_retry_skewed("RequestTimeTooSkewed", none, 1239, 1000));
  assert_false(lun_retry_skewed("RequestTimeTooSkewed", none, 0, 1000000));
}

static const char *advice(const char *operation, const char *code,
                          const char *message)
{
  static struct lun_error err;

  (void)lun_error_set(&err, LUN_EACCESS, "%s", message);
  (void)snprintf(err.operation, sizeof(err.operation), "%s", operation);
  (void)snprintf(err.aws_code, sizeof(err.aws_code), "%s", code);
  lun_advice_set(&err);
  return err.hint;
}

static void advised(const char *hint, const char *text)
{
  assert_non_null(strstr(hint, text));
}

static void advices(void **state)
{
  static const char op[] = "GetSecretValue";
  static const char denied[] = "AccessDeniedException";

  (void)state;
  assert_string_equal(advice(op, denied, "Access to KMS is not allowed"),
                      "the key policy in the key's account and the caller's "
                      "identity policy both have to allow kms:Decrypt");
  advised(
      advice(op, denied, "x with an explicit deny in a service control policy"),
      "service control policy");
  advised(advice(op, "ResourceNotFoundException",
                 "Secrets Manager can't find "
                 "the specified secret."),
          "full ARN");
  advised(advice(op, "ResourceNotFoundException",
                 "can't find the specified secret value for staging label: X"),
          "no version of it has this stage");
  advised(advice(op, "ExpiredTokenException", "expired"), "new ones");
  assert_string_equal(advice(op, "InvalidSignatureException",
                             "Credential should be scoped to a valid region."),
                      "check the region and the endpoint");
  assert_string_equal(advice(op, "SomethingElse", "what"), "");
}

#define ROLE   "arn:aws:sts::111111111111:assumed-role/app-server/i-0abc"
#define SECRET "arn:aws:secretsmanager:eu-west-1:222222222222:secret:db-AbCdEf"
#define GET    "secretsmanager:GetSecretValue"
#define DENIED(caller, action, resource)                                       \
  "User: " caller " is not authorized to perform: " action                     \
  " on resource: " resource " "
#define NO_RESOURCE "because no resource-based policy allows the action"
#define NO_IDENTITY "because no identity-based policy allows the action"
#define SSO                                                                    \
  "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_a_b/me@example.com"

/* Who has to change what is taken from AWS's own words. */
static void advices_for_denials(void **state)
{
  static const char op[] = "GetSecretValue";
  static const char denied[] = "AccessDeniedException";

  (void)state;
  assert_string_equal(
      advice(op, denied, DENIED(ROLE, GET, SECRET) NO_RESOURCE),
      "the secret's resource policy (account 222222222222) has to allow " GET
      " to arn:aws:iam::111111111111:role/app-server; AWS can name the wrong "
      "policy: check the caller's identity policy too");
  assert_string_equal(
      advice(op, denied, DENIED(ROLE, GET, SECRET) NO_IDENTITY),
      "the identity policy of role app-server (account 111111111111) has to "
      "allow " GET " on " SECRET "; AWS can name the wrong policy: check the "
      "secret's resource policy too");
  advised(advice(op, denied,
                 DENIED("arn:aws:iam::111111111111:user/path/bob", GET, "db")
                     NO_IDENTITY),
          "the identity policy of user/path/bob (account 111111111111) has to "
          "allow " GET " on db;");
  /* A role of IAM Identity Center has a path, which nobody can see here. */
  advised(advice(op, denied, DENIED(SSO, GET, SECRET) NO_RESOURCE),
          GET " to the ARN of role AWSReservedSSO_a_b;");
  assert_string_equal(
      advice(
          "AssumeRole", "AccessDenied",
          DENIED(ROLE, "sts:AssumeRole", "arn:aws:iam::222222222222:role/r")),
      "the trust policy of arn:aws:iam::222222222222:role/r has to allow "
      "arn:aws:iam::111111111111:role/app-server (check its external id), and "
      "the identity policy of role app-server (account 111111111111) has to "
      "allow sts:AssumeRole");
  advised(advice(op, denied,
                 DENIED(ROLE, GET, SECRET) "with an explicit deny in a "
                                           "resource-based policy"),
          "a Deny statement of the secret's resource policy (account "
          "222222222222) matches arn:aws:iam::111111111111:role/app-server");
}

/* What cannot be read is said in general words, and nothing is overrun. */
static void advices_for_other_words(void **state)
{
  static const char op[] = "GetSecretValue";
  static const char denied[] = "AccessDeniedException";
  char message[1000] = "";

  (void)state;
  advised(advice(op, denied, NO_RESOURCE),
          "the secret's resource policy has to allow the action to the caller");
  advised(advice(op, denied, NO_IDENTITY),
          "the identity policy of the caller has to allow the action on the "
          "resource");
  advised(advice(op, denied, "no"), "check the identity policy of the caller");
  advised(advice(op, denied,
                 DENIED("arn:aws:sts::1:assumed-role/r", GET, "") NO_RESOURCE),
          "to arn:aws:sts::1:assumed-role/r;");
  memset(message, 'x', sizeof(message) - 1);
  memcpy(message, "User: ", 6);
  memcpy(message + 900, " " NO_RESOURCE " ", sizeof(NO_RESOURCE) + 1);
  advised(advice(op, denied, message), "xxx...");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(standard_mode),
      cmocka_unit_test(delays_have_a_limit),
      cmocka_unit_test(a_retry_that_is_not_made),
      cmocka_unit_test(classes),
      cmocka_unit_test(codes),
      cmocka_unit_test(clocks),
      cmocka_unit_test(advices),
      cmocka_unit_test(advices_for_denials),
      cmocka_unit_test(advices_for_other_words),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
