/*
 * Where a call of a service goes: the URL, and the region to sign for; and
 * what else of a call the settings decide.
 */
#ifndef LUN_TARGET_H
#define LUN_TARGET_H

#include "../net/call.h"
#include "settings.h"

struct lun_target {
  struct lun_buf url;
  struct lun_buf region; /* to sign for */
  struct lun_buf trace;  /* the value of X-Amzn-Trace-Id; empty: none */
};

void lun_target_init(struct lun_target *target, lun_ctx *ctx);
void lun_target_done(struct lun_target *target);

/*
 * The target of SERVICE in REGION (NULL: the settings' own).  LUN_EINVALID
 * for no region and for an endpoint that cannot be.
 */
LUN_NODISCARD enum lun_code lun_target_find(struct lun_target *target,
                                            const struct lun_settings *settings,
                                            const struct lun_service *service,
                                            const char *region,
                                            struct lun_error *err);

/*
 * Fills in what INPUT takes from a target that was found and from the
 * settings; both have to stay until the call is started.
 */
void lun_target_input(struct lun_call_input *input,
                      const struct lun_target *target,
                      const struct lun_settings *settings);

#endif
