/*
 * A child process as a task: fed, heard and waited for while the loop goes on
 * with what else there is.  It has a session of its own: none of it outlives
 * the task, and it has no terminal, for who reads one from the background is
 * stopped, and never ends.  One that may ask the user is no exception unless
 * there is one: then it stays in our group, and ends with us at his ^C.
 */
#ifndef LUN_RUN_H
#define LUN_RUN_H

#include "../os/spawn.h"
#include "loop.h"

struct lun_run {
  struct lun_task task;     /* its rc is 0 once the child has ended */
  struct lun_child_end end; /* how it has */
  lun_child *child;         /* its pid and what it says; NULL: none */

  /* run.c's own */
  char what[128]; /* for the loop */
};

void lun_run_init(struct lun_run *run);

/*
 * Starts a child with OPTIONS, of which nothing is kept; ASKS says that it may
 * use our terminal, if we are in front there (else `own_session` is meant in
 * any case).  Errors of lun_child_new come at once.  At the DEADLINE (monotonic
 * ms, 0: none), and when the task is stopped, its group is killed, or it alone
 * if it has none of its own.
 */
LUN_NODISCARD enum lun_code
lun_run_start(struct lun_run *run, lun_loop *loop,
              const struct lun_spawn_options *options, bool asks,
              int64_t deadline, struct lun_error *err);

/* Ends the child if it runs still, and forgets what it has said. */
void lun_run_done(struct lun_run *run);

#endif
