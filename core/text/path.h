/*
 * The path behind the '#' of a REF, and of ln.get: `password`,
 * `replicas[0].host`, `["odd.key"]`.
 */
#ifndef LUN_PATH_H
#define LUN_PATH_H

#include "json.h"

struct lun_path_step {
  bool index;
  size_t at;           /* if index: from 0 */
  struct lun_span key; /* else: as written between the quotes if quoted */
  bool quoted;         /* the key is a JSON string's inside */
};

/* LUN_EINVALID with the column if PATH is empty or no path. */
LUN_NODISCARD enum lun_code lun_path_check(struct lun_span path,
                                           struct lun_error *err);

/*
 * Takes the first step off PATH, and the dot behind it.  *DONE at its end.
 * LUN_EINVALID with the column for what is no path.
 */
LUN_NODISCARD enum lun_code lun_path_next(struct lun_span *path,
                                          struct lun_path_step *step,
                                          bool *done, struct lun_error *err);

/*
 * Follows PATH from NODE.  LUN_ENOTFOUND names the step that is absent;
 * *FOUND is a node index.
 */
LUN_NODISCARD enum lun_code
lun_path_find(size_t *found, const struct lun_json *json, struct lun_span text,
              size_t node, struct lun_span path, struct lun_error *err);

#endif
