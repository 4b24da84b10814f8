/*
 * Each setting has one row: a variable, a key of the profile.  What is found
 * comes with where it was found, so that a bad value is reported by its place
 * and never by what it is.
 */
#include "settings.h"

#include "../base/error.h"
#include "../net/imds.h"

#include <stdio.h>

#define IMDS_TIMEOUT 1000 /* ms, of one request */
#define IN_REGION_MS 1100 /* to connect; these are the defaults modes' */
#define STANDARD_MS  3100
#define MOBILE_MS    30000
#define MS           1000
#define YEAR_MS      INT64_C(31536000000)

/* A value and its place: "AWS_REGION", "region in /home/u/.aws/config:3". */
struct found {
  const char *value; /* NULL: not set */
  char place[512];
};

/* -------------------------------------------------------------- lookup -- */

static void from_env(struct found *found, const struct lun_env *env,
                     const char *variable)
{
  found->value = lun_env_get(env, variable);
  (void)snprintf(found->place, sizeof(found->place), "%s", variable);
}

static void from_profile(struct found *found, const struct lun_files *files,
                         const char *profile, const char *key)
{
  const char *path = NULL;
  const struct lun_ini_property *property =
      lun_files_get(files, profile, key, &path);

  found->value = NULL;
  if (property == NULL || property->value[0] == '\0')
    return;
  found->value = property->value;
  (void)snprintf(found->place, sizeof(found->place), "%s in %s:%d", key, path,
                 property->line);
}

/* The variable (NULL: there is none), else the profile's key. */
static void look_up(struct found *found, const struct lun_settings *settings,
                    const char *variable, const char *key)
{
  memset(found, 0, sizeof(*found));
  if (variable != NULL)
    from_env(found, &settings->env, variable);
  if (found->value == NULL && key != NULL)
    from_profile(found, &settings->files, settings->profile, key);
}

/* True for a word of AWS's, which they take in either case. */
static bool says(const struct found *found, const char *word)
{
  return found->value != NULL &&
         lun_text_same(lun_span_of(found->value), lun_span_of(word));
}

static bool look_up_flag(const struct lun_settings *settings,
                         const char *variable, const char *key)
{
  struct found found = {0};

  look_up(&found, settings, variable, key);
  return says(&found, "true");
}

/* Leaves *OUT as it is if the setting is absent. */
static enum lun_code look_up_int(int64_t *out,
                                 const struct lun_settings *settings,
                                 const char *variable, const char *key,
                                 struct lun_error *err)
{
  struct found found = {0};

  look_up(&found, settings, variable, key);
  if (found.value == NULL ||
      lun_text_int(lun_span_of(found.value), 0, INT32_MAX, out))
    return LUN_OK;
  return lun_error_set(err, LUN_EINVALID, "%s has to be a whole number",
                       found.place);
}

static enum lun_code keep(char **field, const struct lun_settings *settings,
                          const char *value, struct lun_error *err)
{
  if (value == NULL)
    return LUN_OK;
  *field = lun_mem_strdup(settings->ctx, value);
  return *field == NULL ? lun_error_nomem(err) : LUN_OK;
}

/* ----------------------------------------------------- profile, region -- */

static enum lun_code find_profile(struct lun_settings *settings,
                                  const struct lun_session_options *options,
                                  struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const char *name = options->profile;

  settings->profile_explicit = name != NULL;
  if (name == NULL)
    name = lun_env_get(&settings->env, "AWS_PROFILE");
  if (name == NULL)
    name = lun_env_get(&settings->env, "AWS_DEFAULT_PROFILE");
  settings->profile_named = name != NULL;
  rc = keep(&settings->profile, settings, name ? name : "default", err);
  if (rc)
    return rc;
  if (settings->profile_named &&
      !lun_files_has(&settings->files, settings->profile))
    return lun_files_no_profile(&settings->files, settings->profile, err);
  return LUN_OK;
}

static enum lun_code find_region(struct lun_settings *settings,
                                 const struct lun_session_options *options,
                                 struct lun_error *err)
{
  struct found found = {.value = options->region, .place = "the region option"};

