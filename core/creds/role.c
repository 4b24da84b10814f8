/*
 * The role that a profile names (aws-behaviour.md section 3.1).  The profiles
 * are followed down to the one that has credentials of its own; then the
 * roles are assumed one after another, each with the credentials of the one
 * before, the last being the profile's.
 *
 * Where AWS's tools differ: a credential_source may be written in any case,
 * and a duration_seconds that is no number is refused, not ignored.
 */
#include "assume.h"
#include "walk.h"

#include "../base/error.h"

#include <stdio.h>

enum state {
  RESOLVE,
  BASE,
  ASSUME
};

/* A profile on the way down. */
struct hop {
  const char *profile; /* borrowed from the settings */
  struct lun_role role;
};

struct role_provider {
  struct lun_provider base;
  enum state state;
  struct hop *hops; /* the profile that was asked for first */
  size_t nhops;
  struct lun_walk walk;  /* to the first role's caller */
  const char *below;     /* the profile that has his keys; NULL: none has */
  struct lun_cred *cred; /* those of the next call */
  struct lun_assume assume;
};

/* A property of a profile on the way, and where it stands. */
static struct lun_setting get(const struct role_provider *provider,
                              const char *profile, const char *key)
{
  struct lun_provider at = provider->base;

  at.profile = profile;
  return lun_provider_get(&at, key);
}

/* ------------------------------------------------------------- one hop -- */

static enum lun_code read_duration(int64_t *out,
                                   const struct role_provider *provider,
                                   const char *profile, struct lun_error *err)
{
  struct lun_setting place = get(provider, profile, "duration_seconds");

  *out = 0;
  if (place.value == NULL ||
      lun_text_int(lun_span_of(place.value), 1, INT32_MAX, out))
    return LUN_OK;
  return lun_error_set(err, LUN_ECREDENTIALS,
                       "duration_seconds in %s:%d has to be a whole number",
                       place.path, place.line);
}

/* Appends the hop of PROFILE, which has a role_arn. */
static enum lun_code add_hop(struct role_provider *provider,
                             const char *profile, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = provider->base.place->ctx;
  struct lun_role_options options = {0};
  struct lun_setting role = get(provider, profile, "role_arn");
  struct hop *hops = NULL;
  char place[512] = "";

  (void)snprintf(place, sizeof(place), "profile \"%s\" (%s:%d): ", profile,
                 role.path, role.line);
  options.role_arn = role.value;
  options.role_session_name = get(provider, profile, "role_session_name").value;
  options.external_id = get(provider, profile, "external_id").value;
  options.mfa_serial = get(provider, profile, "mfa_serial").value;
  rc = read_duration(&options.duration_seconds, provider, profile, err);
  if (rc)
    return rc;
  hops = lun_mem_resize(ctx, provider->hops,
                        (provider->nhops + 1) * sizeof(*hops));
  if (hops == NULL)
    return lun_error_nomem(err);
  provider->hops = hops;
  hops[provider->nhops] = (struct hop){.profile = profile};
  rc = lun_role_init(&hops[provider->nhops].role, ctx, &options, place, err);
  if (!rc)
    provider->nhops++;
  if (rc != LUN_EINVALID)
    return rc;
  /* What is wrong with a profile is no fault of the caller's. */
  err->code = LUN_ECREDENTIALS;
  return LUN_ECREDENTIALS;
}

/* --------------------------------------------------- where they end up -- */

/* What a profile that is somebody's source may have, in the chain's order. */
static lun_provider_make *const of_profile[] = {
    lun_provider_web_identity,     lun_provider_sso,
    lun_provider_credentials_file, lun_provider_login,
    lun_provider_process,          lun_provider_config_file,
};

