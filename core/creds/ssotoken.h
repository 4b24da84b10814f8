/*
 * The bearer token of IAM Identity Center: what `aws sso login` has left in
 * its cache, renewed there where it can be (aws-behaviour.md section 3.3).
 */
#ifndef LUN_SSOTOKEN_H
#define LUN_SSOTOKEN_H

#include "../conf/target.h"
#include "document.h"
#include "ssoconf.h"

struct lun_sso_token {
  struct lun_task task; /* LUN_ECREDENTIALS says to log in */
  struct lun_buf token; /* the result; wiped by _done */
  int64_t expires_at;   /* seconds since 1970 UTC */
  char *path;           /* of the cache's file, from _init on */

  /* Where to record a renewal; set before _start, or left alone. */
  struct lun_trace *trace;
  int depth;

  /* ssotoken.c's own */
  struct lun_place *place;
  struct lun_sso_conf conf;
  struct lun_buf file; /* its bytes, of which doc is a view */
  struct lun_document doc;
  struct lun_target target;
  struct lun_call call;
  struct lun_retry_quota quota;
  size_t step; /* of the trace */
  bool calling;
  char why[LUN_REASON_LEN]; /* why it was not tried to renew it */
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
