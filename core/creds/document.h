/*
 * JSON documents that have credentials in them: what the metadata service,
 * the container's endpoint, a credential process, IAM Identity Center and
 * the caches of the aws command line give.  All of them are somebody else's,
 * so types, lengths and doubles are looked at, and no error has a value.
 */
#ifndef LUN_DOCUMENT_H
#define LUN_DOCUMENT_H

#include "../sign/cred.h"
#include "../text/json.h"

#define LUN_DOCUMENT_MAX ((size_t)64 << 10) /* bytes; a larger one is refused */

struct lun_document {
  lun_ctx *ctx;
  struct lun_span text; /* borrowed */
  const char *what;     /* borrowed: "the metadata service's answer" */
  struct lun_json *json;
};

/*
 * Parses TEXT, which has to be one JSON object.  LUN_ECREDENTIALS, as all
 * errors here but LUN_ENOMEM, begins with WHAT and names the member or the
 * line and the column.
 */
LUN_NODISCARD enum lun_code
lun_document_open(struct lun_document *doc, lun_ctx *ctx, struct lun_span text,
                  const char *what, struct lun_error *err);
void lun_document_close(struct lun_document *doc); /* safe on a zeroed one */

/* The object that is member KEY of OBJECT (0: the document itself), or 0 if
 * it is absent or null; one of another type, and a double, is an error. */
LUN_NODISCARD enum lun_code lun_document_object(size_t *out,
                                                const struct lun_document *doc,
                                                size_t object, const char *key,
                                                struct lun_error *err);

/* Appends the string member KEY of OBJECT to OUT: nothing if it is absent or
 * null.  Another type, a double, and a NUL in it is an error. */
LUN_NODISCARD enum lun_code lun_document_text(struct lun_buf *out,
                                              const struct lun_document *doc,
                                              size_t object, const char *key,
                                              struct lun_error *err);

/* The whole number, 0 or more, that is member KEY; *FOUND says if there is
 * one that is not null. */
LUN_NODISCARD enum lun_code lun_document_int(int64_t *out, bool *found,
                                             const struct lun_document *doc,
                                             size_t object, const char *key,
                                             struct lun_error *err);

/* What the members of a set of credentials are called; NULL: there is none. */
struct lun_document_names {
  const char *access_key_id;
  const char *secret_access_key;
  const char *session_token;
  const char *expiration;
  const char *account_id;
  bool token_required;
  bool expiration_required;
  bool expiration_ms; /* a number of ms since 1970, not an ISO date */
};

/*
 * The credentials in OBJECT.  A required member that is absent or empty, and
 * an expiration that is no date, is an error that names it; ACCOUNT_ID (may be
 * NULL) is taken where the document has none.
 */
LUN_NODISCARD enum lun_code
lun_document_cred(struct lun_cred **out, const struct lun_document *doc,
                  size_t object, const struct lun_document_names *names,
                  const char *provider, const char *account_id,
                  struct lun_error *err);

#endif