  settings->region_explicit = options->region != NULL;
  if (found.value == NULL)
    look_up(&found, settings, "AWS_REGION", NULL);
  if (found.value == NULL)
    look_up(&found, settings, "AWS_DEFAULT_REGION", "region");
  if (found.value == NULL)
    return LUN_OK;
  if (lun_region_valid(lun_span_of(found.value))) {
    enum lun_code rc = keep(&settings->region, settings, found.value, err);

    return rc ? rc : keep(&settings->region_from, settings, found.place, err);
  }
  (void)lun_error_set(err, LUN_EINVALID, "%s is not a region", found.place);
  lun_error_hint(err, "a region is written as in \"us-east-1\"");
  return LUN_EINVALID;
}

/* --------------------------------------------------------------- limits -- */

static enum lun_code find_limits(struct lun_settings *settings,
                                 const struct lun_session_options *options,
                                 struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  int64_t attempts = LUN_MAX_ATTEMPTS;

  if (options->max_attempts < 0 || options->deadline_ms < 0)
    return lun_error_set(
        err, LUN_EINVALID, "the option %s has to be at least 1",
        options->max_attempts < 0 ? "max_attempts" : "deadline");
  rc =
      look_up_int(&attempts, settings, "AWS_MAX_ATTEMPTS", "max_attempts", err);
  if (rc)
    return rc;
  if (options->max_attempts > 0)
    attempts = options->max_attempts;
  /* AWS's tools take 0 as "no retry". */
  settings->max_attempts = attempts < 1 ? 1 : (int)attempts;
  settings->deadline_ms =
      options->deadline_ms > 0 ? options->deadline_ms : LUN_DEADLINE_MS;
  /* Whoever says more means no end; a point in time has to come of it. */
  if (settings->deadline_ms > YEAR_MS)
    settings->deadline_ms = YEAR_MS;
  return LUN_OK;
}

/* ------------------------------------------------------- defaults modes -- */

static const struct {
  const char *name;
  int64_t connect_ms; /* 0: the transfer's own */
} modes[] = {{"legacy", 0},
             {"standard", STANDARD_MS},
             {"in-region", IN_REGION_MS},
             {"cross-region", STANDARD_MS},
             {"mobile", MOBILE_MS},
             {"auto", STANDARD_MS}};

/* The region that an environment of AWS's own (Lambda, say) is in. */
static const char *region_here(const struct lun_env *env)
{
  const char *region = NULL;

  if (lun_env_get(env, "AWS_EXECUTION_ENV") == NULL)
    return NULL;
  region = lun_env_get(env, "AWS_REGION");
  return region != NULL ? region : lun_env_get(env, "AWS_DEFAULT_REGION");
}

/* Of what a mode decides, it is the time to connect that differs here: there
 * is one way of trying again, and STS is regional in any case. */
static enum lun_code find_mode(struct lun_settings *settings,
                               struct lun_error *err)
{
  struct found found = {0};
  size_t i = 0;

  look_up(&found, settings, "AWS_DEFAULTS_MODE", "defaults_mode");
  while (found.value != NULL && !says(&found, modes[i].name))
    if (++i == sizeof(modes) / sizeof(modes[0]))
      return lun_error_set(err, LUN_EINVALID,
                           "%s has to be legacy, standard, in-region, "
                           "cross-region, mobile or auto",
                           found.place);
  settings->connect_ms = modes[i].connect_ms;
  settings->connect_auto = says(&found, "auto");
  return keep(&settings->here, settings,
              settings->connect_auto ? region_here(&settings->env) : NULL, err);
}

int64_t lun_settings_connect(const struct lun_settings *settings,
                             const char *region, const char *here)
{
  return settings->connect_auto && strcmp(region, here) == 0
             ? IN_REGION_MS
             : settings->connect_ms;
}

/* ---------------------------------------------------------------- IMDS -- */

/*
 * The role's name, which spares a request.  A blank one is a mistake that
 * would ask for the list again, so here an empty variable is not one that is
 * not set.
 */
