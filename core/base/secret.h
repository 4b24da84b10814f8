/*
 * Protected bytes: immutable, counted, kept out of core dumps and, where the
 * system allows, out of swap, cleansed when the last reference goes.  Bytes
 * of up to a page lie in slots of shared slabs; larger ones have a mapping of
 * their own.
 */
#ifndef LUN_SECRET_H
#define LUN_SECRET_H

#include "buf.h"

/*
 * A secret of LEN bytes for the caller to fill through *PTR before anyone
 * else sees it; lun_secret_trim makes it shorter.
 */
LUN_NODISCARD enum lun_code lun_secret_alloc(lun_secret **out, lun_ctx *ctx,
                                             size_t len, char **ptr,
                                             struct lun_error *err);
void lun_secret_trim(lun_secret *secret, size_t len);

/* A part of another secret, which stays alive with it; nothing is copied. */
LUN_NODISCARD enum lun_code lun_secret_part(lun_secret **out,
                                            lun_secret *parent, size_t offset,
                                            size_t len, struct lun_error *err);

/* A secret with the bytes of a buffer, which stays the caller's. */
LUN_NODISCARD enum lun_code lun_secret_from_buf(lun_secret **out,
                                                const struct lun_buf *buf,
                                                struct lun_error *err);

/* The bytes, borrowed while the secret lives; NULL gives an empty span. */
struct lun_span lun_secret_view(const lun_secret *secret);

/* Compares contents; the time depends on the lengths alone. */
bool lun_secret_equal(struct lun_span a, struct lun_span b);

/* Cleanses memory in a way that no compiler leaves out. */
void lun_secret_wipe(void *ptr, size_t len);

/* Frees the arena of a context; called by lun_ctx_free. */
void lun_arena_free(lun_ctx *ctx);

#endif
