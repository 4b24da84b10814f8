/*
 * Where lunette runs: a loop, the settings, and what the metadata service
 * tells once for all who ask (its client, with the token; the region).
 */
#ifndef LUN_PLACE_H
#define LUN_PLACE_H

#include "../net/imds.h"
#include "settings.h"

#define LUN_PLACE_TRIED 8 /* things that it remembers to have tried */

/* Counted; the loop outlives it. */
struct lun_place {
  lun_ctx *ctx;
  int refs;
  lun_loop *loop;
  struct lun_settings *settings; /* a reference */

  /* place.c's own */
  lun_imds *imds; /* NULL: not asked for yet */
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

#endif
