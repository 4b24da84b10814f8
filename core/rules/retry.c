/*
 * The tables of the standard mode of 2026.  Throttling by code alone: HTTP
 * 429 without one of these codes is final, as in the SDKs.
 */
#include "retry.h"

#define QUOTA_MAX      500
#define COST_TRANSIENT 14
#define COST_THROTTLED 5
#define REFUND         1    /* for a success that needed no retry */
#define BASE_TRANSIENT 50.0 /* ms */
#define BASE_THROTTLED 1000.0
#define DELAY_MAX      20000.0
#define HINT_MORE_MAX  5000 /* a hint may add this to what we would wait */
#define SKEW_MIN       240  /* seconds; signatures are good for 5 minutes */

static bool among(const char *const *list, const char *code)
{
  for (; *list != NULL; list++) {
    if (strcmp(*list, code) == 0)
      return true;
  }
  return false;
}

static bool throttling(const char *code)
{
  static const char *const list[] = {"Throttling",
                                     "ThrottlingException",
                                     "ThrottledException",
                                     "RequestThrottledException",
                                     "TooManyRequestsException",
                                     "ProvisionedThroughputExceededException",
                                     "TransactionInProgressException",
                                     "RequestLimitExceeded",
                                     "BandwidthLimitExceeded",
                                     "LimitExceededException",
                                     "RequestThrottled",
                                     "SlowDown",
                                     "PriorRequestNotComplete",
                                     "EC2ThrottledException",
                                     NULL};

  return among(list, code);
}

static bool transient(const char *code)
{
  static const char *const list[] = {"RequestTimeout",
                                     "RequestTimeoutException",
                                     "IDPCommunicationError", NULL};

  return among(list, code);
}

void lun_retry_quota_init(struct lun_retry_quota *quota)
{
  *quota = (struct lun_retry_quota){.capacity = QUOTA_MAX};
}

enum lun_failure lun_retry_classify(const char *aws_code, int http_status)
{
  if (http_status >= 200 && http_status < 300 && aws_code[0] == '\0')
    return LUN_FAILURE_NONE;
  if (throttling(aws_code))
    return LUN_FAILURE_THROTTLED;
  if (transient(aws_code) || http_status == 500 || http_status == 502 ||
      http_status == 503 || http_status == 504)
    return LUN_FAILURE_TRANSIENT;
  return LUN_FAILURE_FINAL;
}

/* The delay before the retry that follows ATTEMPTS attempts, without hint. */
static int64_t backoff(enum lun_failure failure, int attempts, double random)
{
  double delay =
      failure == LUN_FAILURE_THROTTLED ? BASE_THROTTLED : BASE_TRANSIENT;
  int i = 0;

  for (i = 1; i < attempts && delay < DELAY_MAX; i++)
    delay *= 2;
  if (delay > DELAY_MAX)
    delay = DELAY_MAX;
  return (int64_t)(random * delay);
}

bool lun_retry_again(struct lun_retry *retry, struct lun_retry_quota *quota,
                     enum lun_failure failure, double random, int64_t hint_ms,
                     int64_t *delay_ms)
{
  int cost = failure == LUN_FAILURE_THROTTLED ? COST_THROTTLED : COST_TRANSIENT;
  int64_t delay = 0;

  if (failure == LUN_FAILURE_NONE || failure == LUN_FAILURE_FINAL ||
      retry->attempts >= retry->max_attempts || quota->capacity < cost)
    return false;
  quota->capacity -= cost;
  retry->held = cost;
  delay = backoff(failure, retry->attempts, random);
  if (hint_ms > delay + HINT_MORE_MAX)
    hint_ms = delay + HINT_MORE_MAX;
  *delay_ms = hint_ms > delay ? hint_ms : delay;
  return true;
}

static void give_back(struct lun_retry_quota *quota, int tokens)
{
  quota->capacity += tokens;
  if (quota->capacity > QUOTA_MAX)
    quota->capacity = QUOTA_MAX;
}

void lun_retry_forgo(struct lun_retry *retry, struct lun_retry_quota *quota)
{
  give_back(quota, retry->held);
  retry->held = 0;
}

void lun_retry_success(struct lun_retry *retry, struct lun_retry_quota *quota)
{
  give_back(quota, retry->held > 0 ? retry->held : REFUND);
  retry->held = 0;
}

/* ------------------------------------------------------- what it means -- */

bool lun_retry_expired(const char *aws_code)
{
  static const char *const list[] = {"ExpiredToken", "ExpiredTokenException",
                                     "TokenRefreshRequired", NULL};

  return among(list, aws_code);
}

static bool about_credentials(const char *code)
{
  static const char *const list[] = {"UnrecognizedClientException",
                                     "UnrecognizedClient",
                                     "InvalidClientTokenId",
                                     "InvalidAccessKeyId",
                                     "InvalidSignatureException",
                                     "InvalidSignature",
                                     "SignatureDoesNotMatch",
                                     "IncompleteSignature",
                                     "IncompleteSignatureException",
                                     "MissingAuthenticationToken",
                                     "MissingAuthenticationTokenException",
                                     "AuthFailure",
                                     "RequestTimeTooSkewed",
                                     "RequestExpired",
                                     "RequestInTheFuture",
                                     "InvalidIdentityToken",
                                     "IDPRejectedClaim",
                                     NULL};

  return lun_retry_expired(code) || among(list, code);
}

static bool about_access(const char *code)
{
  static const char *const list[] = {"AccessDenied",
                                     "AccessDeniedException",
                                     "UnauthorizedOperation",
                                     "KMSAccessDeniedException",
                                     "KMSDisabledException",
                                     "KMSInvalidStateException",
                                     "DecryptionFailure",
                                     "OptInRequired",
                                     "RegionDisabledException",
                                     NULL};

  return among(list, code);
}

static bool about_absence(const char *code)
{
  static const char *const list[] = {"ResourceNotFoundException",
                                     "NoSuchEntity", NULL};

  return among(list, code);
}

/* TEXT has PHRASE in it, whatever is around. */
static bool says(struct lun_span text, const char *phrase)
{
  return text.len > 0 &&
         memmem(text.ptr, text.len, phrase, strlen(phrase)) != NULL;
}

bool lun_retry_skewed(const char *aws_code, struct lun_span message,
                      int64_t date, int64_t now)
{
  static const char *const certain[] = {
      "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", NULL};
  int64_t apart = date > now ? date - now : now - date;

  if (date == 0 || apart < SKEW_MIN)
    return false;
  return among(certain, aws_code) || says(message, "Signature expired") ||
         says(message, "Signature not yet current");
}

enum lun_code lun_retry_code(const char *aws_code, int http_status,
                             struct lun_span message)
{
  if (about_access(aws_code) || says(message, "Access to KMS is not allowed"))
    return LUN_EACCESS;
  if (about_credentials(aws_code))
    return LUN_ECREDENTIALS;
  if (about_absence(aws_code) || says(message, "marked for deletion"))
    return LUN_ENOTFOUND;
  /* Said of a secret under the default key, whatever the caller may do. */
  if (says(message, "from a different AWS account"))
    return LUN_EACCESS;
  if (throttling(aws_code) || http_status == 429)
    return LUN_ETHROTTLED;
  if (transient(aws_code) || http_status >= 500 || http_status < 400)
    return LUN_ESERVICE;
  if (aws_code[0] == '\0' && (http_status == 401 || http_status == 403))
    return LUN_EACCESS;
  return LUN_EINVALID;
}
