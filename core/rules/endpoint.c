/*
 * AWS publishes its endpoint rules as one tree for each service.  For the
 * services here they come to one pattern, service[-fips].region.suffix, and
 * the few exceptions below; tests/vectors/endpoint.c runs the published cases
 * against it.
 */
#include "endpoint.h"

#include "../base/error.h"

/* Data of botocore's partitions.json; no region matches two of them. */
static const struct lun_partition partitions[] = {
    {"aws", "amazonaws.com", "api.aws", "us eu ap sa ca me af il mx"},
    {"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn"},
    {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de"},
    {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso"},
    {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob"},
    {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe"},
    {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof"},
    {"aws-us-gov", "amazonaws.com", "api.aws", "us-gov"},
};

#define PARTITIONS (sizeof(partitions) / sizeof(partitions[0]))

/* The regions that STS served by its global endpoint before it had others. */
static const char *const legacy_regions[] = {
    "ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
    "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
    "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
    "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2",
};

#define LEGACY_REGIONS (sizeof(legacy_regions) / sizeof(legacy_regions[0]))

/* --------------------------------------------------------- partitions -- */

/* True if REGION is PREFIX, a hyphen, a word, a hyphen, a number. */
static bool prefixed(struct lun_span region, struct lun_span prefix)
{
  size_t i = prefix.len;
  size_t word = 0;
  size_t number = 0;

  if (region.len <= prefix.len || region.ptr[i++] != '-' ||
      strncmp(region.ptr, prefix.ptr, prefix.len) != 0)
    return false;
  for (; i < region.len && lun_text_alnum(region.ptr[i]); i++)
    word++;
  if (word == 0 || i == region.len || region.ptr[i++] != '-')
    return false;
  for (; i < region.len && lun_text_digit(region.ptr[i]); i++)
    number++;
  return number > 0 && i == region.len;
}

/* True if REGION is one of PARTITION's, or its pseudo region "ID-global". */
static bool in_partition(struct lun_span region,
                         const struct lun_partition *partition)
{
  static const char global[] = "-global";
  struct lun_span list = lun_span_of(partition->prefixes);
  size_t id = strlen(partition->id);
  size_t from = 0;
  size_t i = 0;

  if (region.len == id + sizeof(global) - 1 &&
      strncmp(region.ptr, partition->id, id) == 0 &&
      strncmp(region.ptr + id, global, sizeof(global) - 1) == 0)
    return true;
  for (i = 0; i <= list.len; i++) {
    struct lun_span prefix = {list.ptr + from, i - from};

    if (i < list.len && list.ptr[i] != ' ')
      continue;
    if (prefixed(region, prefix))
      return true;
    from = i + 1;
  }
  return false;
}

const struct lun_partition *lun_partition_of_region(struct lun_span region)
{
  size_t i = 0;

  for (i = 0; i < PARTITIONS; i++)
    if (in_partition(region, &partitions[i]))
      return &partitions[i];
  return &partitions[0];
}

const struct lun_partition *lun_partition_named(struct lun_span id)
{
  size_t i = 0;

  for (i = 0; i < PARTITIONS; i++)
    if (lun_span_is(id, partitions[i].id))
      return &partitions[i];
  return NULL;
}

bool lun_region_valid(struct lun_span text)
{
  size_t i = 0;

  if (text.len == 0 || text.len > 63 || text.ptr[0] == '-' ||
      text.ptr[text.len - 1] == '-')
    return false;
  for (i = 0; i < text.len; i++)
    if (text.ptr[i] != '-' && !lun_text_digit(text.ptr[i]) &&
        !(text.ptr[i] >= 'a' && text.ptr[i] <= 'z'))
      return false;
  return true;
}

/* -------------------------------------------------------------- hosts -- */

static bool global_sts(const struct lun_endpoint_options *options)
{
  size_t i = 0;

  if (strcmp(options->service, "sts") != 0 || options->fips ||
      options->dual_stack)
    return false;
  if (strcmp(options->region, "aws-global") == 0)
    return true;
  for (i = 0; options->sts_legacy && i < LEGACY_REGIONS; i++)
    if (strcmp(options->region, legacy_regions[i]) == 0)
      return true;
  return false;
}

/* The suffix of the host: Secrets Manager's dual stack names are older than
 * the dual stack suffixes, and stayed in three partitions. */
static const char *suffix_of(const struct lun_partition *partition,
                             const struct lun_endpoint_options *options)
{
  bool manager = strcmp(options->service, "secretsmanager") == 0;

  if (!options->dual_stack)
    return partition->suffix;
  if (manager && (strcmp(partition->id, "aws") == 0 ||
                  strcmp(partition->id, "aws-us-gov") == 0 ||
                  (strcmp(partition->id, "aws-cn") == 0 && !options->fips)))
    return partition->suffix;
  return partition->dual_stack_suffix;
}

static bool is_one_of(const char *text, const char *const *list)
{
  for (; *list != NULL; list++)
    if (strcmp(*list, text) == 0)
      return true;
  return false;
}

/* The sign-in service has domains of its own in the oldest partitions; NULL
 * where it has none. */
static const char *signin_domain(const struct lun_partition *partition,
                                 const struct lun_endpoint_options *options)
{
  static const char *const domains[][2] = {
      {"aws", "signin.aws.amazon.com"},
      {"aws-cn", "signin.amazonaws.cn"},
      {"aws-us-gov", "signin.amazonaws-us-gov.com"},
  };
  size_t i = 0;

  if (strcmp(options->service, "signin") != 0 || options->fips ||
      options->dual_stack)
    return NULL;
  for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
    if (strcmp(domains[i][0], partition->id) == 0)
      return domains[i][1];
  return NULL;
}

static void put_host(struct lun_buf *url,
                     const struct lun_endpoint_options *options)
{
  /* Whose ordinary hosts in GovCloud are the validated ones. */
  static const char *const validated[] = {"sts", "portal.sso", "oidc", NULL};
  const struct lun_partition *partition =
      lun_partition_of_region(lun_span_of(options->region));
  const char *signin = signin_domain(partition, options);
  bool fips = options->fips;

  if (signin != NULL) {
    lun_buf_addf(url, "https://%s.%s", options->region, signin);
    return;
  }
  if (fips && !options->dual_stack &&
      strcmp(partition->id, "aws-us-gov") == 0 &&
      is_one_of(options->service, validated))
    fips = false;
  lun_buf_addf(url, "https://%s%s.%s.%s", options->service, fips ? "-fips" : "",
               options->region, suffix_of(partition, options));
}

/* True for "xx-xxxx-1" and the like, as all of AWS's own regions are. */
static bool is_aws_like(struct lun_span region)
{
  return memchr(region.ptr, '-', region.len) != NULL &&
         (lun_text_digit(region.ptr[region.len - 1]) ||
          memmem(region.ptr, region.len, "-global", 7) != NULL);
}

/* Behind a configured URL (CUSTOM) a region may have any name. */
static enum lun_code check_region(const char *region, bool custom,
                                  struct lun_error *err)
{
  struct lun_span text = lun_span_of(region);

  if (region == NULL ||
      (lun_region_valid(text) && (custom || is_aws_like(text))))
    return LUN_OK;
  (void)lun_error_set(err, LUN_EINVALID, "\"%s\" is not a region", region);
  lun_error_hint(err, "a region is written as in \"us-east-1\"");
  return LUN_EINVALID;
}

static enum lun_code no_custom(const char *what, const char *setting,
                               struct lun_error *err)
{
  (void)lun_error_set(err, LUN_EINVALID,
                      "%s and a custom endpoint are not supported together",
                      what);
  lun_error_hint(err, "unset %s, or the endpoint URL", setting);
  return LUN_EINVALID;
}

enum lun_code lun_endpoint_no_region(const char *service, struct lun_error *err)
{
  bool secret = strcmp(service, "secretsmanager") == 0;

  (void)lun_error_set(err, LUN_EINVALID, "no region is known for %s", service);
  lun_error_hint(err, "set AWS_REGION, or region in the profile%s",
                 secret ? ", or use the secret's ARN, which names its region"
                        : "");
  return LUN_EINVALID;
}

enum lun_code lun_endpoint_resolve(struct lun_buf *url,
                                   struct lun_buf *signing_region,
                                   const struct lun_endpoint_options *options,
                                   struct lun_error *err)
{
  enum lun_code rc = check_region(options->region, options->url != NULL, err);

  if (rc)
    return rc;
  if (options->url != NULL && options->fips)
    return no_custom("FIPS", "AWS_USE_FIPS_ENDPOINT", err);
  if (options->url != NULL && options->dual_stack)
    return no_custom("dual stack", "AWS_USE_DUALSTACK_ENDPOINT", err);
  if (options->url != NULL) {
    lun_buf_adds(url, options->url);
    lun_buf_adds(signing_region, options->region ? options->region : "");
  } else if (options->region == NULL) {
    return lun_endpoint_no_region(options->service, err);
  } else if (global_sts(options)) {
    lun_buf_adds(url, "https://sts.amazonaws.com");
    lun_buf_adds(signing_region, "us-east-1");
  } else {
    put_host(url, options);
    lun_buf_adds(signing_region, options->region);
  }
  rc = lun_buf_status(url, "the endpoint's URL", err);
  return rc ? rc : lun_buf_status(signing_region, "the region", err);
}

/* --------------------------------------------------------------- ARNs -- */

/* Takes what stands before the next colon off REST. */
static bool take_part(struct lun_span *out, struct lun_span *rest)
{
  const char *colon = memchr(rest->ptr, ':', rest->len);

  if (colon == NULL)
    return false;
  out->ptr = rest->ptr;
  out->len = (size_t)(colon - rest->ptr);
  rest->ptr = colon + 1;
  rest->len -= out->len + 1;
  return true;
}

bool lun_arn_parse(struct lun_arn *out, struct lun_span text)
{
  struct lun_arn arn = {0};
  struct lun_span scheme = {0};

  if (text.len == 0 || !take_part(&scheme, &text) ||
      !lun_span_is(scheme, "arn") || !take_part(&arn.partition, &text) ||
      !take_part(&arn.service, &text) || !take_part(&arn.region, &text) ||
      !take_part(&arn.account, &text))
    return false;
  arn.resource = text;
  if (arn.partition.len == 0 || arn.service.len == 0 || arn.resource.len == 0)
    return false;
  *out = arn;
  return true;
}

bool lun_arn_role(struct lun_arn *out, struct lun_span *name,
                  struct lun_span text)
{
  static const char role[] = "role/";
  struct lun_arn arn = {0};
  size_t start = sizeof(role) - 1;
  size_t i = 0;

  if (!lun_text_word(text) || !lun_arn_parse(&arn, text) ||
      !lun_span_is(arn.service, "iam") || arn.region.len > 0 ||
      arn.account.len == 0 || !lun_text_prefix(arn.resource, role))
    return false;
  for (i = 0; i < arn.account.len; i++)
    if (!lun_text_digit(arn.account.ptr[i]))
      return false;
  for (i = start; i < arn.resource.len; i++)
    if (arn.resource.ptr[i] == '/')
      start = i + 1;
  if (start == arn.resource.len)
    return false;
  *out = arn;
  name->ptr = arn.resource.ptr + start;
  name->len = arn.resource.len - start;
  return true;
}

bool lun_arn_suffixed(struct lun_span text)
{
  size_t i = 0;

  if (text.len <= LUN_ARN_SUFFIX || text.ptr[text.len - LUN_ARN_SUFFIX] != '-')
    return false;
  for (i = text.len - LUN_ARN_SUFFIX + 1; i < text.len; i++)
    if (!lun_text_alnum(text.ptr[i]))
      return false;
  return true;
}
