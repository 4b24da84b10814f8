/*
 * One AssumeRole call of STS, and the role that it is about.
 */
#ifndef LUN_ASSUME_H
#define LUN_ASSUME_H

#include "../conf/target.h"
#include "provider.h"

struct lun_role {
  lun_ctx *ctx;
  char *arn;
  char *session_name;
  char *external_id; /* NULL: none */
  char *region;      /* of the STS that is asked; NULL: the settings' own */
  int64_t duration;  /* seconds; 0: the role's own default */
};

/*
 * Copies and checks OPTIONS.  LUN_EINVALID names the member after PLACE
 * ("assume_role: ", "profile \"x\": ").
 */
LUN_NODISCARD enum lun_code
lun_role_init(struct lun_role *out, lun_ctx *ctx,
              const struct lun_role_options *options, const char *place,
              struct lun_error *err);
void lun_role_done(struct lun_role *role);

struct lun_assume {
  struct lun_task task;
  struct lun_cred *cred; /* the result */
  int64_t skew;          /* STS's clock less ours, in seconds */
  bool expired;          /* the credentials that asked have expired */

  const struct lun_role *role; /* borrowed while it is under way */
  struct lun_place *place;
  struct lun_cred *with;
  struct lun_call call;
  struct lun_retry_quota quota;
  bool calling;
};

void lun_assume_init(struct lun_assume *assume, struct lun_place *place);

/* Starts; WITH are the credentials that sign the call. */
void lun_assume_start(struct lun_assume *assume, const struct lun_role *role,
                      struct lun_cred *with, int64_t deadline);
void lun_assume_done(struct lun_assume *assume);

#endif