static enum lun_code find_imds_role(struct lun_settings *settings,
                                    struct lun_error *err)
{
  static const char variable[] = "AWS_EC2_INSTANCE_PROFILE_NAME";
  static const char key[] = "ec2_instance_profile_name";
  const char *path = NULL;
  const struct lun_ini_property *property = NULL;
  struct found found = {0};

  found.value = settings->env.get(settings->env.data, variable);
  (void)snprintf(found.place, sizeof(found.place), "%s", variable);
  if (found.value == NULL)
    property = lun_files_get(&settings->files, settings->profile, key, &path);
  if (property != NULL) {
    found.value = property->value;
    (void)snprintf(found.place, sizeof(found.place), "%s in %s:%d", key, path,
                   property->line);
  }
  if (found.value == NULL || lun_imds_role(lun_span_of(found.value)))
    return keep(&settings->imds_role, settings, found.value, err);
  (void)lun_error_set(err, LUN_EINVALID, "%s is not the name of a role",
                      found.place);
  lun_error_hint(err, "it is the one that the metadata service lists below "
                      "iam/security-credentials/; unset it to have it looked "
                      "up");
  return LUN_EINVALID;
}

static enum lun_code find_imds_endpoint(struct lun_settings *settings,
                                        struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct found found = {0};
  struct lun_uri uri = {0};

  look_up(&found, settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
          "ec2_metadata_service_endpoint");
  if (found.value != NULL) {
    rc = lun_uri_parse(&uri, lun_span_of(found.value), found.place, err);
    return rc ? rc : keep(&settings->imds_endpoint, settings, found.value, err);
  }
  look_up(&found, settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
          "ec2_metadata_service_endpoint_mode");
  if (says(&found, "ipv6") ||
      (found.value == NULL &&
       look_up_flag(settings, "AWS_IMDS_USE_IPV6", "imds_use_ipv6")))
    return keep(&settings->imds_endpoint, settings, LUN_IMDS_IPV6, err);
  if (found.value == NULL || says(&found, "ipv4"))
    return LUN_OK;
  return lun_error_set(err, LUN_EINVALID, "%s has to be ipv4 or ipv6",
                       found.place);
}

static enum lun_code find_imds(struct lun_settings *settings,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  int64_t seconds = IMDS_TIMEOUT / MS;
  int64_t attempts = 1;
  struct found found = {0};

  settings->imds_disabled =
      look_up_flag(settings, "AWS_EC2_METADATA_DISABLED", NULL);
  look_up(&found, settings, "AWS_EC2_METADATA_V1_DISABLED",
          "ec2_metadata_v1_disabled");
  settings->imds_v1 = says(&found, "false");
  rc = find_imds_endpoint(settings, err);
  if (!rc)
    rc = look_up_int(&seconds, settings, "AWS_METADATA_SERVICE_TIMEOUT",
                     "metadata_service_timeout", err);
  if (!rc)
    rc = look_up_int(&attempts, settings, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                     "metadata_service_num_attempts", err);
  if (!rc)
    rc = find_imds_role(settings, err);
  if (rc)
    return rc;
  settings->imds_timeout_ms = (seconds < 1 ? 1 : seconds) * MS;
  settings->imds_attempts = attempts < 1 ? 1 : (int)attempts;
  return LUN_OK;
}

/* An endpoint that is set is a test's or a stand-in's: nothing that boots. */
static void find_wait(struct lun_settings *settings,
                      const struct lun_session_options *options)
{
  const struct lun_env *env = &settings->env;
  bool own = settings->imds_endpoint == NULL ||
             strcmp(settings->imds_endpoint, LUN_IMDS_IPV6) == 0;

  settings->wait = options->wait > 0;
  if (options->wait == 0 && own && env->booting != NULL)
    settings->wait = env->booting(env->data);
}

/* ------------------------------------------------------------ endpoints -- */

static enum lun_code find_sts_mode(struct lun_settings *settings,
                                   struct lun_error *err)
{
  struct found found = {0};

