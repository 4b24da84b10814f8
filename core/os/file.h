/*
 * Replacing a file as a whole or not at all: the new content is staged beside
 * the target under a name that begins with a dot, with its mode and owner,
 * before it takes the target's name.  All by descriptors of the directory, so
 * that a directory moved in between changes nothing.
 */
#ifndef LUN_FILE_H
#define LUN_FILE_H

#include "../base/secret.h"

#define LUN_FILE_MAX ((size_t)64 << 20)

/* Reads a whole regular file, no larger than OUT may become, into OUT. */
LUN_NODISCARD enum lun_code lun_file_read(struct lun_buf *out,
                                          const char *path,
                                          struct lun_error *err);

/* How the target is to be; -1 keeps the target's, or for a new file gives
 * 0600 and the caller's own user and group. */
struct lun_file_want {
  int64_t mode;
  int64_t uid;
  int64_t gid;
};

typedef struct lun_stage lun_stage;

/*
 * Looks at the target and stages nothing yet: LUN_EFILE if it is something
 * other than a regular file (a symlink is refused, never followed), or its
 * directory is missing or may be written by others without the sticky bit.
 */
LUN_NODISCARD enum lun_code lun_stage_new(lun_stage **out, lun_ctx *ctx,
                                          const char *target,
                                          const struct lun_file_want *want,
                                          struct lun_error *err);

/* True if the target already has these bytes, this mode and this owner. */
LUN_NODISCARD enum lun_code lun_stage_same(lun_stage *stage,
                                           struct lun_span bytes, bool *same,
                                           struct lun_error *err);

/*
 * Writes the staged file: created 0600 and exclusively, owner, then mode,
 * then bytes, then fsync.
 */
LUN_NODISCARD enum lun_code lun_stage_write(lun_stage *stage,
                                            struct lun_span bytes,
                                            struct lun_error *err);

/* The staged file's path, for a check command. */
const char *lun_stage_path(const lun_stage *stage);

/*
 * Makes sure that the staged file is still the one that was written (same
 * inode, same bytes), keeps the old one for lun_stage_restore if KEEP, renames
 * and fsyncs the directory.
 */
LUN_NODISCARD enum lun_code lun_stage_commit(lun_stage *stage, bool keep,
                                             struct lun_error *err);

/* After a commit with KEEP: the old file, or its absence, comes back. */
LUN_NODISCARD enum lun_code lun_stage_restore(lun_stage *stage,
                                              struct lun_error *err);

/* Removes what is left of the staged and the kept file, and frees. */
void lun_stage_free(lun_stage *stage);

#endif
