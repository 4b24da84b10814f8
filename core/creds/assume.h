/*
 * One call of STS for a role: AssumeRole, with somebody's credentials, or
 * AssumeRoleWithWebIdentity, with a token from a file.
 */
#ifndef LUN_ASSUME_H
#define LUN_ASSUME_H

#include "../conf/target.h"
#include "provider.h"
#include "rolespec.h"

struct lun_assume {
  struct lun_task task;
  struct lun_cred *cred;      /* the result */
  int64_t skew;               /* STS's clock less ours, in seconds */
  bool expired;               /* the credentials that asked have expired */
  char found[LUN_REASON_LEN]; /* "arn:aws:sts::1:assumed-role/R/S, until..." */

  /* Set between _init and _start. */
  struct lun_trace *trace; /* where to record the call; or NULL */
  int depth;
  bool again; /* it is to renew credentials that there are */

  /* assume.c's own */
  const struct lun_role *role; /* borrowed while it is under way */
  const struct lun_op *op;
  struct lun_place *place;
  struct lun_cred *with;
  struct lun_region_wait region;
  struct lun_call call;
  struct lun_retry_quota quota;
  size_t step; /* of the trace */
  char looked[LUN_REASON_LEN];
  bool begun;
  bool calling;
};

void lun_assume_init(struct lun_assume *assume, struct lun_place *place);

/* Starts; WITH are the credentials that sign the call, NULL for a web
 * identity. */
void lun_assume_start(struct lun_assume *assume, const struct lun_role *role,
                      struct lun_cred *with, int64_t deadline);
void lun_assume_done(struct lun_assume *assume);

#endif
