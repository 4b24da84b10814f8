/* Partitions, hosts and ARNs; AWS's own cases are among the vectors. */
#include "unit.h"

#include "../../core/rules/endpoint.h"

static void partitions(void **state)
{
  static const char *const rows[][2] = {
      {"us-east-1", "aws"},
      {"mx-central-1", "aws"},
      {"aws-global", "aws"},
      {"cn-north-1", "aws-cn"},
      {"aws-cn-global", "aws-cn"},
      {"us-gov-west-1", "aws-us-gov"},
      {"us-iso-east-1", "aws-iso"},
      {"us-isob-east-1", "aws-iso-b"},
      {"eu-isoe-west-1", "aws-iso-e"},
      {"us-isof-south-1", "aws-iso-f"},
      {"eusc-de-east-1", "aws-eusc"},
      {"eusc-fr-east-1", "aws"},
      {"us-isob-east-", "aws"},
      {"us-new-9", "aws"},
      {"us", "aws"},
      {"cn-north-1x", "aws"},
      {"cn--1", "aws"},
  };
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    assert_string_equal(lun_partition_of_region(lun_span_of(rows[i][0]))->id,
                        rows[i][1]);
  assert_string_equal(lun_partition_named(LUN_SPAN_LIT("aws-cn"))->suffix,
                      "amazonaws.com.cn");
  assert_null(lun_partition_named(LUN_SPAN_LIT("aws-moon")));
  assert_null(lun_partition_named(LUN_SPAN_LIT("")));
}

static void regions(void **state)
{
  static const char *const bad[] = {
      "",        "-a",  "a-",          "US-east-1", "us.east",
      "us east", "a/b", "us-east-1\n", "evil.com#", "r\xC3\xA9gion",
  };
  char longest[65] = "";
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(lun_region_valid(lun_span_of(bad[i])));
  assert_true(lun_region_valid(LUN_SPAN_LIT("fake-region-10")));
  memset(longest, 'a', 64);
  assert_false(lun_region_valid((struct lun_span){longest, 64}));
  assert_true(lun_region_valid((struct lun_span){longest, 63}));
}

/* Resolves, and compares "URL REGION". */
static void expect(const char *want, struct lun_endpoint_options options)
{
  struct lun_buf url = LUN_BUF_INIT(ctx, 1024);
  struct lun_buf region = LUN_BUF_INIT(ctx, 64);
  struct lun_error err = {.code = LUN_OK};

  assert_int_equal(lun_endpoint_resolve(&url, &region, &options, &err), LUN_OK);
  lun_buf_addf(&url, " %s", lun_buf_text(&region));
  assert_string_equal(lun_buf_text(&url), want);
  lun_buf_done(&url);
  lun_buf_done(&region);
}

static void hosts(void **state)
{
  (void)state;
  expect(
      "https://kms.eu-west-1.amazonaws.com eu-west-1",
      (struct lun_endpoint_options){.service = "kms", .region = "eu-west-1"});
  expect("https://sts.amazonaws.com us-east-1",
         (struct lun_endpoint_options){
             .service = "sts", .region = "eu-west-1", .sts_legacy = true});
  expect("https://sts.eu-south-1.amazonaws.com eu-south-1",
         (struct lun_endpoint_options){
             .service = "sts", .region = "eu-south-1", .sts_legacy = true});
  expect("https://sts-fips.eu-west-1.amazonaws.com eu-west-1",
         (struct lun_endpoint_options){.service = "sts",
                                       .region = "eu-west-1",
                                       .sts_legacy = true,
                                       .fips = true});
  expect(
      "https://sts.amazonaws.com us-east-1",
      (struct lun_endpoint_options){.service = "sts", .region = "aws-global"});
  expect("https://secretsmanager.us-gov-west-1.amazonaws.com us-gov-west-1",
         (struct lun_endpoint_options){.service = "secretsmanager",
                                       .region = "us-gov-west-1",
                                       .dual_stack = true});
  expect("https://secretsmanager.us-iso-east-1.api.aws.ic.gov us-iso-east-1",
         (struct lun_endpoint_options){.service = "secretsmanager",
                                       .region = "us-iso-east-1",
                                       .dual_stack = true});
  expect("http://127.0.0.1:4566/base eu-west-1",
         (struct lun_endpoint_options){.service = "kms",
                                       .region = "eu-west-1",
                                       .url = "http://127.0.0.1:4566/base"});
}

/* The hosts of a region: plain, dual stack, FIPS, both; NULL: not here. */
struct row {
  const char *region;
  const char *hosts[4];
};