  look_up(&found, settings, "AWS_STS_REGIONAL_ENDPOINTS",
          "sts_regional_endpoints");
  settings->sts_legacy = says(&found, "legacy");
  if (found.value == NULL || settings->sts_legacy || says(&found, "regional"))
    return LUN_OK;
  return lun_error_set(err, LUN_EINVALID, "%s has to be regional or legacy",
                       found.place);
}

/* Plain http carries signatures and secrets in the open: it may go no
 * further than this machine. */
static enum lun_code check_url(const struct found *found, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_uri uri = {0};

  rc = lun_uri_parse(&uri, lun_span_of(found->value), found->place, err);
  if (rc || uri.secure || lun_uri_loopback(&uri))
    return rc;
  (void)lun_error_set(err, LUN_EINVALID, "%s is plain http to another machine",
                      found->place);
  lun_error_hint(err, "use https; http is for 127.0.0.1, ::1 and localhost");
  return LUN_EINVALID;
}

/* The profile's "services = NAME" and that section's endpoint_url. */
static enum lun_code from_services(struct found *found,
                                   const struct lun_settings *settings,
                                   const char *service_id,
                                   struct lun_error *err)
{
  struct found name = {0};
  const struct lun_ini_section *section = NULL;
  const struct lun_ini_property *property = NULL;
  char key[64] = "";
  size_t i = 0;

  look_up(&name, settings, NULL, "services");
  if (name.value == NULL)
    return LUN_OK;
  section = lun_ini_find(&settings->files.config, LUN_INI_SERVICES, name.value);
  if (section == NULL)
    return lun_error_set(err, LUN_EINVALID,
                         "%s names \"%s\", but there is no [services %s]",
                         name.place, name.value, name.value);
  for (i = 0; i < sizeof(key) - 1 && service_id[i] != '\0'; i++)
    key[i] = lun_text_lower(service_id[i]);
  property = lun_ini_get(section, key);
  if (property == NULL)
    return LUN_OK;
  found->value = lun_ini_sub(property, "endpoint_url");
  (void)snprintf(found->place, sizeof(found->place),
                 "endpoint_url of %s in %s:%d", key,
                 settings->files.config_path, property->line);
  if (found->value != NULL && found->value[0] == '\0')
    found->value = NULL;
  return LUN_OK;
}

enum lun_code lun_settings_endpoint(const char **out,
                                    const struct lun_settings *settings,
                                    const char *service_id,
                                    struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct found found = {.value = settings->endpoint_url,
                        .place = "the endpoint_url option"};
  char variable[96] = "";

  if (found.value == NULL &&
      look_up_flag(settings, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                   "ignore_configured_endpoint_urls")) {
    *out = NULL;
    return LUN_OK;
  }
  (void)snprintf(variable, sizeof(variable), "AWS_ENDPOINT_URL_%s", service_id);
  if (found.value == NULL)
    from_env(&found, &settings->env, variable);
  if (found.value == NULL)
    from_env(&found, &settings->env, "AWS_ENDPOINT_URL");
  if (found.value == NULL)
    rc = from_services(&found, settings, service_id, err);
  if (!rc && found.value == NULL)
    look_up(&found, settings, NULL, "endpoint_url");
  if (!rc && found.value != NULL)
    rc = check_url(&found, err);
  if (rc)
    return rc;
  *out = found.value;
  return LUN_OK;
}

