/*
 * Replacing a file as a whole or not at all: the new content is staged beside
 * the target under a name that begins with a dot, with its mode and owner,
 * before it takes the target's name.  All by descriptors of the directory, so
 * that a directory moved in between changes nothing.
 *
 * A target that is a symlink is refused; of several hard links, the one that
 * is named gets the new file, and the others keep the old one.  ACLs and
 * extended attributes of the old file are not carried over.
 */
#ifndef LUN_FILE_H
#define LUN_FILE_H

#include "../base/secret.h"

#define LUN_FILE_MAX ((size_t)64 << 20)

/*
 * Reads a whole regular file, no larger than OUT may become, into OUT.
 * LUN_EFILE names the file and the reason.
 */
LUN_NODISCARD enum lun_code lun_file_read(struct lun_buf *out, const char *path,
                                          struct lun_error *err);

/* True if what the descriptor FD gives from its start is exactly BYTES. */
bool lun_file_has(int fd, struct lun_span bytes);

/*
 * The error for a call of the system that failed with errno ERROR: LUN_EFILE,
 * "PATH: cannot DOING: why", and the next step as the hint.
 */
enum lun_code lun_file_error(struct lun_error *err, const char *path,
                             const char *doing, int error);

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
 * directory is missing, may not be written by us, or may be written by others
 * without the sticky bit; with it, if the target is not ours (nor the wanted
 * owner's), or has a second name.  Removes what dead runs have left staged for
 * this target.
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
 * Writes the staged file, again if it was written before: created 0600 and
 * exclusively, owner, then mode, then bytes, then fsync.  Not once it is
 * committed: LUN_EINVALID.
 */
LUN_NODISCARD enum lun_code
lun_stage_write(lun_stage *stage, struct lun_span bytes, struct lun_error *err);

/* The staged file's path, for a check command. */
const char *lun_stage_path(const lun_stage *stage);

/*
 * Makes sure that the staged file is still the one that was written (same
 * inode, same bytes, same mode and owner; else LUN_ECHECK), keeps the old one
 * for lun_stage_restore if KEEP, renames and fsyncs the directory.  If that
 * last step fails, the new file is in place and the error says so.
 */
LUN_NODISCARD enum lun_code lun_stage_commit(lun_stage *stage, bool keep,
                                             struct lun_error *err);

/*
 * After a commit with KEEP: the old file, or its absence, comes back, also
 * where somebody has removed the new one.  A target that somebody else has
 * replaced meanwhile is left alone (LUN_EFILE).  An old file that could not
 * come back stays beside the target, and the hint names it.
 */
LUN_NODISCARD enum lun_code lun_stage_restore(lun_stage *stage,
                                              struct lun_error *err);

/* True if there was a target when it was last looked at, before a commit. */
bool lun_stage_existed(const lun_stage *stage);

/* Removes what is left of the staged and the kept file, and frees; NULL is
 * fine. */
void lun_stage_free(lun_stage *stage);

#endif
