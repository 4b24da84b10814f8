/*
 * Where lunette runs: a loop, the settings, and what the metadata service
 * tells once for all who ask (its client, with the token; the region).
 */
#ifndef LUN_PLACE_H
#define LUN_PLACE_H

#include "../net/imds.h"
#include "settings.h"

#define LUN_PLACE_TRIED 8  /* things that it remembers to have tried */
#define LUN_REGION_LEN  64 /* a region and its NUL */

/* Counted; the loop outlives it. */
struct lun_place {
  lun_ctx *ctx;
  int refs;
  lun_loop *loop;
  struct lun_settings *settings; /* a reference */

  char role[LUN_IMDS_ROLE + 1]; /* the instance's, once it is known; the
                                   metadata provider's own */

  /* place.c's own */
  lun_imds *imds;       /* NULL: not asked for yet */
  struct lun_task task; /* asks for the region */
  struct lun_imds_get get;
  bool getting;
  bool asked;                /* there is an answer: here, or why not */
  char here[LUN_REGION_LEN]; /* the machine's own region, or "" */
  char why[768];             /* the metadata service gave none */
  struct {
    char what[64];
    int64_t at; /* monotonic ms; 0: free */
  } tried[LUN_PLACE_TRIED];
};

LUN_NODISCARD enum lun_code lun_place_new(struct lun_place **out,
                                          lun_loop *loop,
                                          struct lun_settings *settings,
                                          struct lun_error *err);
struct lun_place *lun_place_ref(struct lun_place *place);
void lun_place_unref(struct lun_place *place); /* NULL is fine */

/*
 * The metadata service's client, borrowed: one for all, so that they share
 * its token.  Not if settings->imds_disabled.
 */
LUN_NODISCARD enum lun_code
lun_place_imds(lun_imds **out, struct lun_place *place, struct lun_error *err);

/*
 * True, and remembered, if WHAT (the name of a file, say) has not been tried
 * in the last EVERY_MS: for what is not to be asked of others too often.
 */
bool lun_place_try(struct lun_place *place, const char *what, int64_t every_ms);

/*
 * A wait for the region of a call: the one that is known, at once, else that
 * of the machine, which the metadata service tells once for the place, its
 * failure included.  It is also asked for defaults mode "auto", and never if
 * settings->imds_disabled.
 */
struct lun_region_wait {
  struct lun_task task;        /* LUN_OK, if memory and the deadline allow */
  char region[LUN_REGION_LEN]; /* "": none is known */
  int64_t connect_ms;          /* as in struct lun_call_input */

  /* place.c's own */
  struct lun_place *place; /* a reference */
  bool joined;             /* it waits for the place's answer */
};

void lun_region_wait_init(struct lun_region_wait *wait,
                          struct lun_place *place);

/* REGION is the caller's own, copied; NULL: the settings' own. */
void lun_region_wait_start(struct lun_region_wait *wait, const char *region,
                           int64_t deadline);
void lun_region_wait_done(struct lun_region_wait *wait); /* also if zeroed */

/* The error for SERVICE where a wait brought no region: LUN_EINVALID, with
 * what the metadata service said, if it was asked. */
enum lun_code lun_region_wait_none(const struct lun_region_wait *wait,
                                   const char *service, struct lun_error *err);

#endif
