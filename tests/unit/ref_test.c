/* References: what they come to, and what is said of those that are none. */
#include "unit.h"

#include "../../core/aws/ref.h"

#define ARN "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db"

static struct lun_ref ref;
static struct lun_error error;

static void parse(const char *text)
{
  memset(&error, 0, sizeof(error));
  if (lun_ref_parse(&ref, ctx, lun_span_of(text), &error))
    fail_msg("%s", error.message);
}

static void names(void **state)
{
  (void)state;
  parse("prod/db");
  assert_string_equal(ref.text, "prod/db");
  assert_string_equal(ref.name, "prod/db");
  assert_false(ref.arn);
  assert_null(ref.region);
  assert_null(ref.stage);
  assert_null(ref.path);
  lun_ref_done(&ref);
  parse("a_+=.@-Z9/db-AbCdEf"); /* no ARN: nothing is cut off */
  assert_string_equal(ref.name, "a_+=.@-Z9/db-AbCdEf");
  lun_ref_done(&ref);
}

static void arns(void **state)
{
  (void)state;
  parse(ARN "-AbCdEf#a[0].b");
  assert_true(ref.arn);
  assert_string_equal(ref.text, ARN "-AbCdEf");
  assert_string_equal(ref.name, "prod/db");
  assert_string_equal(ref.region, "eu-west-1");
  assert_string_equal(ref.path, "a[0].b");
  lun_ref_done(&ref);
  parse(ARN "?region=eu-west-1"); /* without its ending; the region again */
  assert_string_equal(ref.name, "prod/db");
  assert_string_equal(ref.region, "eu-west-1");
  lun_ref_done(&ref);
}

static void keys(void **state)
{
  (void)state;
  parse("db?stage=AWSPREVIOUS&version=0123456789abcdef0123456789abcdef"
        "&region=eu-west-1&profile=my%20dev"
        "&role=arn:aws:iam::123456789012:role/r&external_id=a%26b+c"
        "#[\"odd.key?&#\"]");
  assert_string_equal(ref.stage, "AWSPREVIOUS");
  assert_string_equal(ref.version, "0123456789abcdef0123456789abcdef");
  assert_string_equal(ref.region, "eu-west-1");
  assert_string_equal(ref.profile, "my dev");
  assert_string_equal(ref.role, "arn:aws:iam::123456789012:role/r");
  assert_string_equal(ref.external_id, "a&b+c");
  assert_string_equal(ref.path, "[\"odd.key?&#\"]");
  lun_ref_done(&ref);
}

static void refuse(const char *text, const char *message)
{
  struct lun_ref none = {.ctx = NULL};

  memset(&error, 0, sizeof(error));
  assert_int_equal(lun_ref_parse(&none, ctx, lun_span_of(text), &error),
                   LUN_EINVALID);
  if (strstr(error.message, message) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", error.message, message);
  assert_non_null(strstr(error.hint, "ID[?key=value&...][#path]"));
  assert_int_equal(ctx->account.live_blocks, 0);
}

static void bad_ids(void **state)
{
  (void)state;
  refuse("", "\"\", column 1: the secret's name is missing");
  refuse("#a", "column 1: the secret's name is missing");
  refuse("prod db", "column 5: no secret's name has this character");
  refuse("a\nb", "column 2");
  refuse("r\xC3\xA9gie", "column 2");
  refuse("arn:aws:s3:::bucket", "column 9: not the ARN of a secret");
  refuse("arn:aws", "column 1: not an ARN");
  refuse("arn:awx:secretsmanager:eu-west-1:123456789012:secret:a",
         "column 5: AWS has no such partition");
  refuse("arn:aws:secretsmanager:EU:123456789012:secret:a",
         "column 24: not a region");
  refuse("arn:aws:secretsmanager::123456789012:secret:a", "not a region");
  refuse(ARN "?region=us-east-1",
         "column 24: the ARN is of eu-west-1, region= says us-east-1");
  refuse("arn:aws:secretsmanager:eu-west-1:1234:secret:a",
         "column 34: an account id has twelve digits");
  refuse("arn:aws:secretsmanager:eu-west-1:12345678901x:secret:a",
         "twelve digits");
  refuse("arn:aws:secretsmanager:eu-west-1:123456789012:sekret:a", "column 47");
  refuse("arn:aws:secretsmanager:eu-west-1:123456789012:secret:",
         "the secret's name is missing");
}

static void bad_keys(void **state)
{
  (void)state;
  refuse("a?", "column 3: key=value has to stand here");
  refuse("a?stage", "key=value has to stand here");
  refuse("a?stage=x&", "column 11: key=value has to stand here");
  refuse("a?regoin=x", "unknown key \"regoin\"; did you mean \"region\"?");
  refuse("a?colour=x", "there are stage, version");
  refuse("a?stage=", "column 9: a value is missing");
  refuse("a?stage=x&stage=y", "column 11: the key is given twice");
  refuse("a?stage=%4", "column 9: '%' starts an escape");
  refuse("a?stage=%00", "printable");
  refuse("a?stage=x&region=US", "column 18: the value of region is not a");
  refuse("a?profile=b&role=x", "column 18: the value of role is not a role");
  refuse("a?external_id=x", "external_id goes with role");
}

static void bad_paths(void **state)
{
  (void)state;
  refuse("a#", "column 3: a path has to stand behind '#'");
  refuse("a#b[", "column");
  refuse("a#b?stage=AWSPREVIOUS", "column 4: '?' and its keys come before");
  refuse("a#b..c", "column");
  refuse("a#b[x]", "column");
}

/* What stands in a value is nobody's business. */
static void no_values(void **state)
{
  (void)state;
  refuse("a?external_id=canary-external&role=canary-role", "role");
  assert_null(strstr(error.message, "canary"));
  assert_null(strstr(error.hint, "canary"));
}

static void too_long(void **state)
{
  static char text[9000];

  (void)state;
  memset(text, 'a', sizeof(text) - 1);
  refuse(text, "the reference is too long");
  text[600] = '\0';
  refuse(text, "column 513: the secret's name is too long");
}

static enum lun_code parse_all(struct lun_error *err)
{
  struct lun_ref all = {.ctx = NULL};
  enum lun_code rc = lun_ref_parse(
      &all, ctx,
      LUN_SPAN_LIT(ARN "-AbCdEf?stage=a&version=b&profile=c&external_id=dd&"
                       "role=arn:aws:iam::123456789012:role/r#a.b"),
      err);

  if (!rc)
    lun_ref_done(&all);
  return rc;
}

static void no_memory(void **state)
{
  (void)state;
  sweep(parse_all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(names),     TEST(arns),     TEST(keys),
      TEST(bad_ids),   TEST(bad_keys), TEST(bad_paths),
      TEST(no_values), TEST(too_long), TEST(no_memory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