/* What credential_source may say. */
static const struct named {
  const char *name;
  lun_provider_make *maker;
  const char *hint; /* if there is nothing */
} names[] = {
    {"Environment", lun_provider_env,
     "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
    {"Ec2InstanceMetadata", lun_provider_imds,
     "attach a role to the EC2 instance that this runs on"},
    {"EcsContainer", lun_provider_container,
     "run it in a container that has a role of its own (taskRoleArn on ECS)"},
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static void walk_to(struct role_provider *provider,
                    lun_provider_make *const *makers, size_t nmakers,
                    const char *profile)
{
  lun_walk_init(&provider->walk, provider->base.place, makers, nmakers, profile,
                provider->base.trace, provider->base.depth);
}

static enum lun_code no_keys(const char *profile,
                             const struct lun_setting *source,
                             struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "profile \"%s\" (%s:%d): The source profile \"%s\" must "
                      "have credentials.",
                      profile, source->path, source->line, source->value);
  lun_error_hint(err, "give it aws_access_key_id and aws_secret_access_key, "
                      "or a role_arn of its own");
  return LUN_ECREDENTIALS;
}

static const struct named *find_name(struct lun_span name)
{
  size_t i = 0;

  for (i = 0; i < NAMES; i++)
    if (lun_text_same(name, lun_span_of(names[i].name)))
      return &names[i];
  return NULL;
}

static enum lun_code empty_source(const struct role_provider *provider,
                                  const struct lun_setting *source,
                                  const char *profile, struct lun_error *err)
{
  const struct lun_walk *walk = &provider->walk;
  const struct named *named = find_name(lun_span_of(source->value));

  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "No credentials found in credential_source \"%s\" "
                      "referenced in profile \"%s\" (%s:%d): %s",
                      source->value, profile, source->path, source->line,
                      walk->reasons.len > 0
                          ? lun_buf_text(&walk->reasons)
                          : "the environment does not say where a container "
                            "gets them");
  lun_error_hint(err, "%s", walk->hint != NULL ? walk->hint : named->hint);
  return LUN_ECREDENTIALS;
}

static enum lun_code named_source(struct role_provider *provider,
                                  const char *profile,
                                  const struct lun_setting *source,
                                  struct lun_error *err)
{
  const struct named *named = find_name(lun_span_of(source->value));

  if (named != NULL) {
    walk_to(provider, &named->maker, 1, profile);
    return LUN_OK;
  }
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "The credential source \"%s\" referenced in profile "
                      "\"%s\" is not valid (%s:%d).",
                      source->value, profile, source->path, source->line);
  lun_error_hint(err, "there are Environment, Ec2InstanceMetadata and "
                      "EcsContainer");
  return LUN_ECREDENTIALS;
}

/* ---------------------------------------------------------- the way down -- */

static bool visited(const struct role_provider *provider, const char *profile)
{
  size_t i = 0;

  for (i = 0; i < provider->nhops; i++)
    if (strcmp(provider->hops[i].profile, profile) == 0)
      return true;
  return false;
}

static enum lun_code loop_error(const struct role_provider *provider,
                                const char *again,
                                const struct lun_setting *source,
                                struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf way = LUN_BUF_INIT(provider->base.place->ctx, 65536);
  size_t i = 0;

  for (i = 0; i < provider->nhops; i++)
    lun_buf_addf(&way, "%s -> ", provider->hops[i].profile);
  lun_buf_adds(&way, again);
  if (way.fail == LUN_ENOMEM)
    rc = lun_error_nomem(err);
  else
    rc = lun_error_set(err, LUN_ECREDENTIALS,
                       "Infinite loop in credential configuration detected: "
                       "%s (%s:%d)",
                       lun_buf_text(&way), source->path, source->line);
  if (rc == LUN_ECREDENTIALS)
    lun_error_hint(err, "one of them has to have a source_profile with keys, "
                        "or a credential_source");
  lun_buf_done(&way);
  return rc;
}

