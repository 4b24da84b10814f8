/*
 * What was asked on the way to credentials, in order, for `whoami --why`.
 * Nothing in it is secret.
 */
#ifndef LUN_TRACE_H
#define LUN_TRACE_H

#include "../base/buf.h"

enum lun_trace_end {
  LUN_TRACE_PASSED, /* it had nothing: the next one was asked */
  LUN_TRACE_FOUND,
  LUN_TRACE_FAILED /* it stopped the search */
};

struct lun_trace_step {
  int depth;    /* 0: the chain's; 1: what one of these asked */
  char *name;   /* the provider, or the operation */
  char *looked; /* at what: variables, a file, a URL, a role */
  enum lun_trace_end end;
  char *why;        /* what it found, why it was passed over or failed */
  int64_t began_ms; /* monotonic */
  int64_t took_ms;
};

struct lun_trace {
  lun_ctx *ctx;
  struct lun_trace_step *steps;
  size_t nsteps;
  bool lost; /* there was no memory for all of it */
};

void lun_trace_init(struct lun_trace *trace, lun_ctx *ctx);
void lun_trace_clear(struct lun_trace *trace); /* forgets all steps */

/* Begins a step, which stands before those that begin until its end.  TRACE
 * may be NULL: then nothing happens. */
size_t lun_trace_begin(struct lun_trace *trace, int depth, const char *name);
void lun_trace_finish(struct lun_trace *trace, size_t step, const char *looked,
                      enum lun_trace_end end, const char *why);

/*
 * Moves the steps of FROM behind those of TO, one that is not at its end as
 * one that failed.  FROM records nothing from then on, whatever still holds
 * it, until it is cleared.
 */
void lun_trace_move(struct lun_trace *to, struct lun_trace *from);

#endif
