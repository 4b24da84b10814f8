/*
 * Asks providers one after another, until one has credentials or fails.
 */
#ifndef LUN_WALK_H
#define LUN_WALK_H

#include "provider.h"

struct lun_walk {
  struct lun_task task;
  struct lun_cred *cred; /* the result: NULL with rc 0: none has any */
  int64_t skew;          /* the clock that cred's expiry is told by, in s */
  size_t at;             /* the maker whose provider gave them */
  char found[LUN_REASON_LEN]; /* where: "role web" */
  struct lun_buf reasons; /* "environment: AWS_ACCESS_KEY_ID is not set; ..." */
  const char *hint;       /* of the last one that came close; NULL: none did */

  /* What its providers gave the last time; borrowed; NULL: nothing.  Set
   * between _init and _start. */
  const struct lun_cred *before;

  /* walk.c's own */
  lun_provider_make *const *makers;
  size_t nmakers;
  struct lun_place *place;
  const char *source_profile;
  struct lun_trace *trace;
  int depth;
  size_t step;                   /* of the trace */
  struct lun_provider *provider; /* under way */
};

/*
 * MAKERS are borrowed, and so is SOURCE_PROFILE, which they are made with.
 * TRACE may be NULL; the steps have DEPTH in it.
 */
void lun_walk_init(struct lun_walk *walk, struct lun_place *place,
                   lun_provider_make *const *makers, size_t nmakers,
                   const char *source_profile, struct lun_trace *trace,
                   int depth);
void lun_walk_start(struct lun_walk *walk, int64_t deadline);

/* Stops it if it is under way, and forgets; safe on a zeroed one. */
void lun_walk_done(struct lun_walk *walk);

#endif
