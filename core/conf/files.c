/*
 * Where the two files are, and what a profile's properties are once both are
 * read.  A file that is not there is an empty one, and so is /dev/null, which
 * is the usual way of saying "no file".
 */
#include "files.h"

#include "../base/error.h"
#include "../base/log.h"
#include "../os/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CONFIG_MAX ((size_t)1 << 20) /* of one file */
#define PATH_LEN   ((size_t)4096)
#define NAME_LEN   256 /* of a variable in a path */

static const char *process_get(void *data, const char *name)
{
  (void)data;
  /* A program that runs with more rights than its caller takes no orders
   * from the caller's environment. */
  return secure_getenv(name);
}

static bool process_booting(void *data)
{
  (void)data;
  return lun_machine_booting("", lun_machine_up_s());
}

struct lun_env lun_env_process(void)
{
  return (struct lun_env){process_get, process_booting, NULL};
}

const char *lun_env_get(const struct lun_env *env, const char *name)
{
  const char *value = env->get(env->data, name);

  return value == NULL || value[0] == '\0' ? NULL : value;
}

/* Appends the value of the variable that begins at TEXT ("$NAME", "${NAME}"),
 * and gives the end of its name; NULL if there is none, or it is not set. */
static const char *put_variable(struct lun_buf *out, const struct lun_env *env,
                                const char *text)
{
  char name[NAME_LEN] = "";
  bool braces = text[1] == '{';
  const char *start = text + (braces ? 2 : 1);
  size_t len = braces ? strcspn(start, "}") : 0;
  const char *value = NULL;

  while (!braces && lun_text_of((struct lun_span){start, len + 1}, "_"))
    len++;
  if (len == 0 || len >= sizeof(name) || (braces && start[len] == '\0'))
    return NULL;
  memcpy(name, start, len);
  value = env->get(env->data, name);
  if (value == NULL)
    return NULL;
  lun_buf_adds(out, value);
  return start + len + (braces ? 1 : 0);
}

static void put_variables(struct lun_buf *out, const struct lun_env *env,
                          const char *path)
{
  while (*path != '\0') {
    const char *end = *path == '$' ? put_variable(out, env, path) : NULL;

    if (end == NULL)
      lun_buf_addc(out, *path);
    path = end == NULL ? path + 1 : end;
  }
}

/* Appends TEXT with a "~" at its start as the home directory; false if there
 * is none. */
static bool put_path(struct lun_buf *out, const struct lun_env *env,
                     const char *text)
{
  const char *home = NULL;

  if (text[0] == '~' && (text[1] == '/' || text[1] == '\0')) {
    home = lun_env_get(env, "HOME");
    if (home == NULL)
      return false;
    lun_buf_adds(out, home);
    text++;
  }
  lun_buf_adds(out, text);
  return true;
}

enum lun_code lun_files_expand(char **out, lun_ctx *ctx,
                               const struct lun_env *env, const char *path,
                               const char *what, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf text = LUN_BUF_INIT(ctx, PATH_LEN);
  struct lun_buf whole = LUN_BUF_INIT(ctx, PATH_LEN);

  *out = NULL;
  put_variables(&text, env, path);
  rc = lun_buf_status(&text, what, err);
  if (!rc && put_path(&whole, env, lun_buf_text(&text))) {
    rc = lun_buf_status(&whole, what, err);
    if (!rc) {
      *out = lun_buf_take(&whole, NULL);
      rc = *out == NULL ? lun_error_nomem(err) : LUN_OK;
    }
  }
  lun_buf_done(&whole);
  lun_buf_done(&text);
  return rc;
}

/* The path that VARIABLE names, else FALLBACK. */
static enum lun_code locate(char **out, lun_ctx *ctx, const struct lun_env *env,
                            const char *variable, const char *fallback,
                            struct lun_error *err)
{
  const char *path = lun_env_get(env, variable);

  return lun_files_expand(out, ctx, env, path != NULL ? path : fallback,
                          variable, err);
}

/* True if there is something to read at PATH.  What cannot be looked at is
 * something: reading it then says why not. */
static bool exists(const char *path, struct stat *info)
{
  if (stat(path, info) != 0) {
    memset(info, 0, sizeof(*info));
    return errno != ENOENT && errno != ENOTDIR;
  }
  return !S_ISCHR(info->st_mode);
}

/* Credentials that everybody may read deserve a word, but not a failure: in
 * containers they are often mounted so. */
static void warn_open(lun_ctx *ctx, const char *path, const struct stat *info)
{
  struct lun_field field = {
      .key = "file", .kind = LUN_FIELD_NAME, .name = path};

  if (S_ISREG(info->st_mode) && (info->st_mode & (S_IRGRP | S_IROTH)) != 0)
    lun_log(ctx, LUN_WARN, "conf.credentials_readable", &field, 1);
}

