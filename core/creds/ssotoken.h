/*
 * The bearer token of IAM Identity Center: what `aws sso login` has left in
 * its cache, renewed there where it can be (aws-behaviour.md section 3.3).
 */
#ifndef LUN_SSOTOKEN_H
#define LUN_SSOTOKEN_H

#include "provider.h"

struct lun_sso_token {
  struct lun_task task; /* LUN_ECREDENTIALS says to log in */
  struct lun_buf token; /* the result; wiped by _done */
  int64_t expires_at;   /* seconds since 1970 UTC */

  /* ssotoken.c's own */
  struct lun_place *place;
  const char *profile; /* for messages; borrowed */
  char *session;       /* the sso-session's name; NULL: the legacy form */
  char *start_url;
  char *region;
  char *path; /* of the cache's file */
  struct lun_buf document;
  struct lun_call call;
  struct lun_retry_quota quota;
  bool calling;
};

/*
 * For PROFILE, which is borrowed: its sso_session, or its own sso_start_url
 * and sso_region.  LUN_ECREDENTIALS names what is missing or contradicts.
 */
LUN_NODISCARD enum lun_code lun_sso_token_init(struct lun_sso_token *token,
                                               struct lun_place *place,
                                               const char *profile,
                                               struct lun_error *err);
void lun_sso_token_start(struct lun_sso_token *token, int64_t deadline);
void lun_sso_token_done(struct lun_sso_token *token); /* safe on a zeroed one */

#endif
