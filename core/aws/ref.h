/*
 * A REF, "ID[?key=value&...][#path]", taken apart (design section 3).
 */
#ifndef LUN_REF_H
#define LUN_REF_H

#include "../rules/endpoint.h"
#include "../text/path.h"

struct lun_ref {
  lun_ctx *ctx;
  char *text;    /* ID alone, as written */
  char *region;  /* by key or from the ARN; NULL: the session's */
  char *stage;   /* NULL: AWSCURRENT, unless a version is asked */
  char *version; /* NULL: none */
  char *profile; /* NULL: the session's own credentials */
  char *role;
  char *external_id;
  char *path; /* behind the '#'; NULL: the whole secret */
  bool arn;
  char *name; /* what the secret is called in messages: the ARN's name
                        without its suffix, or ID */
};

/*
 * Values of keys may be percent-encoded; '+' is itself.  LUN_EINVALID says
 * what is wrong and where (column), with what a REF looks like as the hint.
 */
LUN_NODISCARD enum lun_code lun_ref_parse(struct lun_ref *out, lun_ctx *ctx,
                                          struct lun_span text,
                                          struct lun_error *err);
void lun_ref_done(struct lun_ref *ref);

#endif