static enum lun_code find_endpoints(struct lun_settings *settings,
                                    const struct lun_session_options *options,
                                    struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct found given = {.value = options->endpoint_url,
                        .place = "the endpoint_url option"};
  struct found found = {0};

  settings->fips =
      look_up_flag(settings, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  settings->dual_stack = look_up_flag(settings, "AWS_USE_DUALSTACK_ENDPOINT",
                                      "use_dualstack_endpoint");
  rc = find_sts_mode(settings, err);
  if (!rc && given.value != NULL)
    rc = check_url(&given, err);
  if (!rc)
    rc = keep(&settings->endpoint_url, settings, given.value, err);
  look_up(&found, settings, "AWS_CA_BUNDLE", "ca_bundle");
  if (found.value == NULL)
    from_env(&found, &settings->env, "REQUESTS_CA_BUNDLE");
  return rc ? rc : keep(&settings->ca, settings, found.value, err);
}

/* ------------------------------------------------------------ the whole -- */

enum lun_code lun_settings_new(struct lun_settings **out, lun_ctx *ctx,
                               const struct lun_session_options *options,
                               const struct lun_env *env, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_settings *settings = NULL;

  settings = lun_mem_alloc(ctx, sizeof(*settings));
  if (settings == NULL)
    return lun_error_nomem(err);
  settings->ctx = ctx;
  settings->refs = 1;
  settings->env = *env;
  settings->mfa_code = options->mfa_code;
  settings->mfa_data = options->mfa_data;
  rc = lun_files_load(&settings->files, ctx, env, err);
  if (!rc)
    rc = find_profile(settings, options, err);
  if (!rc)
    rc = find_region(settings, options, err);
  if (!rc)
    rc = find_limits(settings, options, err);
  if (!rc)
    rc = find_endpoints(settings, options, err);
  if (!rc)
    rc = find_mode(settings, err);
  if (!rc)
    rc = find_imds(settings, err);
  if (rc) {
    lun_settings_unref(settings);
    return rc;
  }
  find_wait(settings, options);
  *out = settings;
  return LUN_OK;
}

struct lun_settings *lun_settings_ref(struct lun_settings *settings)
{
  if (settings != NULL)
    settings->refs++;
  return settings;
}

void lun_settings_unref(struct lun_settings *settings)
{
  if (settings == NULL || --settings->refs > 0)
    return;
  lun_files_done(&settings->files);
  lun_mem_free(settings->ctx, settings->profile);
  lun_mem_free(settings->ctx, settings->region);
  lun_mem_free(settings->ctx, settings->region_from);
  lun_mem_free(settings->ctx, settings->endpoint_url);
  lun_mem_free(settings->ctx, settings->ca);
  lun_mem_free(settings->ctx, settings->here);
  lun_mem_free(settings->ctx, settings->imds_endpoint);
  lun_mem_free(settings->ctx, settings->imds_role);
  lun_mem_free(settings->ctx, settings);
}

/* What comes of the options, or of variables that may have changed. */
static bool same_texts(const struct lun_settings *a,
                       const struct lun_settings *b)
{
  return lun_text_equal(a->profile, b->profile) &&
         lun_text_equal(a->region, b->region) &&
         lun_text_equal(a->endpoint_url, b->endpoint_url) &&
         lun_text_equal(a->ca, b->ca) && lun_text_equal(a->here, b->here) &&
         lun_text_equal(a->imds_endpoint, b->imds_endpoint) &&
         lun_text_equal(a->imds_role, b->imds_role);
}

static bool same_flags(const struct lun_settings *a,
                       const struct lun_settings *b)
{
  return a->profile_explicit == b->profile_explicit &&
         a->profile_named == b->profile_named &&
         a->region_explicit == b->region_explicit && a->fips == b->fips &&
         a->dual_stack == b->dual_stack && a->sts_legacy == b->sts_legacy &&
         a->connect_auto == b->connect_auto && a->wait == b->wait &&
         a->imds_disabled == b->imds_disabled && a->imds_v1 == b->imds_v1;
}

static bool same_limits(const struct lun_settings *a,
                        const struct lun_settings *b)
{
  return a->max_attempts == b->max_attempts && a->connect_ms == b->connect_ms &&
         a->deadline_ms == b->deadline_ms &&
         a->imds_timeout_ms == b->imds_timeout_ms &&
         a->imds_attempts == b->imds_attempts;
}

bool lun_settings_same(const struct lun_settings *a,
                       const struct lun_settings *b)
{
  return a->env.get == b->env.get && a->env.data == b->env.data &&
         a->mfa_code == b->mfa_code && a->mfa_data == b->mfa_data &&
         same_texts(a, b) && same_flags(a, b) && same_limits(a, b) &&
         lun_files_same(&a->files, &b->files);
}
