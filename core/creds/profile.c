/*
 * What a profile holds besides a role: keys in either file, or a source that
 * this version cannot use.  The latter is never passed over in silence: the
 * next provider's credentials would be somebody else's.
 */
#include "provider.h"

#include "../base/error.h"

/* One kind of source; keys of the profile that ask for it. */
struct kind {
  const char *provider;
  const char *what; /* NULL: static keys */
  const char *keys[5];
};

static const struct kind kinds[LUN_PROFILE_KINDS] = {
    [LUN_PROFILE_WEB_IDENTITY] = {"assume-role-with-web-identity",
                                  "web identity",
                                  {"web_identity_token_file"}},
    [LUN_PROFILE_SSO] = {"sso",
                         "IAM Identity Center",
                         {"sso_session", "sso_account_id", "sso_role_name",
                          "sso_start_url"}},
    [LUN_PROFILE_CREDENTIALS_FILE] = {"shared-credentials-file", NULL, {NULL}},
    [LUN_PROFILE_LOGIN] = {"login", "aws login", {"login_session"}},
    [LUN_PROFILE_PROCESS] = {"custom-process",
                             "a credential process",
                             {"credential_process"}},
    [LUN_PROFILE_CONFIG_FILE] = {"config-file", NULL, {NULL}},
};

/* The next step for those whose source is not there yet. */
static void hint_export(struct lun_error *err, const char *profile)
{
  lun_error_hint(err,
                 "until then `aws configure export-credentials --profile %s "
                 "--format env` gives keys for the environment",
                 profile);
}

static enum lun_code not_yet(char *reason, const struct lun_settings *settings,
                             const char *profile, const struct kind *kind,
                             struct lun_error *err)
{
  const struct lun_ini_property *property = NULL;
  const char *path = NULL;
  size_t i = 0;

  for (i = 0; property == NULL && kind->keys[i] != NULL; i++)
    property = lun_files_get(&settings->files, profile, kind->keys[i], &path);
  if (property == NULL) {
    lun_provider_reason(reason, "no %s", kind->keys[0]);
    return LUN_OK;
  }
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "profile \"%s\" takes its credentials from %s (%s in "
                      "%s:%d), which this version of lunette cannot use",
                      profile, kind->what, property->key, path, property->line);
  hint_export(err, profile);
  return LUN_ECREDENTIALS;
}

/* --------------------------------------------------------- static keys -- */

static struct lun_span value_of(const struct lun_files *files,
                                enum lun_ini_kind file, const char *profile,
                                const char *key)
{
  const struct lun_ini_property *property =
      lun_files_get_from(files, file, profile, key, NULL);

  return lun_span_of(property == NULL ? NULL : property->value);
}

/* Why a file has no keys to give. */
static void no_keys(char *reason, const struct lun_files *files,
                    enum lun_ini_kind file, const char *profile)
{
  bool config = file == LUN_INI_CONFIG;
  const struct lun_ini *ini = config ? &files->config : &files->credentials;
  const char *path = config ? files->config_path : files->credentials_path;

  if (path == NULL)
    lun_provider_reason(reason, "HOME is not set");
  else if (lun_ini_find(ini, LUN_INI_PROFILE, profile) == NULL)
    lun_provider_reason(reason, "no profile \"%s\" in %s", profile, path);
  else
    lun_provider_reason(reason, "no aws_access_key_id for \"%s\" in %s",
                        profile, path);
}

/* Why neither file has keys: the config file's provider is asked last, and
 * speaks for both. */
static void no_keys_in_either(char *reason, const struct lun_files *files,
                              const char *profile)
{
  const char *paths[2] = {files->credentials_path, files->config_path};
  bool first =
      lun_ini_find(&files->credentials, LUN_INI_PROFILE, profile) != NULL;
  bool second = lun_ini_find(&files->config, LUN_INI_PROFILE, profile) != NULL;

  if (paths[0] == NULL || paths[1] == NULL)
    no_keys(reason, files,
            paths[0] == NULL ? LUN_INI_CONFIG : LUN_INI_CREDENTIALS, profile);
  else if (!first && !second)
    lun_provider_reason(reason, "in neither %s nor %s", paths[0], paths[1]);
  else
    lun_provider_reason(reason, "no aws_access_key_id in %s%s%s",
                        first ? paths[0] : "", first && second ? " or " : "",
                        second ? paths[1] : "");
}

static enum lun_code half_a_pair(const struct kind *kind, const char *path,
                                 const struct lun_ini_property *property,
                                 struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "Partial credentials found in %s, missing: "
                      "aws_secret_access_key (%s:%d has the key)",
                      kind->provider, path, property->line);
  lun_error_hint(err, "put aws_secret_access_key below it");
  return LUN_ECREDENTIALS;
}

static enum lun_code static_keys(struct lun_cred **out, char *reason,
                                 const struct lun_settings *settings,
                                 const char *profile,
                                 enum lun_profile_kind which,
                                 struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const struct kind *kind = &kinds[which];
  const struct lun_files *files = &settings->files;
  enum lun_ini_kind file =
      which == LUN_PROFILE_CONFIG_FILE ? LUN_INI_CONFIG : LUN_INI_CREDENTIALS;
  struct lun_cred_fields fields = {.provider = kind->provider};
  const char *path = NULL;
  const struct lun_ini_property *key =
      lun_files_get_from(files, file, profile, "aws_access_key_id", &path);

  if (key == NULL || key->value[0] == '\0') {
    no_keys(reason, files, file, profile);
    return LUN_OK;
  }
  fields.access_key_id = lun_span_of(key->value);
  fields.secret_access_key =
      value_of(files, file, profile, "aws_secret_access_key");
  if (fields.secret_access_key.len == 0)
    return half_a_pair(kind, path, key, err);
  fields.session_token = value_of(files, file, profile, "aws_security_token");
  if (fields.session_token.len == 0)
    fields.session_token = value_of(files, file, profile, "aws_session_token");
  fields.account_id = value_of(files, file, profile, "aws_account_id");
  rc = lun_cred_new(out, settings->ctx, &fields, err);
  if (rc == LUN_ECREDENTIALS)
    lun_error_prefix(err, "%s:%d: ", path, key->line);
  return rc;
}

