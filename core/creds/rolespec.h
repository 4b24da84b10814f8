/*
 * A role as somebody wants it: its options checked by AWS's limits before STS
 * is asked (aws-behaviour.md section 3.1, and STS's model), and copied as the
 * form that asks for it.
 */
#ifndef LUN_ROLESPEC_H
#define LUN_ROLESPEC_H

#include "../base/buf.h"

/* Immutable once made. */
struct lun_role {
  lun_ctx *ctx;
  char *arn;
  char *session_name;
  bool named; /* session_name was given; else it was made up */
  char *form; /* of the request: "&ExternalId=...", what no call has anew */
  char *source_identity; /* NULL: none */
  char *mfa_serial;      /* NULL: none */
  lun_mfa_function mfa_code;
  void *mfa_data;
  char *token_file; /* of a web identity; NULL: AssumeRole is called */
  char *token_from; /* who named it: "AWS_WEB_IDENTITY_TOKEN_FILE" */
  char *region;     /* of the STS that is asked; NULL: the place's own */
};

/*
 * Copies and checks OPTIONS.  LUN_EINVALID names the member behind PLACE
 * ("assume_role: ", "profile \"x\" (/etc/aws:3): "), never a value.
 */
LUN_NODISCARD enum lun_code
lun_role_init(struct lun_role *out, lun_ctx *ctx,
              const struct lun_role_options *options, const char *place,
              struct lun_error *err);

/* The same for a web identity; FROM says who named the token's file. */
LUN_NODISCARD enum lun_code
lun_role_init_web(struct lun_role *out, lun_ctx *ctx,
                  const struct lun_web_identity_options *options,
                  const char *place, const char *from, struct lun_error *err);

/* Safe on a zeroed one. */
void lun_role_done(struct lun_role *role);

/*
 * True if one session serves both: STS would be asked the same.  A name that
 * was made up is as good as another.
 */
bool lun_role_same(const struct lun_role *a, const struct lun_role *b);

#endif
