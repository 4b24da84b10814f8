/*
 * What options, environment and profile come to, in this order of precedence
 * (aws-behaviour.md section 1).
 */
#ifndef LUN_SETTINGS_H
#define LUN_SETTINGS_H

#include "files.h"

/* Counted and immutable once made; shared by sessions. */
struct lun_settings {
  lun_ctx *ctx;
  int refs;
  struct lun_env env;
  struct lun_files files;
  char *profile;         /* "default" where none is named */
  bool profile_explicit; /* named by an option, not by the environment */
  bool profile_named;    /* named at all */
  char *region;          /* NULL: none known yet */
  char *endpoint_url;    /* by option; NULL: look it up for each service */
  char *ca;              /* AWS_CA_BUNDLE, ca_bundle; NULL: the system's */
  bool fips;
  bool dual_stack;
  bool sts_legacy;       /* sts_regional_endpoints = legacy */
  int max_attempts;
  int64_t deadline_ms;
  bool imds_disabled;
  char *imds_endpoint;   /* NULL: the service's own address */
  int64_t imds_timeout_ms;
  int imds_attempts;
};

LUN_NODISCARD enum lun_code
lun_settings_new(struct lun_settings **out, lun_ctx *ctx,
                 const struct lun_session_options *options,
                 const struct lun_env *env, struct lun_error *err);
struct lun_settings *lun_settings_ref(struct lun_settings *settings);
void lun_settings_unref(struct lun_settings *settings);

/*
 * The configured endpoint of a service (id "SECRETS_MANAGER", "STS"), NULL if
 * there is none: option, AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the
 * profile's services section, the profile.
 */
LUN_NODISCARD enum lun_code
lun_settings_endpoint(const char **out, const struct lun_settings *settings,
                      const char *service_id, struct lun_error *err);

#endif
