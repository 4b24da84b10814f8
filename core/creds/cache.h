/*
 * The caches in which the aws command line keeps what a login gave it: one
 * JSON object a file, found by the hash of a name.  The files are somebody
 * else's: they are read with limits, and what is written back keeps every
 * member that is not ours to change.
 */
#ifndef LUN_CACHE_H
#define LUN_CACHE_H

#include "../conf/place.h"
#include "document.h"

/*
 * FOLDER/HASH.json, with HASH in hexadecimal, and variables and a "~" in FOLDER
 * expanded.  *OUT is the caller's.  LUN_ECREDENTIALS if there is no home
 * directory.
 */
LUN_NODISCARD enum lun_code
lun_cache_path(char **out, const struct lun_place *place, const char *folder,
               struct lun_span hash, struct lun_error *err);

/*
 * Appends the file to OUT, which may take LUN_DOCUMENT_MAX bytes.
 * LUN_ENOTFOUND if there is none; LUN_ECREDENTIALS names the file that cannot
 * be read.
 */
LUN_NODISCARD enum lun_code
lun_cache_read(struct lun_buf *out, const char *path, struct lun_error *err);

/* The date that is member KEY of DOC; *OUT is 0 if there is none. */
LUN_NODISCARD enum lun_code lun_cache_date(int64_t *out,
                                           const struct lun_document *doc,
                                           const char *key,
                                           struct lun_error *err);

/* The text that is member KEY of DOC and becomes part of a header, into OUT,
 * which is empty.  LUN_ECREDENTIALS if there is none, or it cannot be one. */
LUN_NODISCARD enum lun_code lun_cache_token(struct lun_buf *out,
                                            const struct lun_document *doc,
                                            const char *key,
                                            struct lun_error *err);

/* A member that changes. */
struct lun_cache_member {
  const char *key;
  struct lun_span json; /* its new value; of length 0: the member goes */
};

/* Appends the object at node OBJECT of DOC (0: the document itself) without
 * these members, and then with what is new of them at its end. */
void lun_cache_edit(struct lun_buf *out, const struct lun_document *doc,
                    size_t object, const struct lun_cache_member *members,
                    size_t nmembers);

/* Replaces the file, as a whole or not at all; it can be read by its owner
 * alone.  LUN_EFILE names the file and the reason. */
LUN_NODISCARD enum lun_code lun_cache_write(lun_ctx *ctx, const char *path,
                                            struct lun_span bytes,
                                            struct lun_error *err);

/*
 * The same, unless the file is no longer what was read of it, BEFORE: whoever
 * has written it meanwhile may have logged in.
 */
LUN_NODISCARD enum lun_code lun_cache_replace(lun_ctx *ctx, const char *path,
                                              struct lun_span before,
                                              struct lun_span bytes,
                                              struct lun_error *err);

#endif
