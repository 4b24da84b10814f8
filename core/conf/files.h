/*
 * The shared config and credentials files, read and merged: for one profile,
 * the credentials file's properties win, one by one.  A missing file is an
 * empty one.
 */
#ifndef LUN_FILES_H
#define LUN_FILES_H

#include "../os/file.h"
#include "../sign/hash.h"
#include "../text/ini.h"
#include "../text/near.h"

/* What surrounds the process, as functions, so that tests bring their own. */
struct lun_env {
  const char *(*get)(void *data, const char *name); /* a variable; NULL: not
                                                       set */
  bool (*booting)(void *data); /* an EC2 instance that boots; NULL: it is not */
  void *data;
};

/* The process's own environment, and this machine. */
struct lun_env lun_env_process(void);

/* A variable's value; NULL if it is not set, or empty. */
const char *lun_env_get(const struct lun_env *env, const char *name);

/*
 * A path as settings have it: $NAME and ${NAME} become variables' values, and
 * then a "~" at its start the home directory.  A variable that is not set
 * stays as it is written, and so does the home of another user, "~name".
 * *OUT is the caller's; it is NULL, without an error, if there is no home
 * directory to begin with.  WHAT names the setting in an error.
 */
LUN_NODISCARD enum lun_code lun_files_expand(char **out, lun_ctx *ctx,
                                             const struct lun_env *env,
                                             const char *path, const char *what,
                                             struct lun_error *err);

struct lun_files {
  lun_ctx *ctx;
  char *config_path;      /* NULL: there is no home directory */
  char *credentials_path; /* likewise */
  /* Of a file that is not there, ctx is NULL. */
  struct lun_ini config;
  struct lun_ini credentials;
  unsigned char config_digest[LUN_SHA256_LEN]; /* zero: no such file */
  unsigned char credentials_digest[LUN_SHA256_LEN];
};

/*
 * AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else those in ~/.aws.
 * LUN_EINVALID for a file that does not parse, LUN_EFILE for one that cannot
 * be read.
 */
LUN_NODISCARD enum lun_code lun_files_load(struct lun_files *out, lun_ctx *ctx,
                                           const struct lun_env *env,
                                           struct lun_error *err);
void lun_files_done(struct lun_files *files);

/* True if both come from the same paths and bytes. */
bool lun_files_same(const struct lun_files *a, const struct lun_files *b);

/* True if the profile is in either file. */
bool lun_files_has(const struct lun_files *files, const char *profile);

/* A property of a profile, and the file it comes from; NULL if absent. */
const struct lun_ini_property *lun_files_get(const struct lun_files *files,
                                             const char *profile,
                                             const char *key,
                                             const char **path);

/* The same from one of the files alone. */
const struct lun_ini_property *
lun_files_get_from(const struct lun_files *files, enum lun_ini_kind kind,
                   const char *profile, const char *key, const char **path);

/* The error for a profile that is in neither file, with the nearest name as
 * its hint; gives LUN_ECREDENTIALS back. */
enum lun_code lun_files_no_profile(const struct lun_files *files,
                                   const char *profile, struct lun_error *err);

#endif
