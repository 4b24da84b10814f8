/*
 * Partitions and the hosts of services, as AWS's endpoint rules have them
 * (aws-behaviour.md section 8).  Pure tables and decisions.
 */
#ifndef LUN_ENDPOINT_H
#define LUN_ENDPOINT_H

#include "../text/uri.h"

struct lun_partition {
  const char *id;               /* "aws-cn" */
  const char *suffix;           /* "amazonaws.com.cn" */
  const char *dual_stack_suffix;
};

/* The partition of a region; "aws" for one that no table knows. */
const struct lun_partition *lun_partition_of_region(struct lun_span region);

/* NULL for a name that is none. */
const struct lun_partition *lun_partition_named(struct lun_span id);

struct lun_endpoint_options {
  const char *service; /* endpoint prefix: "secretsmanager", "sts", "kms" */
  const char *region;
  bool fips;
  bool dual_stack;
  const char *url; /* the configured endpoint, or NULL */
};

/*
 * Appends the endpoint's URL to URL and the region to sign for to
 * SIGNING_REGION.  LUN_EINVALID for a region with characters that no host
 * has, for none at all, and for FIPS or dual stack beside a configured URL.
 */
LUN_NODISCARD enum lun_code
lun_endpoint_resolve(struct lun_buf *url, struct lun_buf *signing_region,
                     const struct lun_endpoint_options *options,
                     struct lun_error *err);

/* An ARN taken apart; spans point into the text. */
struct lun_arn {
  struct lun_span partition, service, region, account, resource;
};

/* False if TEXT is not "arn:partition:service:region:account:resource". */
bool lun_arn_parse(struct lun_arn *out, struct lun_span text);

#endif
