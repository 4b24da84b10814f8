/*
 * The allocator of core.  Every block is zeroed when it is given and wiped
 * when it goes, and the context counts what is live.  A context of NULL is
 * for what has none to ask (the context's own block, expat's): that is
 * neither counted nor made to fail.
 */
#ifndef LUN_MEM_H
#define LUN_MEM_H

#include "ctx.h"

/* A zeroed block of SIZE bytes (0 is one of its own too), or NULL. */
LUN_NODISCARD void *lun_mem_alloc(lun_ctx *ctx, size_t size);

/*
 * Grows or shrinks a block; what it had is kept, what is new is zero, and the
 * old block is wiped.  NULL leaves the old block as it was.
 */
LUN_NODISCARD void *lun_mem_resize(lun_ctx *ctx, void *ptr, size_t size);

/* Wipes and frees a block; NULL is fine. */
void lun_mem_free(lun_ctx *ctx, void *ptr);

/* A copy of LEN bytes with a NUL behind them, or NULL. */
LUN_NODISCARD char *lun_mem_copy(lun_ctx *ctx, const char *ptr, size_t len);

/* A copy of a string, or NULL, also when TEXT is NULL. */
LUN_NODISCARD char *lun_mem_strdup(lun_ctx *ctx, const char *text);

/*
 * Pages of their own for secrets: zeroed, in no core dump, empty in a child
 * made by fork, and, where the limits allow, never in swap.  SIZE is rounded
 * up to pages.  NULL when there are none.
 */
LUN_NODISCARD void *lun_mem_map(lun_ctx *ctx, size_t size);

/* Wipes and unmaps what lun_mem_map gave for SIZE; NULL is fine. */
void lun_mem_unmap(lun_ctx *ctx, void *ptr, size_t size);

#endif
