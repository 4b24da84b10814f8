/*
 * A table of hints, by what AWS's answer says.  Words in braces stand for
 * what the text of a denial names; see put_place.
 */
#include "advice.h"

#include "endpoint.h"

/* Which policy a denial names is evidence, no proof (aws-behaviour.md 10.5). */
#define CHECK_TOO(other) "; AWS can name the wrong policy: check " other " too"

struct advice {
  const char *operation; /* NULL: any */
  const char *code;      /* the code begins so; NULL: any */
  const char *phrase;    /* in the message; NULL: any */
  const char *hint;
};

/* The first that fits counts: the special ones stand before the general. */
static const struct advice table[] = {
    {NULL, NULL, "Access to KMS is not allowed",
     "the key policy in the key's account and the caller's identity policy "
     "both have to allow kms:Decrypt"},
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

    {"AssumeRole", "AccessDenied", "MultiFactorAuthentication failed",
     "a code is good once, and for half a minute: wait for the next one; and "
     "mfa_serial has to be the device of whoever takes on the role"},
    {NULL, "AccessDenied", "explicit deny in a service control policy",
     "a service control policy of the organization denies it: ask whoever "
     "keeps the organization's policies"},
    {NULL, "AccessDenied", "explicit deny in a resource-based policy",
     "a Deny statement of the secret's resource policy{owner} matches "
     "{caller}"},
    {NULL, "AccessDenied", "explicit deny in an identity-based policy",
     "a Deny statement of the identity policies of {who} matches"},
    {NULL, "AccessDenied", "explicit deny in the role trust policy",
     "a Deny statement of the trust policy of {resource} matches {caller}"},
    {NULL, "AccessDenied", "permissions boundary",
     "the caller's permissions boundary does not allow it"},
    {NULL, "AccessDenied", "session policy",
     "the policy that was given when the session began does not allow it"},
    {NULL, "AccessDenied", "VPC endpoint policy",
     "the policy of the VPC endpoint does not allow it"},
    {NULL, "AccessDenied", "role trust policy",
     "the trust policy of {resource} has to allow {action} to {caller}; if it "
     "asks for an external id, check that as well"},
    {"AssumeRole", "AccessDenied", "no identity-based policy allows",
     "the identity policy of {who} has to allow {action} on "
     "{resource}" CHECK_TOO("the role's trust policy")},
    {NULL, "AccessDenied", "no identity-based policy allows",
     "the identity policy of {who} has to allow {action} on "
     "{resource}" CHECK_TOO("the secret's resource policy")},
    {NULL, "AccessDenied", "no resource-based policy allows",
     "the secret's resource policy{owner} has to allow {action} to "
     "{caller}" CHECK_TOO("the caller's identity policy")},
    {"AssumeRole", "AccessDenied", NULL,
     "the trust policy of {resource} has to allow {caller} (check its external "
     "id), and the identity policy of {who} has to allow sts:AssumeRole"},
    {NULL, "AccessDenied", NULL,
     "check the identity policy of {who} and, across accounts, the secret's "
     "resource policy{owner}"},
    {NULL, "RegionDisabled", NULL,
     "enable the region for the account, or use another"},
    {NULL, "MalformedPolicyDocument", NULL,
     "the session's policy is JSON, but no policy of IAM's: each statement has "
     "to have an Effect, an Action and a Resource"},
    {NULL, "PackedPolicyTooLarge", NULL,
     "policy, policy_arns and tags together are too much for STS: fewer or "
     "shorter ones, or a managed policy in place of the text"},
    {NULL, "ValidationError", "role chaining",
     "a role that another role takes on lasts an hour at most: lower "
     "duration_seconds"},
    {NULL, "ValidationError", "MaxSessionDuration",
     "lower duration_seconds, or raise the role's maximum session duration"},

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
    {NULL, NULL, "scoped to a valid region",
     "check the region and the endpoint"},
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

/* --------------------------------------------------------------- denials -- */

/*
 * "User: CALLER is not authorized to perform: ACTION on resource: RESOURCE
 * because ...".  What is not there is empty.
 */
struct denial {
  struct lun_span caller, action, resource;
};

/* The word behind BEFORE. */
static struct lun_span word_behind(const char *text, const char *before)
{
  const char *at = strstr(text, before);

  if (at == NULL)
    return (struct lun_span){NULL, 0};
  at += strlen(before);
  return (struct lun_span){at, strcspn(at, " ")};
}

static struct denial read_denial(const char *message)
{
  struct denial denial = {
      .caller = word_behind(message, "User: "),
      .action = word_behind(message, "is not authorized to perform: "),
      .resource = word_behind(message, " on resource: "),
  };

  return denial;
}

/* A hint that grows; what does not fit is cut, which lun_error_hint marks. */
struct text {
  char ptr[2 * sizeof(((struct lun_error *)NULL)->hint)];
  size_t len;
};

static void put(struct text *out, struct lun_span span)
{
  size_t room = sizeof(out->ptr) - 1 - out->len;
  size_t len = span.len < room ? span.len : room;

  if (len > 0)
    memcpy(out->ptr + out->len, span.ptr, len);
  out->len += len;
  out->ptr[out->len] = '\0';
}

static void put_text(struct text *out, const char *text)
{
  put(out, lun_span_of(text));
}

static void put_or(struct text *out, struct lun_span span, const char *other)
{
  put(out, span.len > 0 ? span : lun_span_of(other));
}

/* The role's name, if CALLER is "...:assumed-role/ROLE/SESSION". */
static bool role_of(struct lun_arn *arn, struct lun_span *role,
                    struct lun_span caller)
{
  static const char assumed[] = "assumed-role/";
  const char *slash = NULL;

  if (!lun_arn_parse(arn, caller) || !lun_text_prefix(arn->resource, assumed))
    return false;
  role->ptr = arn->resource.ptr + sizeof(assumed) - 1;
  role->len = arn->resource.len - (sizeof(assumed) - 1);
  slash = memchr(role->ptr, '/', role->len);
  if (slash == NULL)
    return false;
  role->len = (size_t)(slash - role->ptr);
  return role->len > 0;
}

/* True for roles that AWS makes, which have a path that sessions hide. */
static bool has_path(struct lun_span role)
{
  return lun_text_prefix(role, "AWSReservedSSO_") ||
         lun_text_prefix(role, "AWSServiceRoleFor");
}

/* What a policy calls the caller: a session's role. */
static void put_caller(struct text *out, struct lun_span caller)
{
  struct lun_arn arn = {0};
  struct lun_span role = {0};

  if (!role_of(&arn, &role, caller)) {
    put_or(out, caller, "the caller");
    return;
  }
  if (has_path(role)) {
    put_text(out, "the ARN of role ");
    put(out, role);
    return;
  }
  put_text(out, "arn:");
  put(out, arn.partition);
  put_text(out, ":iam::");
  put(out, arn.account);
  put_text(out, ":role/");
  put(out, role);
}

static void put_account(struct text *out, struct lun_span account)
{
  if (account.len == 0)
    return;
  put_text(out, " (account ");
  put(out, account);
  put_text(out, ")");
}

/* Whose identity policy, and where it is. */
static void put_who(struct text *out, struct lun_span caller)
{
  struct lun_arn arn = {0};
  struct lun_span role = {0};

  if (role_of(&arn, &role, caller)) {
    put_text(out, "role ");
    put(out, role);
  } else if (lun_arn_parse(&arn, caller)) {
    put(out, arn.resource);
  } else {
    put_text(out, "the caller");
  }
  put_account(out, arn.account);
}

static void put_place(struct text *out, struct lun_span place,
                      const struct denial *denial)
{
  struct lun_arn arn = {0};

  if (lun_span_is(place, "action"))
    put_or(out, denial->action, "the action");
  else if (lun_span_is(place, "resource"))
    put_or(out, denial->resource, "the resource");
  else if (lun_span_is(place, "caller"))
    put_caller(out, denial->caller);
  else if (lun_span_is(place, "who"))
    put_who(out, denial->caller);
  else if (lun_arn_parse(&arn, denial->resource)) /* {owner} */
    put_account(out, arn.account);
}

static void set_hint(struct lun_error *err, const char *hint)
{
  struct denial denial = read_denial(err->message);
  struct text out = {.len = 0};

  while (*hint != '\0') {
    size_t plain = strcspn(hint, "{");
    struct lun_span place = {0};

    put(&out, (struct lun_span){hint, plain});
    hint += plain;
    if (*hint == '\0')
      break;
    place.ptr = hint + 1;
    place.len = strcspn(place.ptr, "}");
    put_place(&out, place, &denial);
    hint = place.ptr + place.len + 1;
  }
  lun_error_hint(err, "%s", out.ptr);
}

void lun_advice_set(struct lun_error *err)
{
  size_t i = 0;

  for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
    if (fits(&table[i], err)) {
      set_hint(err, table[i].hint);
      return;
    }
  }
}
