/*
 * The SDKs' standard retry mode with the constants of 2026
 * (aws-behaviour.md section 7): which failures are tried again, what a retry
 * costs, how long it waits.  Pure; the caller brings the random number.
 */
#ifndef LUN_RETRY_H
#define LUN_RETRY_H

#include "../base/base.h"

enum lun_failure {
  LUN_FAILURE_NONE,      /* success */
  LUN_FAILURE_FINAL,     /* not retried */
  LUN_FAILURE_TRANSIENT, /* connection, timeout, 500 502 503 504 */
  LUN_FAILURE_THROTTLED
};

/*
 * What the calls of one client share: the token bucket, and how wrong this
 * machine's clock has turned out to be.
 */
struct lun_retry_quota {
  int capacity; /* 500 at first, and never more */
  int64_t skew; /* the service's clock less ours, seconds */
};

struct lun_retry {
  int max_attempts;
  int attempts; /* made so far */
  int held;     /* tokens that the last retry took */
};

void lun_retry_quota_init(struct lun_retry_quota *quota);

/* What an AWS error code (may be empty) and status mean. */
enum lun_failure lun_retry_classify(const char *aws_code, int http_status);

/*
 * After a failed attempt: true if there is to be another, and then after
 * *DELAY_MS.  RANDOM is in [0, 1); HINT_MS is the service's
 * x-amz-retry-after, or -1.
 */
bool lun_retry_again(struct lun_retry *retry, struct lun_retry_quota *quota,
                     enum lun_failure failure, double random, int64_t hint_ms,
                     int64_t *delay_ms);

/* The retry that lun_retry_again allowed is not made: its tokens go back. */
void lun_retry_forgo(struct lun_retry *retry, struct lun_retry_quota *quota);

/* After a success: gives tokens back. */
void lun_retry_success(struct lun_retry *retry, struct lun_retry_quota *quota);

/* The lun_code for an AWS error code and HTTP status. */
enum lun_code lun_retry_code(const char *aws_code, int http_status,
                             struct lun_span message);

/*
 * True if a signature was refused for its time, which the service's DATE and
 * our NOW (seconds; 0: unknown) bear out by being four minutes apart.
 */
bool lun_retry_skewed(const char *aws_code, struct lun_span message,
                      int64_t date, int64_t now);

/* True for the codes that say the credentials have expired. */
bool lun_retry_expired(const char *aws_code);

#endif
