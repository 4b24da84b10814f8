/*
 * Finds a thing by its name, in a time that does not grow with how many there
 * are.  The things are numbers to it, and lie in arrays of somebody else's,
 * who also keeps the names: the index asks for them.
 */
#ifndef LUN_INDEX_H
#define LUN_INDEX_H

#include "text.h"

#define LUN_INDEX_NONE UINT32_MAX

struct lun_index_slot;

struct lun_index {
  lun_ctx *ctx;
  /* The name of ITEM of OWNER; NULL if there is no such thing any more. */
  const char *(*name)(const void *data, uint32_t owner, uint32_t item);
  const void *data;
  /* index.c's own */
  struct lun_index_slot *slots;
  size_t room; /* a power of two, or 0 */
  size_t used;
};

/* The item of OWNER that is called NAME, or LUN_INDEX_NONE. */
uint32_t lun_index_find(const struct lun_index *index, uint32_t owner,
                        struct lun_span name);

/* Adds ITEM of OWNER, which is called NAME; none was until now. */
LUN_NODISCARD enum lun_code lun_index_add(struct lun_index *index,
                                          uint32_t owner, struct lun_span name,
                                          uint32_t item, struct lun_error *err);
void lun_index_done(struct lun_index *index);

#endif
