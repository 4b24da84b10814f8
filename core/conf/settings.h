/*
 * What options, environment and profile come to, in this order of precedence
 * (aws-behaviour.md section 1).  An empty environment variable is one that is
 * not set.
 *
 * Where AWS's tools differ: AWS_PROFILE is looked at before
 * AWS_DEFAULT_PROFILE, and AWS_REGION before AWS_DEFAULT_REGION.
 */
#ifndef LUN_SETTINGS_H
#define LUN_SETTINGS_H

#include "../rules/endpoint.h"
#include "files.h"

#define LUN_DEADLINE_MS  120000
#define LUN_MAX_ATTEMPTS 3

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
  bool region_explicit;  /* named by an option */
  char *region_from;     /* where: "AWS_REGION", "region in FILE:3"; or NULL */
  char *endpoint_url;    /* by option; NULL: look it up for each service */
  char *ca;              /* AWS_CA_BUNDLE, ca_bundle, REQUESTS_CA_BUNDLE;
                            NULL: the system's */
  bool fips;
  bool dual_stack;
  bool sts_legacy; /* sts_regional_endpoints = legacy */
  int max_attempts;
  int64_t connect_ms; /* of a call to AWS, by the defaults mode; 0: the
                         transfer's own default */
  bool connect_auto;  /* it depends on whether the call leaves this machine's
                         region: see lun_settings_connect */
  char *here;         /* that region, if the environment knows it; or NULL */
  int64_t deadline_ms;
  bool wait; /* for a role, names and routes that are not there yet */
  bool imds_disabled;
  bool imds_v1;        /* where the service gives no token */
  char *imds_endpoint; /* NULL: the service's own address */
  char *imds_role;     /* AWS_EC2_INSTANCE_PROFILE_NAME; NULL: ask for it */
  int64_t imds_timeout_ms;
  int imds_attempts;
  lun_mfa_function mfa_code; /* NULL: there is nobody to ask */
  void *mfa_data;
};

/*
 * LUN_EINVALID names the option, the variable, or the file and line of what
 * cannot be; LUN_ECREDENTIALS for a named profile that is in neither file.
 * The credentials among the options are not looked at.
 */
LUN_NODISCARD enum lun_code
lun_settings_new(struct lun_settings **out, lun_ctx *ctx,
                 const struct lun_session_options *options,
                 const struct lun_env *env, struct lun_error *err);
struct lun_settings *lun_settings_ref(struct lun_settings *settings);
void lun_settings_unref(struct lun_settings *settings); /* NULL is fine */

/*
 * True if both have come from the same options, environment and files, so
 * that credentials found by one are those of the other.  What a variable has
 * become since is not looked at.
 */
bool lun_settings_same(const struct lun_settings *a,
                       const struct lun_settings *b);

/* How long a call of REGION may take to connect, in ms, from a machine in
 * HERE ("" if that is not known). */
int64_t lun_settings_connect(const struct lun_settings *settings,
                             const char *region, const char *here);

/*
 * The configured endpoint of a service (id "SECRETS_MANAGER", "STS"), NULL if
 * there is none: option, AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the
 * profile's services section, the profile.  LUN_EINVALID for one that is no
 * URL, or plain http to another machine.
 */
LUN_NODISCARD enum lun_code
lun_settings_endpoint(const char **out, const struct lun_settings *settings,
                      const char *service_id, struct lun_error *err);

#endif
