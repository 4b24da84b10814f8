/*
 * One set of AWS credentials: immutable and counted, so that a signature
 * always uses one frozen set.
 */
#ifndef LUN_CRED_H
#define LUN_CRED_H

#include "../base/secret.h"

struct lun_cred {
  lun_ctx *ctx;
  int refs;
  char *access_key_id;
  lun_secret *secret_access_key;
  lun_secret *session_token; /* NULL for long-term keys */
  int64_t expires_at;        /* seconds since 1970 UTC; 0: never */
  bool extended;             /* past or near the end that AWS gave it, and used
                                on all the same */
  char *account_id;          /* NULL where it is not known */
  char *provider;            /* "env", "iam-role", "assume-role"... */
};

/* What lun_cred_new copies; a span of length 0 is absent. */
struct lun_cred_fields {
  struct lun_span access_key_id;
  struct lun_span secret_access_key;
  struct lun_span session_token;
  struct lun_span account_id;
  int64_t expires_at;
  const char *provider;
};

/*
 * LUN_ECREDENTIALS if the key or the secret is absent, or one of them (or the
 * token) has a blank or a control character: such a key cannot be signed with.
 */
LUN_NODISCARD enum lun_code lun_cred_new(struct lun_cred **out, lun_ctx *ctx,
                                         const struct lun_cred_fields *fields,
                                         struct lun_error *err);
struct lun_cred *lun_cred_ref(struct lun_cred *cred);
void lun_cred_unref(struct lun_cred *cred); /* NULL is fine */

/* If ERR is AWS's and says that CRED (NULL is fine) is no good: its hint says
 * where CRED is from as well. */
void lun_cred_blame(const struct lun_cred *cred, struct lun_error *err);

#endif
