/*
 * "Did you mean ...?": of some names, the one that a mistyped word is nearest
 * to.  Pure, and without allocation: it is used where an error is made.
 */
#ifndef LUN_NEAR_H
#define LUN_NEAR_H

#include "text.h"

#define LUN_NEAR_MAX 64 /* longer words are near to nothing */

struct lun_near {
  struct lun_span want;
  const char *name; /* the nearest so far, borrowed; NULL: none is near */
  size_t distance;  /* edits from WANT to it */
};

void lun_near_init(struct lun_near *near, struct lun_span want);

/* Takes NAME if it is nearer than what there is, and near enough at all. */
void lun_near_try(struct lun_near *near, const char *name);

#endif
