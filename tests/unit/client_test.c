/* lunette.h as a C program uses it, with the process's own environment. */
#include "aws.h"

#define LATER "2026-11-23T01:00:00Z"

static lun_session *session;
static struct lun_session_options options;

/* The scene's variables become the process's; other AWS ones go. */
static void export(void)
{
  static const char *const others[] = {"AWS_PROFILE",
                                       "AWS_DEFAULT_PROFILE",
                                       "AWS_DEFAULT_REGION",
                                       "AWS_SESSION_TOKEN",
                                       "AWS_SECURITY_TOKEN",
                                       "AWS_MAX_ATTEMPTS",
                                       "AWS_CA_BUNDLE",
                                       "AWS_ENDPOINT_URL_STS",
                                       "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                                       "AWS_USE_FIPS_ENDPOINT",
                                       "AWS_USE_DUALSTACK_ENDPOINT",
                                       "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};
  size_t i = 0;

  for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
    assert_int_equal(unsetenv(others[i]), 0);
  for (i = 0; i < VARIABLES; i++)
    if (variables[i].name != NULL)
      assert_int_equal(setenv(variables[i].name, variables[i].value, 1), 0);
}

static int make_client(void **state)
{
  session = NULL;
  if (make_scene(state))
    return -1;
  lun_session_options_init(&options);
  options.access_key_id = "AKIDFIXED";
  options.secret_access_key = "canary-secret";
  options.max_attempts = 1;
  return 0;
}

static int free_client(void **state)
{
  lun_session_unref(session);
  return free_scene(state);
}

static void against(const struct answer *script, int count)
{
  serve(script, count);
  export();
  assert_int_equal(lun_session_new(&session, ctx, &options, &error), LUN_OK);
}

/* The bytes that REF gives, "!" and the message if there is an error. */
static const char *get(const char *ref)
{
  static char text[1200];
  lun_secret *secret = NULL;
  const char *bytes = NULL;
  size_t len = 0;

  memset(&error, 0, sizeof(error));
  if (lun_session_get(&secret, session, ref, &error)) {
    assert_null(secret);
    assert_null(strstr(error.message, "canary"));
    (void)snprintf(text, sizeof(text), "!%s", error.message);
    return text;
  }
  bytes = lun_secret_bytes(secret, &len);
  (void)snprintf(text, sizeof(text), "%.*s", (int)len, len == 0 ? "" : bytes);
  lun_secret_unref(secret);
  return text;
}

/* --------------------------------------------------------------- options -- */

static void options_are_empty_at_first(void **state)
{
  static const struct lun_session_options none = {.size = sizeof(none)};
  static const struct lun_role_options nobody = {.size = sizeof(nobody)};
  struct lun_session_options session_options;
  struct lun_role_options role_options;

  (void)state;
  memset(&session_options, 'x', sizeof(session_options));
  memset(&role_options, 'x', sizeof(role_options));
  lun_session_options_init(&session_options);
  lun_role_options_init(&role_options);
  assert_memory_equal(&session_options, &none, sizeof(none));
  assert_memory_equal(&role_options, &nobody, sizeof(nobody));
}

/* A program that was built with an earlier header has fewer members, and what
 * stands behind those is not looked at. */
static void options_of_another_size(void **state)
{
  (void)state;
  export();
  options.endpoint_url = "canary";
  options.size = offsetof(struct lun_session_options, endpoint_url);
  assert_int_equal(lun_session_new(&session, ctx, &options, &error), LUN_OK);
  lun_session_unref(session);
  session = NULL;
  options.size = sizeof(options.size);
  assert_int_equal(lun_session_new(&session, ctx, &options, &error), LUN_OK);
  lun_session_unref(session);
  session = NULL;
  assert_int_equal(lun_session_new(&session, ctx, NULL, &error), LUN_OK);
  lun_session_unref(session);
  session = NULL;
  options.size = sizeof(options);
  assert_int_equal(lun_session_new(&session, ctx, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "the endpoint_url option");
  options.size = sizeof(options) + 1; /* a later one: what does it ask for? */
  assert_int_equal(lun_session_new(&session, ctx, &options, &error),
                   LUN_EINVALID);
  assert_has(error.message, "of another version");
  options.size = 0;
  assert_int_equal(lun_session_new(&session, ctx, &options, &error),
                   LUN_EINVALID);
  assert_int_equal(lun_session_new(&session, ctx, &options, NULL),
                   LUN_EINVALID);
  assert_null(session);
}

/* --------------------------------------------------------------- secrets -- */

static void a_secret_and_its_fields(void **state)
{
  struct answer script[] = {
      {SEND_IT, secret_answer("{\\\"password\\\":\\\"canary\\\","
                              "\\\"list\\\":[1,{\\\"a\\\":2.50}]}")}};

  (void)state;
  against(script, 1);
  assert_string_equal(get("prod/db#password"), "canary");
  assert_string_equal(get("prod/db#list[1].a"), "2.50");
  assert_string_equal(get("prod/db"),
                      "{\"password\":\"canary\",\"list\":[1,{\"a\":2.50}]}");
  assert_int_equal(requests(), 1);
  assert_signed_by(request(0), "AKIDFIXED");
  assert_string_equal(get("prod/db#pasword"),
                      "!secret prod/db#pasword: no field \"pasword\" at the "
                      "top");
  assert_int_equal(error.code, LUN_ENOTFOUND);
}

static void bad_references(void **state)
{
  struct answer script[] = {{SEND_IT, secret_answer("x")}};

  (void)state;
  against(script, 1);
  assert_has(get("prod/db?regoin=x"), "did you mean \"region\"?");
  assert_int_equal(error.code, LUN_EINVALID);
  assert_has(get(""), "the secret's name is missing");
  assert_has(get("prod/db?profile=nobody"), "profile \"nobody\"");
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_int_equal(requests(), 0);
}

static void a_secret_by_a_role(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)},
      {SEND_IT, secret_answer("one")},
      {SEND_IT, secret_answer("two")}};

  (void)state;
  against(script, 3);
  assert_string_equal(get(SECRET_ARN "?role=" ROLE "&external_id=xy"), "one");
  assert_has(request(0), "&ExternalId=xy");
  assert_signed_by(request(0), "AKIDFIXED");
  assert_signed_by(request(1), "ASIAONE");
  assert_string_equal(get(SECRET_ARN "?role=" ROLE "&external_id=xy"), "one");
  assert_string_equal(
      get(SECRET_ARN "?role=" ROLE "&external_id=xy&stage=blue"), "two");
  assert_int_equal(requests(), 3); /* one call for the role */
}

