/*
 * Partitions and the hosts of services, as AWS's endpoint rules have them
 * (aws-behaviour.md section 8), and ARNs taken apart.  Pure tables and
 * decisions.
 */
#ifndef LUN_ENDPOINT_H
#define LUN_ENDPOINT_H

#include "../text/uri.h"

struct lun_partition {
  const char *id;     /* "aws-cn" */
  const char *suffix; /* "amazonaws.com.cn" */
  const char *dual_stack_suffix;
  const char *prefixes; /* of its regions: "cn", several by blanks */
};

/* The partition of a region; "aws" for one that no table knows. */
const struct lun_partition *lun_partition_of_region(struct lun_span region);

/* NULL for a name that is none. */
const struct lun_partition *lun_partition_named(struct lun_span id);

/*
 * True if TEXT may be a region: 1 to 63 of a-z, 0-9 and hyphens inside.  A
 * region becomes part of a host's name, so nothing else is let through.
 */
bool lun_region_valid(struct lun_span text);

struct lun_endpoint_options {
  const char *service; /* endpoint prefix: "secretsmanager", "portal.sso" */
  const char *region;  /* NULL: none known */
  bool fips;
  bool dual_stack;
  bool sts_legacy; /* STS: the old regions use the global endpoint */
  const char *url; /* the configured endpoint, or NULL */
};

/*
 * Appends the endpoint's URL to URL and the region to sign for to
 * SIGNING_REGION.  LUN_EINVALID for a region with characters that no host
 * has, or that is unlike AWS's where AWS's host is made of it, for none where
 * the URL needs one, and for FIPS or dual stack beside a configured URL.  A
 * configured URL without a region leaves SIGNING_REGION empty: such a call
 * cannot be signed.
 */
LUN_NODISCARD enum lun_code
lun_endpoint_resolve(struct lun_buf *url, struct lun_buf *signing_region,
                     const struct lun_endpoint_options *options,
                     struct lun_error *err);

/* The error for "no region"; gives LUN_EINVALID back. */
enum lun_code lun_endpoint_no_region(const char *service,
                                     struct lun_error *err);

/* An ARN taken apart; spans point into the text. */
struct lun_arn {
  struct lun_span partition, service, region, account, resource;
};

/* False if TEXT is not "arn:partition:service:region:account:resource". */
bool lun_arn_parse(struct lun_arn *out, struct lun_span text);

/*
 * True if TEXT is "arn:partition:iam::account:role/[path/]name"; NAME is then
 * the role's name without its path, as STS shows it.
 */
bool lun_arn_role(struct lun_arn *out, struct lun_span *name,
                  struct lun_span text);

/* The length of a secret ARN's ending, "-" and six letters or digits. */
#define LUN_ARN_SUFFIX 7

/* True if TEXT ends in what looks like a secret ARN's ending. */
bool lun_arn_suffixed(struct lun_span text);

#endif
