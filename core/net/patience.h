/*
 * Waiting for what a machine that boots does not have yet: its metadata
 * service, its role, names, routes.  A task asks again after a second, later
 * after five, and gives up while there is still time to say why.
 */
#ifndef LUN_PATIENCE_H
#define LUN_PATIENCE_H

#include "loop.h"

enum lun_awaited {
  LUN_AWAITED_METADATA,
  LUN_AWAITED_ROLE,
  LUN_AWAITED_NAME,
  LUN_AWAITED_ROUTE
};

/* Zeroed: nothing has been waited for. */
struct lun_patience {
  int64_t resume_at; /* monotonic ms: when to ask again */
  int64_t pause_ms;  /* the last one; 0: there was none */
  int64_t began_at;  /* monotonic ms: when the first one did */
  unsigned told;     /* of what, to the log: a bit each */
  char what[320];    /* "trying again after: WHY"; "" before that */
};

/*
 * True if TASK is to ask again at resume_at, and then its `what` says why, by
 * ERR.  False if no more than RESERVE_MS, which asking may take, are left until
 * its deadline; or if it has none.
 */
bool lun_patience_again(struct lun_patience *patience, struct lun_task *task,
                        enum lun_awaited awaited, int64_t reserve_ms,
                        const struct lun_error *err);

/* Says in the message of ERR how long it was waited, if it was. */
void lun_patience_tell(const struct lun_patience *patience, const lun_ctx *ctx,
                       struct lun_error *err);

#endif
