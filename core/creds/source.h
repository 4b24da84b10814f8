/*
 * What a source is made of, for the kinds of them: chain.c has the default
 * chain, fixed keys, and the cache that is before all; rolesource.c has roles.
 */
#ifndef LUN_SOURCE_H
#define LUN_SOURCE_H

#include "chain.h"

struct lun_source {
  struct lun_task refresh;                    /* first: its step gets it */
  enum lun_step (*fetch)(lun_source *source); /* goes on with the refresh */
  void (*drop)(lun_source *source); /* ends its work; NULL: it has none */
  lun_ctx *ctx;
  int refs;
  struct lun_place *place;

  struct lun_cred *cred; /* the last ones; NULL: none yet */
  int64_t lifetime;      /* of cred when it was fetched, in seconds */
  int64_t skew;          /* of the clock that tells its expiry */
  int64_t retry_at;      /* monotonic ms: not before this, unless it must */

  struct lun_cred_wait *listener; /* who is told what is asked; NULL: nobody */
  struct lun_trace trace;         /* what was asked, while there is one */

  /* of the chain */
  struct lun_walk walk;
  size_t at; /* the maker in the chain whose provider gave cred */

  /* of a role */
  lun_source *base;
  struct lun_role role;
  struct lun_cred_wait wait;
  struct lun_assume assume;
  bool waiting; /* wait is initialised */
  bool assuming;
  bool renewed; /* the base's credentials, in this refresh */
};

/* A source that FETCH refreshes: a step of the task `refresh`. */
LUN_NODISCARD enum lun_code
lun_source_new(lun_source **out, struct lun_place *place,
               enum lun_step (*fetch)(lun_source *source),
               struct lun_error *err);

/* True for the default chain's own source. */
bool lun_source_is_chain(const lun_source *source);

/* Ends a refresh: it has fetched CRED, whose expiry is told by a clock that
 * is SKEW seconds ahead of ours. */
enum lun_step lun_source_adopt(lun_source *source, struct lun_cred *cred,
                               int64_t skew);

/* Where the refresh under way records what it asks; NULL: nowhere. */
struct lun_trace *lun_source_trace(lun_source *source);

#endif
