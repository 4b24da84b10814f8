/*
 * Where a call of a service goes: the URL, and the region to sign for.
 */
#ifndef LUN_TARGET_H
#define LUN_TARGET_H

#include "../rules/endpoint.h"
#include "../rules/ops.h"
#include "settings.h"

struct lun_target {
  struct lun_buf url;
  struct lun_buf region; /* to sign for */
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

#endif