/* Both or neither of the two keys that say where a role's caller is. */
static enum lun_code check_sources(const char *profile,
                                   const struct lun_setting *source,
                                   const struct lun_setting *named,
                                   const struct lun_setting *role,
                                   struct lun_error *err)
{
  if (source->value != NULL && named->value != NULL) {
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "The profile \"%s\" contains both source_profile "
                        "(%s:%d) and credential_source (%s:%d).",
                        profile, source->path, source->line, named->path,
                        named->line);
    lun_error_hint(err, "take one of the two out");
    return LUN_ECREDENTIALS;
  }
  if (source->value != NULL || named->value != NULL)
    return LUN_OK;
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "Partial credentials found in assume-role, missing: "
                      "source_profile or credential_source (profile \"%s\", "
                      "%s:%d)",
                      profile, role->path, role->line);
  lun_error_hint(err, "on an EC2 instance: credential_source = "
                      "Ec2InstanceMetadata; for the token of a pod or a job: "
                      "web_identity_token_file");
  return LUN_ECREDENTIALS;
}

static enum lun_code no_source(const struct role_provider *provider,
                               const char *profile,
                               const struct lun_setting *source,
                               struct lun_error *err)
{
  struct lun_error near = {0};

  (void)lun_files_no_profile(&provider->base.place->settings->files,
                             source->value, &near);
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "The source_profile \"%s\" referenced in the profile "
                      "\"%s\" does not exist (%s:%d).",
                      source->value, profile, source->path, source->line);
  lun_error_hint(err, "%s", near.hint);
  return LUN_ECREDENTIALS;
}

/*
 * One profile further: *NEXT is the profile whose role comes next, or NULL
 * where the way ends.
 */
static enum lun_code descend(struct role_provider *provider,
                             const char *profile, const char **next,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_setting role = get(provider, profile, "role_arn");
  struct lun_setting source = get(provider, profile, "source_profile");
  struct lun_setting named = get(provider, profile, "credential_source");
  const char *below = source.value;
  bool keys = false;

  *next = NULL;
  rc = check_sources(profile, &source, &named, &role, err);
  if (!rc)
    rc = add_hop(provider, profile, err);
  if (rc)
    return rc;
  if (below == NULL)
    return named_source(provider, profile, &named, err);
  if (!lun_files_has(&provider->base.place->settings->files, below))
    return no_source(provider, profile, &source, err);

  keys = get(provider, below, "aws_access_key_id").value != NULL ||
         get(provider, below, "aws_secret_access_key").value != NULL;
  /* A profile may name itself if it has keys; nothing else comes twice. */
  if (visited(provider, below) && (strcmp(below, profile) != 0 || !keys))
    return loop_error(provider, below, &source, err);
  if (!keys && get(provider, below, "role_arn").value != NULL &&
      get(provider, below, "web_identity_token_file").value == NULL) {
    *next = below;
    return LUN_OK;
  }
  provider->below = below;
  walk_to(provider, of_profile, sizeof(of_profile) / sizeof(of_profile[0]),
          below);
  return LUN_OK;
}

static enum lun_code resolve(struct role_provider *provider,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  const char *profile = provider->base.profile;

  while (!rc && profile != NULL) {
    const char *next = NULL;

    rc = descend(provider, profile, &next, err);
    profile = next;
  }
  return rc;
}

/* ---------------------------------------------------------------- steps -- */

/* Takes the keys of the first role's caller; false if there are none. */
static bool take_base(struct role_provider *provider)
{
  struct lun_task *task = &provider->base.task;
  const struct lun_walk *walk = &provider->walk;
  const char *profile = provider->hops[provider->nhops - 1].profile;
  struct lun_setting source = get(provider, profile, "source_profile");
  struct lun_setting named = get(provider, profile, "credential_source");
  enum lun_code rc = walk->task.rc;

  if (rc)
    task->err = walk->task.err;
  else if (walk->cred == NULL && provider->below != NULL)
    rc = no_keys(profile, &source, &task->err);
  else if (walk->cred == NULL)
    rc = empty_source(provider, &named, profile, &task->err);
  if (rc) {
    (void)lun_task_end(task, rc, NULL);
    return false;
  }
  provider->cred = lun_cred_ref(walk->cred);
  return true;
}

