/*
 * A key may stand in the profile and in its sso-session: then both have to say
 * the same, as botocore wants it.
 */
#include "ssoconf.h"

#include "../base/error.h"

#include <stdio.h>

/* What a profile or a section has of one key. */
static struct lun_setting setting_of(const struct lun_ini_property *property,
                                     const char *path)
{
  struct lun_setting setting = {.value = NULL};

  if (property == NULL || property->value[0] == '\0')
    return setting;
  setting.value = property->value;
  setting.path = path;
  setting.line = property->line;
  return setting;
}

static struct lun_setting of_profile(const struct lun_files *files,
                                     const char *profile, const char *key)
{
  const char *path = NULL;
  const struct lun_ini_property *property =
      lun_files_get(files, profile, key, &path);

  return setting_of(property, path);
}

static enum lun_code no_session(const struct lun_setting *session,
                                const struct lun_files *files,
                                struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "The specified sso-session does not exist: \"%s\" "
                      "(sso_session in %s:%d)",
                      session->value, session->path, session->line);
  lun_error_hint(err,
                 "add [sso-session %s] with sso_start_url and sso_region "
                 "to %s",
                 session->value, files->config_path);
  return LUN_ECREDENTIALS;
}

/* Every key of SECTION that the profile has as well says the same there. */
static enum lun_code check_same(const struct lun_files *files,
                                const char *profile,
                                const struct lun_ini_section *section,
                                struct lun_error *err)
{
  size_t i = 0;

  for (i = 0; i < section->nproperties; i++) {
    const struct lun_ini_property *theirs = &section->properties[i];
    const char *path = NULL;
    const struct lun_ini_property *ours =
        lun_files_get(files, profile, theirs->key, &path);

    if (ours == NULL || strcmp(ours->value, theirs->value) == 0)
      continue;
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "The value for %s is inconsistent between profile "
                        "(%s:%d) and sso-session (%s:%d)",
                        ours->key, path, ours->line, files->config_path,
                        theirs->line);
    lun_error_hint(err, "take it out of the profile");
    return LUN_ECREDENTIALS;
  }
  return LUN_OK;
}

/* One of the settings, and whether it has to be there. */
struct wanted {
  const char *key;
  struct lun_setting *out;
  bool required;
};

/* Where the profile asks for IAM Identity Center at all. */
static const struct lun_setting *place_of(const struct lun_sso_conf *conf)
{
  if (conf->account_id.value != NULL)
    return &conf->account_id;
  if (conf->role_name.value != NULL)
    return &conf->role_name;
  return &conf->session;
}

static enum lun_code check_missing(const struct lun_sso_conf *conf,
                                   const struct wanted *wanted, size_t count,
                                   struct lun_error *err)
{
  const struct lun_setting *at = place_of(conf);
  char missing[128] = "";
  size_t len = 0;
  size_t i = 0;

  for (i = 0; i < count; i++)
    if (wanted[i].required && wanted[i].out->value == NULL)
      len += (size_t)snprintf(missing + len, sizeof(missing) - len, "%s%s",
                              len > 0 ? ", " : "", wanted[i].key);
  if (len == 0)
    return LUN_OK;
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "The profile \"%s\" is configured to use SSO but is "
                      "missing required configuration: %s",
                      conf->profile, missing);
  lun_error_hint(err, "`aws configure sso --profile %s` writes all of it",
                 conf->profile);
  if (at->value != NULL)
    lun_error_prefix(err, "%s:%d: ", at->path, at->line);
  return LUN_ECREDENTIALS;
}

/* Both become part of a URL. */
static enum lun_code check_values(const struct lun_sso_conf *conf,
                                  struct lun_error *err)
{
  const struct lun_setting *region = &conf->region;
  const struct lun_setting *account = &conf->account_id;

  if (!lun_region_valid(lun_span_of(region->value))) {
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "%s:%d: sso_region is not a region", region->path,
                        region->line);
    lun_error_hint(err, "a region is written as in \"us-east-1\"");
    return LUN_ECREDENTIALS;
  }
  if (account->value != NULL && !lun_text_of(lun_span_of(account->value), "")) {
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "%s:%d: sso_account_id is not an account id",
                        account->path, account->line);
    lun_error_hint(err, "it is a number of 12 digits");
    return LUN_ECREDENTIALS;
  }
  return LUN_OK;
}

enum lun_code lun_sso_conf_read(struct lun_sso_conf *out,
                                const struct lun_place *place,
                                const char *profile, bool role,
                                struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const struct lun_files *files = &place->settings->files;
  const struct lun_ini_section *section = NULL;
  const struct wanted wanted[] = {
      {"sso_account_id", &out->account_id, role},
      {"sso_role_name", &out->role_name, role},
      {"sso_start_url", &out->start_url, true},
      {"sso_region", &out->region, true},
  };
  size_t count = sizeof(wanted) / sizeof(wanted[0]);
  size_t i = 0;

  *out = (struct lun_sso_conf){.profile = profile};
  out->session = of_profile(files, profile, "sso_session");
  if (out->session.value != NULL) {
    section =
        lun_ini_find(&files->config, LUN_INI_SSO_SESSION, out->session.value);
    if (section == NULL)
      return no_session(&out->session, files, err);
    rc = check_same(files, profile, section, err);
  }
  for (i = 0; i < count; i++) {
    *wanted[i].out = of_profile(files, profile, wanted[i].key);
    if (wanted[i].out->value == NULL && section != NULL)
      *wanted[i].out =
          setting_of(lun_ini_get(section, wanted[i].key), files->config_path);
  }
  if (!rc)
    rc = check_missing(out, wanted, count, err);
  return rc ? rc : check_values(out, err);
}

enum lun_code lun_sso_conf_target(struct lun_target *target,
                                  const struct lun_sso_conf *conf,
                                  const struct lun_place *place,
                                  const struct lun_service *service,
                                  struct lun_error *err)
{
  enum lun_code rc = lun_target_find(target, place->settings, service,
                                     conf->region.value, err);

  if (rc != LUN_EINVALID)
    return rc;
  lun_error_prefix(err, "profile \"%s\", sso_region in %s:%d: ", conf->profile,
                   conf->region.path, conf->region.line);
  if (err != NULL)
    err->code = LUN_ECREDENTIALS;
  return LUN_ECREDENTIALS;
}

void lun_sso_conf_hint(const struct lun_sso_conf *conf, struct lun_error *err)
{
  lun_error_hint(err,
                 "to refresh this SSO session run `aws sso login --profile %s`",
                 conf->profile);
}
