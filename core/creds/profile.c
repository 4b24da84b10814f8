/*
 * Keys that a profile has in either file: two providers, since others stand
 * between them in the chain.
 */
#include "provider.h"

#include "../base/error.h"

#define CREDENTIALS_NAME "shared-credentials-file"
#define CONFIG_NAME      "config-file"

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
  else if (ini->ctx == NULL)
    lun_provider_reason(reason, "there is no such file");
  else if (lun_ini_find(ini, LUN_INI_PROFILE, profile) == NULL)
    lun_provider_reason(reason, "the file has no such profile");
  else if (value_of(files, file, profile, "aws_secret_access_key").len > 0)
    lun_provider_reason(reason, "no aws_access_key_id, although there is an "
                                "aws_secret_access_key");
  else
    lun_provider_reason(reason, "no aws_access_key_id");
}

/* Why neither file has keys, for the error of the whole chain: the config
 * file's provider is asked last, and speaks for both. */
static void no_keys_in_either(char *sum, const struct lun_files *files,
                              const char *profile)
{
  const char *paths[2] = {files->credentials_path, files->config_path};
  bool first =
      lun_ini_find(&files->credentials, LUN_INI_PROFILE, profile) != NULL;
  bool second = lun_ini_find(&files->config, LUN_INI_PROFILE, profile) != NULL;

  if (paths[0] == NULL || paths[1] == NULL)
    lun_provider_reason(sum, "HOME is not set");
  else if (files->credentials.ctx == NULL && files->config.ctx == NULL)
    lun_provider_reason(sum, "neither %s nor %s is there", paths[0], paths[1]);
  else if (!first && !second)
    lun_provider_reason(sum, "in neither %s nor %s", paths[0], paths[1]);
  else
    lun_provider_reason(sum, "no aws_access_key_id in %s%s%s",
                        first ? paths[0] : "", first && second ? " or " : "",
                        second ? paths[1] : "");
}

static enum lun_code half_a_pair(const char *provider, const char *path,
                                 const struct lun_ini_property *property,
                                 struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "Partial credentials found in %s, missing: "
                      "aws_secret_access_key (%s:%d has the key)",
                      provider, path, property->line);
  lun_error_hint(err, "put aws_secret_access_key below it");
  return LUN_ECREDENTIALS;
}

static enum lun_code read_keys(struct lun_provider *provider,
                               enum lun_ini_kind file, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = provider->place->ctx;
  const struct lun_files *files = &provider->place->settings->files;
  const char *profile = provider->profile;
  struct lun_cred_fields fields = {.provider = provider->name};
  const char *path = NULL;
  const struct lun_ini_property *key =
      lun_files_get_from(files, file, profile, "aws_access_key_id", &path);

  if (key == NULL || key->value[0] == '\0') {
    no_keys(provider->reason, files, file, profile);
    return LUN_OK;
  }
  fields.access_key_id = lun_span_of(key->value);
  fields.secret_access_key =
      value_of(files, file, profile, "aws_secret_access_key");
  if (fields.secret_access_key.len == 0)
    return half_a_pair(provider->name, path, key, err);
  fields.session_token = value_of(files, file, profile, "aws_security_token");
  if (fields.session_token.len == 0)
    fields.session_token = value_of(files, file, profile, "aws_session_token");
  fields.account_id = value_of(files, file, profile, "aws_account_id");
  lun_provider_reason(provider->found, "keys %s a token, in %s:%d",
                      fields.session_token.len > 0 ? "with" : "without", path,
                      key->line);
  rc = lun_cred_new(&provider->cred, ctx, &fields, err);
  if (rc == LUN_ECREDENTIALS)
    lun_error_prefix(err, "%s:%d: ", path, key->line);
  return rc;
}

/* ------------------------------------------------------------ providers -- */

static void look(struct lun_provider *provider, const char *path)
{
  lun_provider_reason(provider->looked, "profile \"%s\"%s%s", provider->profile,
                      path == NULL ? "" : " in ", path == NULL ? "" : path);
}

static enum lun_step credentials_step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;

  look(provider, provider->place->settings->files.credentials_path);
  return lun_task_end(
      task, read_keys(provider, LUN_INI_CREDENTIALS, &task->err), NULL);
}

static enum lun_step config_step(struct lun_task *task)
{
  struct lun_provider *provider = (struct lun_provider *)(void *)task;
  const struct lun_files *files = &provider->place->settings->files;
  enum lun_code rc = LUN_OK;

  look(provider, files->config_path);
  rc = read_keys(provider, LUN_INI_CONFIG, &task->err);
  if (!rc && provider->cred == NULL)
    no_keys_in_either(provider->sum, files, provider->profile);
  return lun_task_end(task, rc, NULL);
}

enum lun_code lun_provider_credentials_file(struct lun_provider **out,
                                            struct lun_place *place,
                                            const char *source_profile,
                                            struct lun_error *err)
{
  return lun_provider_new(out, sizeof(**out), CREDENTIALS_NAME,
                          credentials_step, place, source_profile, err);
}

enum lun_code lun_provider_config_file(struct lun_provider **out,
                                       struct lun_place *place,
                                       const char *source_profile,
                                       struct lun_error *err)
{
  enum lun_code rc = lun_provider_new(out, sizeof(**out), CONFIG_NAME,
                                      config_step, place, source_profile, err);

  if (!rc)
    (void)snprintf((*out)->label, sizeof((*out)->label), "profile %s",
                   (*out)->profile);
  return rc;
}
