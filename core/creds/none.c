/*
 * The hint is for the machine at hand, as far as its environment tells: on a
 * server that has no role nobody wants to read about laptops.
 */
#include "none.h"

#include "../base/error.h"

#define NAMES_LEN ((size_t)256) /* more of them nobody reads */

/* Where a variable that the platform sets tells what it is. */
static const struct {
  const char *variable;
  const char *hint;
} platforms[] = {
    {"SUDO_USER",
     "sudo drops AWS_ variables and changes HOME: name what is needed with "
     "--preserve-env, or give root credentials of its own"},
    {"KUBERNETES_SERVICE_HOST",
     "in Kubernetes give the pod's service account a role, by EKS Pod Identity "
     "or IRSA"},
    {"ECS_CONTAINER_METADATA_URI_V4",
     "on ECS give the task a role (taskRoleArn of its definition)"},
    {"ECS_CONTAINER_METADATA_URI",
     "on ECS give the task a role (taskRoleArn of its definition)"},
};

static const char *of_platform(const struct lun_env *env)
{
  size_t i = 0;

  for (i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++)
    if (lun_env_get(env, platforms[i].variable) != NULL)
      return platforms[i].hint;
  return "on an EC2 instance attach a role; elsewhere set AWS_ACCESS_KEY_ID "
         "and AWS_SECRET_ACCESS_KEY, or name a profile that has credentials";
}

/* Appends the names of a file's profiles. */
static void put_names(struct lun_buf *out, const struct lun_ini *ini)
{
  size_t i = 0;

  for (i = 0; i < ini->nsections; i++)
    if (ini->sections[i].kind == LUN_INI_PROFILE)
      lun_buf_addf(out, "%s%s", out->len > 0 ? ", " : "",
                   ini->sections[i].name);
}

/* Nobody has named a profile, and there are others than the default one. */
static bool name_profiles(const struct lun_settings *settings, const char *more,
                          struct lun_error *err)
{
  const struct lun_files *files = &settings->files;
  struct lun_buf names = LUN_BUF_INIT(settings->ctx, NAMES_LEN);
  bool any = false;

  if (settings->profile_named || lun_files_has(files, settings->profile))
    return false;
  put_names(&names, &files->config);
  if (names.len == 0)
    put_names(&names, &files->credentials);
  any = names.len > 0;
  if (any)
    lun_error_hint(err,
                   "no profile is named, and there is no default one: "
                   "set AWS_PROFILE to one of these: %s%s%s",
                   lun_buf_text(&names), names.fail ? ", ..." : "", more);
  lun_buf_done(&names);
  return any;
}

/* A profile was named, and has nothing. */
static void profile_hint(const struct lun_settings *settings, const char *more,
                         struct lun_error *err)
{
  bool keys = settings->profile_explicit &&
              lun_env_get(&settings->env, "AWS_ACCESS_KEY_ID") != NULL;

  lun_error_hint(err,
                 "give profile \"%s\" credentials (aws login, aws configure "
                 "sso, aws configure), or name %s%s",
                 settings->profile,
                 keys ? "none: then the keys in the environment are used"
                      : "another",
                 more);
}

static void give_hint(const struct lun_walk *walk, bool known,
                      struct lun_error *err)
{
  const struct lun_settings *settings = walk->place->settings;
  const char *more = known ? "" : "; lunette whoami --why shows each step";

  if (walk->before != NULL)
    lun_error_hint(err, "they were there before: look at what has changed");
  else if (walk->hint != NULL)
    lun_error_hint(err, "%s%s", walk->hint, more);
  else if (settings->profile_named)
    profile_hint(settings, more, err);
  else if (!name_profiles(settings, more, err))
    lun_error_hint(err, "%s%s", of_platform(&settings->env), more);
}

enum lun_code lun_none(const struct lun_walk *walk, bool known,
                       struct lun_error *err)
{
  bool again = walk->before != NULL;
  struct lun_span reasons = lun_buf_view(&walk->reasons);
  enum lun_code rc = LUN_OK;

  if (reasons.len == 0 && again)
    rc = lun_error_set(err, LUN_ECREDENTIALS,
                       "no credentials found any more: %s has none",
                       walk->before->provider);
  else
    rc = lun_error_set(err, LUN_ECREDENTIALS, "no credentials found%s: %s",
                       again ? " any more" : "", lun_buf_text(&walk->reasons));
  give_hint(walk, known, err);
  return rc;
}
