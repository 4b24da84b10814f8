/*
 * The file of a session of `aws login` (aws-behaviour.md section 3.4): keys
 * for a quarter of an hour and what gets the next ones, a refresh token and
 * the private key that it is bound to.  It is shared with the aws command
 * line: others may renew it at any time, and what is not ours to change in it
 * stays as it is.
 */
#ifndef LUN_LOGINFILE_H
#define LUN_LOGINFILE_H

#include "cache.h"

struct lun_login_file {
  char *path;
  struct lun_cred *cred; /* the keys; NULL until it is loaded */
  struct lun_buf body;   /* of the request for others: JSON */
  struct lun_buf dpop;   /* the private key, PEM */

  /* loginfile.c's own */
  lun_ctx *ctx;
  struct lun_buf bytes; /* of which doc is a view */
  struct lun_document doc;
  size_t keys; /* the object in doc that has them */
};

/* Finds the file of SESSION.  LUN_ECREDENTIALS if there is no home directory
 * to find it in. */
LUN_NODISCARD enum lun_code lun_login_file_init(struct lun_login_file *file,
                                                const struct lun_place *place,
                                                const char *session,
                                                struct lun_error *err);
void lun_login_file_done(
    struct lun_login_file *file); /* safe on a zeroed one */

/*
 * Reads it, also once more.  LUN_ECREDENTIALS if it is not there, cannot be
 * read, or something that the keys or their renewal need is missing in it.
 */
LUN_NODISCARD enum lun_code lun_login_file_load(struct lun_login_file *file,
                                                struct lun_error *err);

/*
 * Takes the keys that the service has given in ANSWER, at NOW in seconds, and
 * writes them to the file.  *SAVED is what came of that: a cache that cannot
 * be written (on a read-only disk, say), or that somebody else has written
 * since it was read, fails nobody who has the keys.  LUN_ECREDENTIALS for an
 * answer that cannot be.
 */
LUN_NODISCARD enum lun_code
lun_login_file_renew(struct lun_login_file *file, struct lun_span answer,
                     int64_t now, enum lun_code *saved, struct lun_error *err);

#endif
