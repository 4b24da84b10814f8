/*
 * One operation in a session's name: region, credentials, call; and if the
 * service says that the credentials have expired, one refresh and one more
 * try.
 */
#ifndef LUN_OPERATION_H
#define LUN_OPERATION_H

#include "session.h"

struct lun_operation {
  struct lun_task task;
  struct lun_buf answer; /* with rc 0: the body, wiped by _done */

  /* operation.c's own */
  lun_session *session; /* borrowed: the session outlives its operations */
  const struct lun_op *op;
  struct lun_region_wait region; /* its result is where the call goes */
  struct lun_target target;
  struct lun_buf body;
  struct lun_cred_wait wait;
  struct lun_call call;
  bool waiting; /* wait is initialised */
  bool calling; /* call is initialised */
  bool renewed;
};

/* Ready for a body (JSON, or a form behind Action and Version) and a start. */
void lun_operation_init(struct lun_operation *operation, lun_session *session,
                        enum lun_op_id id);

/*
 * Starts; REGION NULL is the session's, or else the machine's own, which the
 * metadata service is asked for.  LUN_EINVALID at once if none is known and
 * that is switched off, and for an endpoint that cannot be.
 */
LUN_NODISCARD enum lun_code lun_operation_start(struct lun_operation *operation,
                                                const char *region,
                                                struct lun_error *err);

/* Stops it if it is under way, and wipes. */
void lun_operation_done(struct lun_operation *operation);

#endif