static void expect_rows(const char *service, const struct row *rows,
                        size_t count)
{
  size_t i = 0;
  int which = 0;

  for (i = 0; i < count; i++)
    for (which = 0; which < 4; which++) {
      char want[160] = "";

      if (rows[i].hosts[which] == NULL)
        continue;
      (void)snprintf(want, sizeof(want), "https://%s%s %s", service,
                     rows[i].hosts[which], rows[i].region);
      expect(want, (struct lun_endpoint_options){
                       .service = service,
                       .region = rows[i].region,
                       .dual_stack = which % 2 == 1,
                       .fips = which >= 2,
                   });
    }
}

static void hosts_of_secrets_manager(void **state)
{
  static const struct row rows[] = {
      {"eu-central-1",
       {".eu-central-1.amazonaws.com", ".eu-central-1.amazonaws.com",
        "-fips.eu-central-1.amazonaws.com",
        "-fips.eu-central-1.amazonaws.com"}},
      {"cn-north-1",
       {".cn-north-1.amazonaws.com.cn", ".cn-north-1.amazonaws.com.cn",
        "-fips.cn-north-1.amazonaws.com.cn",
        "-fips.cn-north-1.api.amazonwebservices.com.cn"}},
      {"us-gov-west-1",
       {".us-gov-west-1.amazonaws.com", ".us-gov-west-1.amazonaws.com",
        "-fips.us-gov-west-1.amazonaws.com",
        "-fips.us-gov-west-1.amazonaws.com"}},
      {"eusc-de-east-1",
       {".eusc-de-east-1.amazonaws.eu",
        ".eusc-de-east-1.api.amazonwebservices.eu",
        "-fips.eusc-de-east-1.amazonaws.eu",
        "-fips.eusc-de-east-1.api.amazonwebservices.eu"}},
      {"us-iso-east-1",
       {".us-iso-east-1.c2s.ic.gov", ".us-iso-east-1.api.aws.ic.gov",
        "-fips.us-iso-east-1.c2s.ic.gov",
        "-fips.us-iso-east-1.api.aws.ic.gov"}},
      {"us-isob-east-1",
       {".us-isob-east-1.sc2s.sgov.gov", ".us-isob-east-1.api.aws.scloud",
        "-fips.us-isob-east-1.sc2s.sgov.gov",
        "-fips.us-isob-east-1.api.aws.scloud"}},
      {"eu-isoe-west-1",
       {".eu-isoe-west-1.cloud.adc-e.uk",
        ".eu-isoe-west-1.api.cloud-aws.adc-e.uk",
        "-fips.eu-isoe-west-1.cloud.adc-e.uk",
        "-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"}},
      {"us-isof-south-1",
       {".us-isof-south-1.csp.hci.ic.gov",
        ".us-isof-south-1.api.aws.hci.ic.gov",
        "-fips.us-isof-south-1.csp.hci.ic.gov",
        "-fips.us-isof-south-1.api.aws.hci.ic.gov"}},
  };

  (void)state;
  expect_rows("secretsmanager", rows, sizeof(rows) / sizeof(rows[0]));
}

static void hosts_of_sts(void **state)
{
  static const struct row rows[] = {
      {"eu-central-1",
       {".eu-central-1.amazonaws.com", ".eu-central-1.api.aws",
        "-fips.eu-central-1.amazonaws.com", "-fips.eu-central-1.api.aws"}},
      {"cn-north-1",
       {".cn-north-1.amazonaws.com.cn",
        ".cn-north-1.api.amazonwebservices.com.cn",
        "-fips.cn-north-1.amazonaws.com.cn",
        "-fips.cn-north-1.api.amazonwebservices.com.cn"}},
      {"us-gov-west-1",
       {".us-gov-west-1.amazonaws.com", ".us-gov-west-1.api.aws",
        ".us-gov-west-1.amazonaws.com", "-fips.us-gov-west-1.api.aws"}},
      {"eusc-de-east-1",
       {".eusc-de-east-1.amazonaws.eu",
        ".eusc-de-east-1.api.amazonwebservices.eu",
        "-fips.eusc-de-east-1.amazonaws.eu",
        "-fips.eusc-de-east-1.api.amazonwebservices.eu"}},
      {"us-iso-east-1",
       {".us-iso-east-1.c2s.ic.gov", ".us-iso-east-1.api.aws.ic.gov",
        "-fips.us-iso-east-1.c2s.ic.gov",
        "-fips.us-iso-east-1.api.aws.ic.gov"}},
      {"us-isob-east-1",
       {".us-isob-east-1.sc2s.sgov.gov", ".us-isob-east-1.api.aws.scloud",
        "-fips.us-isob-east-1.sc2s.sgov.gov",
        "-fips.us-isob-east-1.api.aws.scloud"}},
      {"eu-isoe-west-1",
       {".eu-isoe-west-1.cloud.adc-e.uk",
        ".eu-isoe-west-1.api.cloud-aws.adc-e.uk",
        "-fips.eu-isoe-west-1.cloud.adc-e.uk",
        "-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"}},
      {"us-isof-south-1",
       {".us-isof-south-1.csp.hci.ic.gov",
        ".us-isof-south-1.api.aws.hci.ic.gov",
        "-fips.us-isof-south-1.csp.hci.ic.gov",
        "-fips.us-isof-south-1.api.aws.hci.ic.gov"}},
  };

  (void)state;
  expect_rows("sts", rows, sizeof(rows) / sizeof(rows[0]));
}

