/*
 * The error for a chain that has no credentials: what each provider had to
 * say, and what would help where it runs.
 */
#ifndef LUN_NONE_H
#define LUN_NONE_H

#include "walk.h"

/*
 * For a WALK that is over and found none.  KNOWN says that somebody sees the
 * trace, and need not be told how to.  Gives LUN_ECREDENTIALS back.
 */
enum lun_code lun_none(const struct lun_walk *walk, bool known,
                       struct lun_error *err);

#endif
