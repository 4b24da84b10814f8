/*
 * The default chain, and a cache in front of it: one fetch at a time, shared
 * by all who wait; credentials are renewed before they expire, and a failed
 * renewal keeps what is still valid.
 */
#ifndef LUN_CHAIN_H
#define LUN_CHAIN_H

#include "assume.h"
#include "walk.h"

/* A place that credentials come from: the chain, fixed keys, or a role that
 * another source's credentials assume.  Counted; the loop outlives it. */
typedef struct lun_source lun_source;

LUN_NODISCARD enum lun_code lun_source_chain(lun_source **out,
                                             struct lun_place *place,
                                             struct lun_error *err);
LUN_NODISCARD enum lun_code lun_source_fixed(lun_source **out,
                                             struct lun_place *place,
                                             struct lun_cred *cred,
                                             struct lun_error *err);

/* The source keeps BASE; STS is asked when the first wait needs it. */
LUN_NODISCARD enum lun_code
lun_source_role(lun_source **out, lun_source *base, struct lun_place *place,
                const struct lun_role_options *options, struct lun_error *err);
LUN_NODISCARD enum lun_code
lun_source_web_identity(lun_source **out, struct lun_place *place,
                        const struct lun_web_identity_options *options,
                        struct lun_error *err);

/* Where SOURCE asks; borrowed from it. */
struct lun_place *lun_source_place(const lun_source *source);

/* True if what one gets serves the other: both are the chain, with the same
 * settings, or roles of the same base, place and options. */
bool lun_source_same(const lun_source *a, const lun_source *b);

/*
 * True if nobody but the caller has SOURCE, and if renewing it might
 * ask somebody for a code: who that is may have gone with those who had it.
 */
bool lun_source_orphaned(const lun_source *source);

lun_source *lun_source_ref(lun_source *source);
void lun_source_unref(lun_source *source); /* NULL is fine */

/* A wait for a source's credentials. */
struct lun_cred_wait {
  struct lun_task task;
  lun_source *source;
  struct lun_cred *cred;  /* a reference, when the task is done */
  struct lun_cred *stale; /* expired ones: do not give these again */

  /*
   * Set between _init and _start: they are fetched anew, whatever is at hand,
   * and what was asked is put behind the steps here when the fetch is over,
   * or by _done.  Borrowed; NULL: what is at hand will do.
   */
  struct lun_trace *trace;

  /* chain.c's own */
  bool joined; /* it waits for a fetch */
  int64_t patience;
};

void lun_cred_wait_init(struct lun_cred_wait *wait, lun_source *source);

/*
 * Starts; STALE (may be NULL) are credentials that the service called
 * expired: if the source still has these, it fetches others, and if there
 * are no others, the wait ends with LUN_ECREDENTIALS.
 */
void lun_cred_wait_start(struct lun_cred_wait *wait, struct lun_cred *stale,
                         int64_t deadline);
void lun_cred_wait_done(struct lun_cred_wait *wait);

#endif
