/*
 * Time and randomness, injected through the context.
 */
#ifndef LUN_CLOCK_H
#define LUN_CLOCK_H

#include "ctx.h"

int64_t lun_clock_wall_ms(const lun_ctx *ctx); /* since 1970-01-01 UTC */
int64_t lun_clock_mono_ms(const lun_ctx *ctx); /* never goes back */

/* Random bytes of the system; LUN_EFILE if it has none to give. */
LUN_NODISCARD enum lun_code lun_clock_random(const lun_ctx *ctx, void *out,
                                             size_t len, struct lun_error *err);

/* A random uuid (RFC 4122, version 4), of lower case. */
LUN_NODISCARD enum lun_code lun_clock_uuid(const lun_ctx *ctx, char out[37],
                                           struct lun_error *err);

/* The system's clock, which every new context has. */
void lun_clock_system(struct lun_clock *clock);

#endif