static void start_assume(struct role_provider *provider)
{
  lun_assume_init(&provider->assume, provider->base.place);
  provider->assume.trace = provider->base.trace;
  provider->assume.depth = provider->base.depth;
  provider->assume.again = provider->base.before != NULL;
  lun_assume_start(&provider->assume, &provider->hops[provider->nhops - 1].role,
                   provider->cred, provider->base.task.deadline);
  provider->state = ASSUME;
}

/* Takes the credentials of the role that was assumed, and drops its hop. */
static void take_role(struct role_provider *provider)
{
  lun_cred_unref(provider->cred);
  provider->cred = lun_cred_ref(provider->assume.cred);
  provider->base.skew = provider->assume.skew;
  memcpy(provider->base.found, provider->assume.found,
         sizeof(provider->base.found));
  lun_assume_done(&provider->assume);
  provider->nhops--;
  lun_role_done(&provider->hops[provider->nhops].role);
}

static enum lun_step step_base(struct role_provider *provider)
{
  struct lun_task *task = &provider->base.task;

  if (!lun_task_await(task, &provider->walk.task))
    return LUN_STEP_WAIT;
  if (!take_base(provider))
    return LUN_STEP_DONE;
  start_assume(provider);
  (void)lun_task_await(task, &provider->assume.task);
  return LUN_STEP_WAIT;
}

static enum lun_step step_assume(struct role_provider *provider)
{
  struct lun_task *task = &provider->base.task;

  if (!lun_task_await(task, &provider->assume.task))
    return LUN_STEP_WAIT;
  if (provider->assume.task.rc)
    return lun_task_end(task, provider->assume.task.rc,
                        &provider->assume.task.err);
  take_role(provider);
  if (provider->nhops == 0) {
    provider->base.cred = lun_cred_ref(provider->cred);
    return lun_task_end(task, LUN_OK, NULL);
  }
  start_assume(provider);
  (void)lun_task_await(task, &provider->assume.task);
  return LUN_STEP_WAIT;
}

static enum lun_step step(struct lun_task *task)
{
  struct role_provider *provider = (struct role_provider *)(void *)task;
  const char *profile = provider->base.profile;
  struct lun_setting role = {0};
  enum lun_code rc = LUN_OK;

  if (provider->state == BASE)
    return step_base(provider);
  if (provider->state == ASSUME)
    return step_assume(provider);
  role = get(provider, profile, "role_arn");
  lun_provider_reason(provider->base.looked, "role_arn of profile \"%s\"",
                      profile);
  if (role.value == NULL)
    return lun_provider_pass(&provider->base, "no role_arn");
  lun_provider_reason(provider->base.looked,
                      "role_arn of profile \"%s\" in %s:%d", profile, role.path,
                      role.line);
  if (get(provider, profile, "web_identity_token_file").value != NULL)
    return lun_provider_pass(&provider->base,
                             "left to web_identity_token_file");
  rc = resolve(provider, &task->err);
  if (rc)
    return lun_task_end(task, rc, NULL);
  lun_walk_start(&provider->walk, task->deadline);
  provider->state = BASE;
  return step_base(provider);
}

static void cancel(struct lun_task *task)
{
  struct role_provider *provider = (struct role_provider *)(void *)task;

  lun_assume_done(&provider->assume);
  lun_walk_done(&provider->walk);
}

static void release(struct lun_provider *base)
{
  struct role_provider *provider = (struct role_provider *)(void *)base;
  lun_ctx *ctx = base->place->ctx;

  cancel(&base->task);
  lun_cred_unref(provider->cred);
  while (provider->nhops > 0)
    lun_role_done(&provider->hops[--provider->nhops].role);
  lun_mem_free(ctx, provider->hops);
}

enum lun_code lun_provider_profile_role(struct lun_provider **out,
                                        struct lun_place *place,
                                        const char *source_profile,
                                        struct lun_error *err)
{
  enum lun_code rc =
      lun_provider_new(out, sizeof(struct role_provider), "assume-role", step,
                       place, source_profile, err);

  if (rc)
    return rc;
  (*out)->task.cancel = cancel;
  (*out)->release = release;
  return LUN_OK;
}