static enum lun_code read_ini(struct lun_ini *out, unsigned char *digest,
                              lun_ctx *ctx, enum lun_ini_kind kind,
                              const char *path, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf text = LUN_BUF_INIT(ctx, CONFIG_MAX);
  struct stat info = {0};

  if (path == NULL || !exists(path, &info))
    return LUN_OK;
  if (kind == LUN_INI_CREDENTIALS)
    warn_open(ctx, path, &info);
  rc = lun_file_read(&text, path, err);
  if (!rc)
    rc = lun_hash_sha256(digest, lun_buf_view(&text), err);
  if (!rc)
    rc = lun_ini_parse(out, ctx, kind, lun_buf_view(&text), path, err);
  lun_buf_done(&text);
  return rc;
}

enum lun_code lun_files_load(struct lun_files *out, lun_ctx *ctx,
                             const struct lun_env *env, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_files files = {.ctx = ctx};

  rc = locate(&files.config_path, ctx, env, "AWS_CONFIG_FILE", "~/.aws/config",
              err);
  if (!rc)
    rc = locate(&files.credentials_path, ctx, env,
                "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", err);
  if (!rc)
    rc = read_ini(&files.config, files.config_digest, ctx, LUN_INI_CONFIG,
                  files.config_path, err);
  if (!rc)
    rc = read_ini(&files.credentials, files.credentials_digest, ctx,
                  LUN_INI_CREDENTIALS, files.credentials_path, err);
  if (rc) {
    lun_files_done(&files);
    return rc;
  }
  *out = files;
  return LUN_OK;
}

void lun_files_done(struct lun_files *files)
{
  if (files->ctx == NULL)
    return;
  if (files->config.ctx != NULL)
    lun_ini_done(&files->config);
  if (files->credentials.ctx != NULL)
    lun_ini_done(&files->credentials);
  lun_mem_free(files->ctx, files->config_path);
  lun_mem_free(files->ctx, files->credentials_path);
  memset(files, 0, sizeof(*files));
}

static bool same_digest(const unsigned char *a, const unsigned char *b)
{
  return lun_secret_equal((struct lun_span){(const char *)a, LUN_SHA256_LEN},
                          (struct lun_span){(const char *)b, LUN_SHA256_LEN});
}

bool lun_files_same(const struct lun_files *a, const struct lun_files *b)
{
  return lun_text_equal(a->config_path, b->config_path) &&
         lun_text_equal(a->credentials_path, b->credentials_path) &&
         same_digest(a->config_digest, b->config_digest) &&
         same_digest(a->credentials_digest, b->credentials_digest);
}

bool lun_files_has(const struct lun_files *files, const char *profile)
{
  return lun_ini_find(&files->credentials, LUN_INI_PROFILE, profile) != NULL ||
         lun_ini_find(&files->config, LUN_INI_PROFILE, profile) != NULL;
}

const struct lun_ini_property *
lun_files_get_from(const struct lun_files *files, enum lun_ini_kind kind,
                   const char *profile, const char *key, const char **path)
{
  bool config = kind == LUN_INI_CONFIG;
  const struct lun_ini *ini = config ? &files->config : &files->credentials;
  const struct lun_ini_section *section =
      lun_ini_find(ini, LUN_INI_PROFILE, profile);
  const struct lun_ini_property *property = NULL;

  if (section != NULL)
    property = lun_ini_get(section, key);
  if (property != NULL && path != NULL)
    *path = config ? files->config_path : files->credentials_path;
  return property;
}

const struct lun_ini_property *lun_files_get(const struct lun_files *files,
                                             const char *profile,
                                             const char *key, const char **path)
{
  const struct lun_ini_property *property =
      lun_files_get_from(files, LUN_INI_CREDENTIALS, profile, key, path);

  if (property != NULL)
    return property;
  return lun_files_get_from(files, LUN_INI_CONFIG, profile, key, path);
}

/* Offers the names of a file's profiles. */
static void try_profiles(const struct lun_ini *ini, struct lun_near *near)
{
  size_t i = 0;

  for (i = 0; i < ini->nsections; i++)
    if (ini->sections[i].kind == LUN_INI_PROFILE)
      lun_near_try(near, ini->sections[i].name);
}

enum lun_code lun_files_no_profile(const struct lun_files *files,
                                   const char *profile, struct lun_error *err)
{
  struct lun_near near = {0};

  (void)lun_error_set(
      err, LUN_ECREDENTIALS, "profile \"%s\" is in neither %s nor %s", profile,
      files->config_path ? files->config_path : "~/.aws/config (no HOME)",
      files->credentials_path ? files->credentials_path
                              : "~/.aws/credentials (no HOME)");
  lun_near_init(&near, lun_span_of(profile));
  try_profiles(&files->config, &near);
  try_profiles(&files->credentials, &near);
  if (near.name != NULL)
    lun_error_hint(err, "did you mean \"%s\"?", near.name);
  else
    lun_error_hint(err,
                   "the config file names it [profile %s], the "
                   "credentials file [%s]",
                   profile, profile);
  return LUN_ECREDENTIALS;
}
