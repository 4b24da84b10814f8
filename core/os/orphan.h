/*
 * Names of staged files, ".TARGET.lunette-PID-RANDOM", and the removal of
 * those whose process is gone: killed halfway, it could not do it itself.
 */
#ifndef LUN_ORPHAN_H
#define LUN_ORPHAN_H

#include "../base/error.h"

#include <sys/types.h>

#define LUN_ORPHAN_NAME 256

/* A new name for a staged file of TARGET (a name, not a path). */
LUN_NODISCARD enum lun_code lun_orphan_name(char out[LUN_ORPHAN_NAME],
                                            const lun_ctx *ctx,
                                            const char *target,
                                            struct lun_error *err);

/* The name under which NAME, which is one of those, is nobody's to remove. */
void lun_orphan_saved(char out[LUN_ORPHAN_NAME], const char *name);

/*
 * Removes from the folder DIR what is staged for TARGET by a process that is
 * gone, if it belongs to us or to OWNER.  Whatever stands in the way of that
 * is left alone.
 */
void lun_orphan_sweep(int dir, const char *target, uid_t owner);

#endif
