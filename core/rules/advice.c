#include "advice.h"

struct advice {
  const char *operation; /* NULL: any */
  const char *code;      /* the code begins so; NULL: any */
  const char *phrase;    /* in the message; NULL: any */
  const char *hint;
};

/* The first that fits counts: the special ones stand before the general. */
static const struct advice table[] = {
    {NULL, NULL, "Access to KMS is not allowed",
     "the KMS key of the secret refuses: let the key policy, in the key's own "
     "account, allow kms:Decrypt to the caller, and the caller's identity "
     "policy allow kms:Decrypt on the key"},
    {NULL, NULL, "from a different AWS account",
     "the default key of Secrets Manager serves its own account alone: encrypt "
     "the secret with a customer managed KMS key (by its full ARN), and let "
     "the key policy allow the caller"},
    {NULL, NULL, "marked for deletion",
     "restore the secret, or name another one"},
    {NULL, "KMS", NULL,
     "check that the KMS key of the secret exists and is enabled"},
    {NULL, "DecryptionFailure", NULL,
     "check that the KMS key of the secret exists and is enabled"},

    {NULL, "AccessDenied", "explicit deny in a service control policy",
     "a service control policy of the organization denies it: ask whoever "
     "keeps the organization's policies"},
    {NULL, "AccessDenied", "explicit deny in a resource-based policy",
     "a Deny statement of the secret's resource policy matches the caller"},
    {NULL, "AccessDenied", "explicit deny in an identity-based policy",
     "a Deny statement of the caller's identity policies matches"},
    {NULL, "AccessDenied", "permissions boundary",
     "the caller's permissions boundary does not allow it"},
    {NULL, "AccessDenied", "session policy",
     "the policy that was given when the session began does not allow it"},
    {NULL, "AccessDenied", "VPC endpoint policy",
     "the policy of the VPC endpoint does not allow it"},
    {NULL, "AccessDenied", "role trust policy",
     "let the role's trust policy name the caller as a principal, and check "
     "the external id if it asks for one"},
    {NULL, "AccessDenied", "no identity-based policy allows",
     "allow the action on this resource in the identity policy of the caller"},
    {NULL, "AccessDenied", "no resource-based policy allows",
     "let the secret's resource policy, in the secret's account, allow the "
     "action to the caller"},
    {"AssumeRole", "AccessDenied", NULL,
     "check the role's trust policy (does it name the caller, and does it ask "
     "for an external id?), and that the caller's identity policy allows "
     "sts:AssumeRole on the role"},
    {NULL, "AccessDenied", NULL,
     "check the identity policy of the caller and, across accounts, the "
     "secret's resource policy"},
    {NULL, "RegionDisabled", NULL,
     "enable the region for the account, or use another"},

    {NULL, "ResourceNotFound", "staging label",
     "the secret exists, but no version of it has this stage"},
    {NULL, "ResourceNotFound", "VersionId",
     "the secret exists, but has no such version"},
    {NULL, "ResourceNotFound", NULL,
     "check the name and the region; a secret of another account is named by "
     "its full ARN"},

    {NULL, "ExpiredToken", NULL,
     "the credentials have expired: get new ones (for IAM Identity Center by "
     "`aws sso login`)"},
    {NULL, "RequestTimeTooSkewed", NULL, "set this machine's clock"},
    {NULL, "RequestExpired", NULL, "set this machine's clock"},
    {NULL, "RequestInTheFuture", NULL, "set this machine's clock"},
    {NULL, NULL, "Signature expired", "set this machine's clock"},
    {NULL, NULL, "Signature not yet current", "set this machine's clock"},
    {NULL, "InvalidSignature", NULL,
     "check that the secret access key belongs to the access key id"},
    {NULL, "SignatureDoesNotMatch", NULL,
     "check that the secret access key belongs to the access key id"},
    {NULL, "UnrecognizedClient", NULL,
     "check that the access key id exists and is active, and that the session "
     "token belongs to it"},
    {NULL, "InvalidClientTokenId", NULL,
     "check that the access key id exists and is active, and that the session "
     "token belongs to it"},
    {NULL, "LimitExceeded", NULL,
     "a quota of the account is used up, or too many calls came at once"},
    {NULL, "Throttl", NULL,
     "too many calls at once: spread them, or try again later"},
    {NULL, "TooManyRequests", NULL,
     "too many calls at once: spread them, or try again later"},
};

static bool fits(const struct advice *advice, const struct lun_error *err)
{
  if (advice->operation != NULL &&
      strcmp(advice->operation, err->operation) != 0)
    return false;
  if (advice->code != NULL &&
      strncmp(advice->code, err->aws_code, strlen(advice->code)) != 0)
    return false;
  return advice->phrase == NULL || strstr(err->message, advice->phrase) != NULL;
}

void lun_advice_set(struct lun_error *err)
{
  size_t i = 0;

  for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
    if (fits(&table[i], err)) {
      lun_error_hint(err, "%s", table[i].hint);
      return;
    }
  }
}