enum lun_code lun_profile_keys(struct lun_cred **out, char *reason,
                               const struct lun_settings *settings,
                               const char *profile, enum lun_profile_kind kind,
                               struct lun_error *err)
{
  *out = NULL;
  if (kinds[kind].what != NULL)
    return not_yet(reason, settings, profile, &kinds[kind], err);
  return static_keys(out, reason, settings, profile, kind, err);
}

/* ------------------------------------------------------------ providers -- */

struct profile_provider {
  struct lun_provider base;
  enum lun_profile_kind kind;
};

/* Fails if VARIABLE asks for what this version cannot do. */
static enum lun_code refuse_variable(const struct lun_settings *settings,
                                     const char *variable, const char *what,
                                     struct lun_error *err)
{
  if (lun_env_get(&settings->env, variable) == NULL)
    return LUN_OK;
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "%s is set, but this version of lunette cannot use %s",
                      variable, what);
  lun_error_hint(err,
                 "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or unset "
                 "%s to go on to the next provider",
                 variable);
  return LUN_ECREDENTIALS;
}

static enum lun_step profile_step(struct lun_task *task)
{
  struct profile_provider *provider = (struct profile_provider *)(void *)task;
  struct lun_provider *base = &provider->base;
  enum lun_code rc = LUN_OK;

  /* As for keys, a profile that was named in code comes before the
   * environment. */
  if (provider->kind == LUN_PROFILE_WEB_IDENTITY &&
      !base->settings->profile_explicit)
    rc = refuse_variable(base->settings, "AWS_WEB_IDENTITY_TOKEN_FILE",
                         "a web identity token", &task->err);
  if (!rc)
    rc = lun_profile_keys(&base->cred, base->reason, base->settings,
                          base->settings->profile, provider->kind, &task->err);
  if (!rc && base->cred == NULL && provider->kind == LUN_PROFILE_CONFIG_FILE)
    no_keys_in_either(base->reason, &base->settings->files,
                      base->settings->profile);
  return lun_task_end(task, rc, NULL);
}

static enum lun_code make(struct lun_provider **out, enum lun_profile_kind kind,
                          lun_loop *loop, struct lun_settings *settings,
                          struct lun_error *err)
{
  enum lun_code rc =
      lun_provider_new(out, sizeof(struct profile_provider),
                       kinds[kind].provider, profile_step, loop, settings, err);

  if (rc)
    return rc;
  ((struct profile_provider *)(void *)*out)->kind = kind;
  if (kind == LUN_PROFILE_CONFIG_FILE)
    (void)snprintf((*out)->label, sizeof((*out)->label), "profile %s",
                   settings->profile);
  return LUN_OK;
}

enum lun_code lun_provider_web_identity(struct lun_provider **out,
                                        lun_loop *loop,
                                        struct lun_settings *settings,
                                        struct lun_error *err)
{
  return make(out, LUN_PROFILE_WEB_IDENTITY, loop, settings, err);
}

enum lun_code lun_provider_sso(struct lun_provider **out, lun_loop *loop,
                               struct lun_settings *settings,
                               struct lun_error *err)
{
  return make(out, LUN_PROFILE_SSO, loop, settings, err);
}

enum lun_code lun_provider_credentials_file(struct lun_provider **out,
                                            lun_loop *loop,
                                            struct lun_settings *settings,
                                            struct lun_error *err)
{
  return make(out, LUN_PROFILE_CREDENTIALS_FILE, loop, settings, err);
}

enum lun_code lun_provider_login(struct lun_provider **out, lun_loop *loop,
                                 struct lun_settings *settings,
                                 struct lun_error *err)
{
  return make(out, LUN_PROFILE_LOGIN, loop, settings, err);
}

enum lun_code lun_provider_process(struct lun_provider **out, lun_loop *loop,
                                   struct lun_settings *settings,
                                   struct lun_error *err)
{
  return make(out, LUN_PROFILE_PROCESS, loop, settings, err);
}

enum lun_code lun_provider_config_file(struct lun_provider **out,
                                       lun_loop *loop,
                                       struct lun_settings *settings,
                                       struct lun_error *err)
{
  return make(out, LUN_PROFILE_CONFIG_FILE, loop, settings, err);
}

/* ------------------------------------------------------------ container -- */

static enum lun_step container_step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;
  const struct lun_settings *settings = provider->settings;
  enum lun_code rc = LUN_OK;

  rc = refuse_variable(settings, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                       "container credentials", &task->err);
  if (!rc)
    rc = refuse_variable(settings, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                         "container credentials", &task->err);
  if (rc)
    return lun_task_end(task, rc, NULL);
  return lun_provider_pass(provider, "AWS_CONTAINER_CREDENTIALS_* is not set");
}

enum lun_code lun_provider_container(struct lun_provider **out, lun_loop *loop,
                                     struct lun_settings *settings,
                                     struct lun_error *err)
{
  return lun_provider_new(out, sizeof(**out), "container-role", container_step,
                          loop, settings, err);
}