static void a_role_in_code(void **state)
{
  struct answer script[] = {
      {SEND_IT, assumed("444455556666", "reader/" SESSION, "ASIAONE", LATER)},
      {SEND_IT, secret_answer("one")}};
  struct lun_role_options role;
  lun_session *base = NULL;

  (void)state;
  against(script, 2);
  lun_role_options_init(&role);
  role.role_arn = ROLE;
  base = session;
  assert_int_equal(lun_session_assume_role(&session, base, &role, &error),
                   LUN_OK);
  lun_session_unref(base);
  assert_string_equal(get("prod/db"), "one");
  assert_signed_by(request(1), "ASIAONE");
}

/* -------------------------------------------------------------- identity -- */

#define WHO(rest)                                                              \
  "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/"          \
  "2011-06-15/\"><GetCallerIdentityResult>" rest                               \
  "</GetCallerIdentityResult></GetCallerIdentityResponse>"
#define ARN     "<Arn>arn:aws:sts::111122223333:assumed-role/app/i-1</Arn>"
#define USER    "<UserId>AROA:i-1</UserId>"
#define ACCOUNT "<Account>111122223333</Account>"

static void identity(void **state)
{
  struct answer script[] = {
      {SEND_IT, answer_text(200, "", WHO(ARN USER ACCOUNT))}};
  struct lun_identity who;

  (void)state;
  against(script, 1);
  assert_int_equal(lun_session_identity(&who, session, &error), LUN_OK);
  assert_string_equal(who.account, "111122223333");
  assert_string_equal(who.arn,
                      "arn:aws:sts::111122223333:assumed-role/app/i-1");
  assert_string_equal(who.user_id, "AROA:i-1");
  assert_has(request(0), "\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15");
  assert_has(request(0), "/eu-central-1/sts/aws4_request");
}

static void identities_that_are_none(void **state)
{
  static const char *const bodies[] = {
      WHO(ARN USER),
      WHO(USER ACCOUNT),
      WHO(ARN ACCOUNT "<UserId/>"),
      WHO(ARN USER "<Account>12345678901234567890123456789012</Account>"),
      WHO(ARN USER "<Account>1&#10;2</Account>"),
      "<Other/>"};
  struct lun_identity who = {.account = "untouched"};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
    struct answer script[] = {{SEND_IT, answer_text(200, "", bodies[i])}};

    lun_session_unref(session);
    session = NULL;
    end_servers();
    against(script, 1);
    assert_int_equal(lun_session_identity(&who, session, &error), LUN_ESERVICE);
    assert_has(error.message, "has no identity in it");
    assert_string_equal(who.account, "untouched");
  }
}

static void identity_refused(void **state)
{
  struct answer script[] = {{SEND_IT, sts_error(403, "InvalidClientTokenId")}};
  struct lun_identity who;

  (void)state;
  against(script, 1);
  assert_int_equal(lun_session_identity(&who, session, &error),
                   LUN_ECREDENTIALS);
  assert_string_equal(error.aws_code, "InvalidClientTokenId");
  assert_string_equal(error.operation, "GetCallerIdentity");
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code all(struct lun_error *err)
{
  lun_session *mine = NULL;
  lun_secret *secret = NULL;
  enum lun_code rc = lun_session_new(&mine, ctx, &options, err);

  if (!rc)
    rc = lun_session_get(&secret, mine, "prod/db#a", err);
  lun_secret_unref(secret);
  lun_session_unref(mine);
  return rc;
}

static void every_allocation_fails_once(void **state)
{
  struct answer script[] = {{SEND_IT, secret_answer("{\\\"a\\\":\\\"b\\\"}")}};

  (void)state;
  serve(script, 1);
  export();
  sweep(all);
}

#define CASE(function)                                                         \
  cmocka_unit_test_setup_teardown(function, make_client, free_client)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(options_are_empty_at_first),
      CASE(options_of_another_size),
      CASE(a_secret_and_its_fields),
      CASE(bad_references),
      CASE(a_secret_by_a_role),
      CASE(a_role_in_code),
      CASE(identity),
      CASE(identities_that_are_none),
      CASE(identity_refused),
      CASE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