static void hosts_of_identity_center(void **state)
{
  static const struct row rows[] = {
      {"eu-central-1",
       {".eu-central-1.amazonaws.com", ".eu-central-1.api.aws",
        "-fips.eu-central-1.amazonaws.com", "-fips.eu-central-1.api.aws"}},
      {"cn-north-1",
       {".cn-north-1.amazonaws.com.cn",
        ".cn-north-1.api.amazonwebservices.com.cn",
        "-fips.cn-north-1.amazonaws.com.cn",
        "-fips.cn-north-1.api.amazonwebservices.com.cn"}},
      {"us-gov-west-1",
       {".us-gov-west-1.amazonaws.com", ".us-gov-west-1.api.aws",
        ".us-gov-west-1.amazonaws.com", "-fips.us-gov-west-1.api.aws"}},
      {"eusc-de-east-1",
       {".eusc-de-east-1.amazonaws.eu",
        ".eusc-de-east-1.api.amazonwebservices.eu",
        "-fips.eusc-de-east-1.amazonaws.eu",
        "-fips.eusc-de-east-1.api.amazonwebservices.eu"}},
  };

  (void)state;
  expect_rows("portal.sso", rows, sizeof(rows) / sizeof(rows[0]));
  expect_rows("oidc", rows, sizeof(rows) / sizeof(rows[0]));
}

/* Only its FIPS and dual stack hosts are as others' are. */
static void hosts_of_signin(void **state)
{
  static const struct row rows[] = {
      {"eu-central-1",
       {NULL, ".eu-central-1.api.aws", "-fips.eu-central-1.amazonaws.com",
        "-fips.eu-central-1.api.aws"}},
      {"cn-north-1",
       {NULL, ".cn-north-1.api.amazonwebservices.com.cn",
        "-fips.cn-north-1.amazonaws.com.cn",
        "-fips.cn-north-1.api.amazonwebservices.com.cn"}},
      {"us-gov-west-1",
       {NULL, ".us-gov-west-1.api.aws", "-fips.us-gov-west-1.amazonaws.com",
        "-fips.us-gov-west-1.api.aws"}},
      {"eusc-de-east-1",
       {".eusc-de-east-1.amazonaws.eu",
        ".eusc-de-east-1.api.amazonwebservices.eu",
        "-fips.eusc-de-east-1.amazonaws.eu",
        "-fips.eusc-de-east-1.api.amazonwebservices.eu"}},
  };
  static const char *const own[][2] = {
      {"eu-central-1", "https://eu-central-1.signin.aws.amazon.com "
                       "eu-central-1"},
      {"cn-north-1", "https://cn-north-1.signin.amazonaws.cn cn-north-1"},
      {"us-gov-west-1", "https://us-gov-west-1.signin.amazonaws-us-gov.com "
                        "us-gov-west-1"},
  };
  size_t i = 0;

  (void)state;
  expect_rows("signin", rows, sizeof(rows) / sizeof(rows[0]));
  for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
    expect(own[i][1], (struct lun_endpoint_options){.service = "signin",
                                                    .region = own[i][0]});
}

