/* Sessions: what they are made of, and those made from them. */
#include "session.h"

/* ---------------------------------------------------------------- making -- */

static void parts(void **state)
{
  (void)state;
  set_env("AWS_REGION", "eu-west-1");
  env_keys();
  assert_int_equal(make(NULL), LUN_OK);
  assert_ptr_equal(lun_session_ctx(session), ctx);
  assert_non_null(lun_session_loop(session));
  assert_non_null(lun_session_source(session));
  assert_string_equal(lun_session_settings(session)->profile, "default");
  assert_string_equal(lun_session_region(session), "eu-west-1");
  assert_string_equal(lun_session_region_from(session), "AWS_REGION");
  assert_int_equal(lun_session_quota(session)->capacity, 500);
  assert_null(lun_session_cache(session)->entries);
  assert_string_equal(key_of(session), "AKIDENV");
  assert_ptr_equal(lun_session_ref(session), session);
  lun_session_unref(session);
  assert_string_equal(lun_session_region(session), "eu-west-1");
  assert_null(lun_session_ref(NULL));
  lun_session_unref(NULL);
}

static void what_cannot_be_made(void **state)
{
  struct lun_session_options options = {.profile = "nobody"};

  (void)state;
  assert_int_equal(make(&options), LUN_ECREDENTIALS);
  assert_null(session);
  options.profile = NULL;
  options.region = "No";
  assert_int_equal(make(&options), LUN_EINVALID);
  set_config("canary\n");
  assert_int_equal(make(NULL), LUN_EINVALID);
  assert_null(session);
}

static void fixed_keys(void **state)
{
  struct lun_session_options options = {.access_key_id = "AKIDFIXED",
                                        .secret_access_key = "canary-secret",
                                        .session_token = "canary-token"};

  (void)state;
  env_keys();
  assert_int_equal(make(&options), LUN_OK);
  assert_string_equal(key_of(session), "AKIDFIXED");
}

/* A part of a set of keys is no reason to use somebody else's. */
static void parts_of_fixed_keys(void **state)
{
  struct lun_session_options options = {.access_key_id = "AKIDFIXED"};

  (void)state;
  env_keys();
  assert_int_equal(make(&options), LUN_ECREDENTIALS);
  options.access_key_id = NULL;
  options.secret_access_key = "canary-secret";
  assert_int_equal(make(&options), LUN_ECREDENTIALS);
  options.secret_access_key = NULL;
  options.session_token = "canary-token";
  assert_int_equal(make(&options), LUN_ECREDENTIALS);
  assert_null(strstr(error.message, "canary"));
  assert_null(session);
}

/* One loop for both, and nothing else. */
static void one_beside_another(void **state)
{
  struct lun_session_options options = {.size = sizeof(options)};
  lun_session *other = NULL;

  (void)state;
  set_env("AWS_REGION", "eu-west-1");
  env_keys();
  assert_int_equal(make(NULL), LUN_OK);
  options.region = "No";
  assert_int_equal(lun_session_beside(&other, session, &options, &error),
                   LUN_EINVALID);
  assert_null(other);
  options.region = "eu-west-2";
  assert_int_equal(lun_session_beside(&other, session, &options, &error),
                   LUN_OK);
  assert_ptr_equal(lun_session_loop(other), lun_session_loop(session));
  assert_ptr_not_equal(lun_session_source(other), lun_session_source(session));
  assert_string_equal(lun_session_region(other), "eu-west-2");
  lun_session_unref(session);
  session = other;
  assert_string_equal(key_of(session), "AKIDENV");
}

/* ------------------------------------------------------- by a reference -- */

static void references(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")}};
  lun_session *one = NULL;
  lun_session *two = NULL;

  (void)state;
  env_keys();
  serve(script, 1);
  set_env("AWS_REGION", NULL);
  set_config("[default]\nregion = eu-west-1\n[profile dev]\n"
             "region = eu-west-2\naws_access_key_id = AKIDDEV\n"
             "aws_secret_access_key = canary-secret\n");
  assert_int_equal(make(NULL), LUN_OK);
  one = for_ref("prod/db?stage=AWSPREVIOUS&region=eu-west-3");
  assert_ptr_equal(one, session); /* nothing of the session's is asked for */
  lun_session_unref(one);

  one = for_ref("a?profile=dev");
  two = for_ref("b?profile=dev#c");
  assert_ptr_equal(one, two);
  assert_ptr_not_equal(one, session);
  assert_string_equal(lun_session_region(one), "eu-west-2");
  assert_string_equal(key_of(one), "AKIDDEV");
  lun_session_unref(one);
  lun_session_unref(two);

  one = for_ref("a?role=" ROLE "&profile=dev");
  two = for_ref("a?role=" ROLE "&profile=dev&external_id=xy");
  assert_ptr_not_equal(one, two);
  lun_session_unref(two);
  two = for_ref("b?profile=dev&role=" ROLE);
  assert_ptr_equal(one, two);
  assert_string_equal(key_of(one), "ASIAONE");
  assert_string_equal(key_of(two), "ASIAONE");
  assert_int_equal(requests(), 1);
  assert_signed_by(request(0), "AKIDDEV");
  lun_session_unref(one);
  lun_session_unref(two);

  assert_null(for_ref("a?profile=dve"));
  assert_int_equal(error.code, LUN_ECREDENTIALS);
  assert_string_equal(error.hint, "did you mean \"dev\"?");
}