/* The regions that STS had one host for, before it had others. */
static void sts_for_all_the_world(void **state)
{
  static const char *const regions[] = {
      "ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
      "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
      "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
      "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};
  size_t i = 0;

  (void)state;
  for (i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
    expect("https://sts.amazonaws.com us-east-1",
           (struct lun_endpoint_options){
               .service = "sts", .region = regions[i], .sts_legacy = true});
  expect("https://sts.eu-west-1.api.aws eu-west-1",
         (struct lun_endpoint_options){.service = "sts",
                                       .region = "eu-west-1",
                                       .sts_legacy = true,
                                       .dual_stack = true});
  expect("https://h eu-west-1",
         (struct lun_endpoint_options){.service = "sts",
                                       .region = "eu-west-1",
                                       .sts_legacy = true,
                                       .url = "https://h"});
  expect("https://kms.us-east-1.amazonaws.com us-east-1",
         (struct lun_endpoint_options){
             .service = "kms", .region = "us-east-1", .sts_legacy = true});
  /* A configured endpoint without a region cannot be signed for. */
  expect("https://h ",
         (struct lun_endpoint_options){.service = "kms", .url = "https://h"});
}

static void refuse(const char *word, struct lun_endpoint_options options)
{
  struct lun_buf url = LUN_BUF_INIT(ctx, 1024);
  struct lun_buf region = LUN_BUF_INIT(ctx, 64);
  struct lun_error err = {.code = LUN_OK};

  assert_int_equal(lun_endpoint_resolve(&url, &region, &options, &err),
                   LUN_EINVALID);
  assert_non_null(strstr(err.message, word));
  assert_true(err.hint[0] != '\0');
  assert_int_equal(url.len, 0);
  lun_buf_done(&url);
  lun_buf_done(&region);
}

static void refusals(void **state)
{
  (void)state;
  refuse("no region", (struct lun_endpoint_options){.service = "kms"});
  refuse(
      "\"a.evil.org/\" is not a region",
      (struct lun_endpoint_options){.service = "kms", .region = "a.evil.org/"});
  refuse("\"nowhere\" is not a region",
         (struct lun_endpoint_options){.service = "kms", .region = "nowhere"});
  refuse("not a region",
         (struct lun_endpoint_options){.service = "kms", .region = "us-east"});
  expect("http://127.0.0.1:1 nowhere", /* a sandbox may call it what it likes */
         (struct lun_endpoint_options){.service = "kms",
                                       .region = "nowhere",
                                       .url = "http://127.0.0.1:1"});
  refuse("FIPS", (struct lun_endpoint_options){.service = "kms",
                                               .region = "eu-west-1",
                                               .url = "https://example.com",
                                               .fips = true});
  refuse("dual stack",
         (struct lun_endpoint_options){.service = "kms",
                                       .region = "eu-west-1",
                                       .url = "https://example.com",
                                       .dual_stack = true});
}

static void arns(void **state)
{
  struct lun_arn arn = {.account = {NULL, 0}};
  struct lun_span name = {NULL, 0};

  (void)state;
  assert_true(lun_arn_parse(
      &arn, LUN_SPAN_LIT("arn:aws:secretsmanager:eu-west-1:123456789012:"
                         "secret:a:b")));
  assert_span(arn.partition, "aws");
  assert_span(arn.service, "secretsmanager");
  assert_span(arn.region, "eu-west-1");
  assert_span(arn.account, "123456789012");
  assert_span(arn.resource, "secret:a:b");
  assert_false(lun_arn_parse(&arn, LUN_SPAN_LIT("")));
  assert_false(lun_arn_parse(&arn, LUN_SPAN_LIT("arn:aws:s3::")));
  assert_false(lun_arn_parse(&arn, LUN_SPAN_LIT("arn:aws:s3:::")));
  assert_false(lun_arn_parse(&arn, LUN_SPAN_LIT("urn:aws:s3:::b")));

  assert_true(lun_arn_role(
      &arn, &name, LUN_SPAN_LIT("arn:aws:iam::123456789012:role/a/b/app")));
  assert_span(name, "app");
  assert_false(lun_arn_role(
      &arn, &name,
      LUN_SPAN_LIT("arn:aws:iam::123456789012:instance-profile/app")));
  assert_false(lun_arn_role(&arn, &name,
                            LUN_SPAN_LIT("arn:aws:iam::123456789012:role/")));
  assert_false(
      lun_arn_role(&arn, &name, LUN_SPAN_LIT("arn:aws:iam::abc:role/app")));
  assert_false(
      lun_arn_role(&arn, &name, LUN_SPAN_LIT("arn:aws:iam::12:role/a b")));
}

static void endings(void **state)
{
  (void)state;
  assert_true(lun_arn_suffixed(LUN_SPAN_LIT("db-AbCd3f")));
  assert_false(lun_arn_suffixed(LUN_SPAN_LIT("-AbCd3f")));
  assert_false(lun_arn_suffixed(LUN_SPAN_LIT("db-AbCd3")));
  assert_false(lun_arn_suffixed(LUN_SPAN_LIT("db-AbC_3f")));
  assert_false(lun_arn_suffixed(LUN_SPAN_LIT("db_AbCd3f")));
}

static enum lun_code resolve_all(struct lun_error *err)
{
  struct lun_buf url = LUN_BUF_INIT(ctx, 1024);
  struct lun_buf region = LUN_BUF_INIT(ctx, 64);
  struct lun_endpoint_options options = {.service = "kms",
                                         .region = "eu-west-1"};
  enum lun_code rc = lun_endpoint_resolve(&url, &region, &options, err);

  lun_buf_done(&url);
  lun_buf_done(&region);
  return rc;
}

static void no_memory(void **state)
{
  (void)state;
  sweep(resolve_all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(partitions),      TEST(regions),
      TEST(hosts),           TEST(hosts_of_secrets_manager),
      TEST(hosts_of_sts),    TEST(hosts_of_identity_center),
      TEST(hosts_of_signin), TEST(sts_for_all_the_world),
      TEST(refusals),        TEST(arns),
      TEST(endings),         TEST(no_memory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