/* What was set in code stays; what was not comes from the other profile. */
static void options_stay(void **state)
{
  struct lun_session_options options = {.region = "ap-south-1",
                                        .max_attempts = 1,
                                        .deadline_ms = 77,
                                        .endpoint_url = "https://h"};
  lun_session *one = NULL;

  (void)state;
  set_config("[profile dev]\nregion = eu-west-2\n");
  assert_int_equal(make(&options), LUN_OK);
  one = for_ref("a?profile=dev");
  assert_string_equal(lun_session_region(one), "ap-south-1");
  assert_string_equal(lun_session_settings(one)->endpoint_url, "https://h");
  assert_int_equal(lun_session_settings(one)->max_attempts, 1);
  assert_int_equal(lun_session_settings(one)->deadline_ms, 77);
  lun_session_unref(one);
}

/* Where no region is known, the ARN's will do for STS, and for nothing else:
 * a name would be looked for where nobody said. */
static void the_region_of_a_role(void **state)
{
  struct answer script[] = {{SEND_IT, reader_answer("ASIAONE")}};
  lun_session *one = NULL;

  (void)state;
  env_keys();
  serve(script, 1);
  set_env("AWS_REGION", NULL);
  assert_int_equal(make(NULL), LUN_OK);
  one = for_ref(SECRET_ARN "?role=" ROLE);
  assert_string_equal(key_of(one), "ASIAONE");
  assert_has(request(0), "/eu-central-1/sts/aws4_request");
  assert_null(lun_session_region(one));
  lun_session_unref(one);
  one = for_ref("prod/db?role=" ROLE "&external_id=xy");
  assert_has(key_of(one), "no region is known for sts");
  assert_null(strstr(error.hint, "ARN"));
  lun_session_unref(one);
}

/* --------------------------------------------------------------- memory -- */

static enum lun_code make_all(struct lun_error *err)
{
  struct lun_session_options options = {.access_key_id = "AKIDFIXED",
                                        .secret_access_key = "canary-secret"};
  struct lun_web_identity_options web = {.size = sizeof(web),
                                         .role_arn = ROLE,
                                         .token_file = "/token",
                                         .region = "eu-west-1"};
  struct lun_ref ref = {.ctx = NULL};
  lun_session *mine = NULL;
  lun_session *asked = NULL;
  lun_session *beside = NULL;
  enum lun_code rc =
      lun_ref_parse(&ref, ctx, LUN_SPAN_LIT("a?profile=dev&role=" ROLE), err);

  if (rc)
    return rc;
  rc = lun_session_make(&mine, ctx, &options, &scene_env, err);
  if (!rc)
    rc = lun_session_web_identity(&asked, mine, &web, err);
  lun_session_unref(asked);
  asked = NULL;
  if (!rc)
    rc = lun_session_for_ref(&asked, mine, &ref, err);
  if (!rc)
    rc = lun_session_beside(&beside, mine, &options, err);
  lun_session_unref(beside);
  lun_session_unref(asked);
  lun_session_unref(mine);
  lun_ref_done(&ref);
  return rc;
}

/* Where a call would go, for who asks. */
static void the_region_of_the_machine(void **state)
{
  struct answer script[] = {{SEND_IT, imds_token()},
                            {SEND_IT, answer_text(200, "", "eu-south-1")}};
  char region[LUN_REGION_LEN] = "";

  (void)state;
  env_keys();
  assert_int_equal(make(NULL), LUN_OK); /* switched off, and none is known */
  assert_int_equal(lun_session_find_region(region, session, &error), LUN_OK);
  assert_string_equal(region, "");
  lun_session_unref(session);
  serve_imds(script, 2);
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_find_region(region, session, &error), LUN_OK);
  assert_string_equal(region, "eu-south-1");
  assert_null(lun_session_region(session)); /* nobody has named it */
  lun_session_unref(session);
  set_env("AWS_REGION", "eu-west-1");
  assert_int_equal(make(NULL), LUN_OK);
  assert_int_equal(lun_session_find_region(region, session, &error), LUN_OK);
  assert_string_equal(region, "eu-west-1");
  assert_int_equal(imds_requests(), 2);
}

static void every_allocation_fails_once(void **state)
{
  (void)state;
  set_config("[profile dev]\nregion = eu-west-2\n");
  sweep(make_all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(parts),
      CASE(what_cannot_be_made),
      CASE(fixed_keys),
      CASE(parts_of_fixed_keys),
      CASE(one_beside_another),
      CASE(references),
      CASE(options_stay),
      CASE(the_region_of_a_role),
      CASE(the_region_of_the_machine),
      CASE(every_allocation_fails_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
