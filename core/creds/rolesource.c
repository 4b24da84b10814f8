/*
 * Roles that code asks for: the credentials of another source, its base, or a
 * token of an identity provider, and then one call of STS.
 */
#include "source.h"

static void wait_for_base(lun_source *source, struct lun_cred *stale)
{
  lun_cred_wait_init(&source->wait, source->base);
  source->wait.trace = lun_source_trace(source);
  lun_cred_wait_start(&source->wait, stale, source->refresh.deadline);
  source->waiting = true;
}

static void drop_calls(lun_source *source)
{
  if (source->assuming)
    lun_assume_done(&source->assume);
  if (source->waiting)
    lun_cred_wait_done(&source->wait);
  source->assuming = false;
  source->waiting = false;
}

static void drop_work(lun_source *source)
{
  drop_calls(source);
  source->renewed = false;
}

/* The base's credentials have expired in between: once more with others. */
static bool renew_base(lun_source *source)
{
  struct lun_cred *stale = NULL;

  if (!source->assume.expired || source->renewed)
    return false;
  stale = lun_cred_ref(source->wait.cred);
  drop_calls(source);
  wait_for_base(source, stale);
  lun_cred_unref(stale);
  source->renewed = true;
  return true;
}

static void start_assume(lun_source *source)
{
  struct lun_assume *assume = &source->assume;

  lun_assume_init(assume, source->place);
  assume->trace = lun_source_trace(source);
  assume->again = source->cred != NULL;
  lun_assume_start(assume, &source->role, source->wait.cred,
                   source->refresh.deadline);
  source->assuming = true;
}

/* A web identity has no base: its token stands for one. */
static enum lun_step role_fetch(lun_source *source)
{
  struct lun_task *task = &source->refresh;
  const struct lun_task *waited = &source->wait.task;

  if (!source->waiting && source->base != NULL)
    wait_for_base(source, NULL);
  for (;;) {
    if (!source->assuming) {
      if (source->waiting && !lun_task_await(task, &source->wait.task))
        return LUN_STEP_WAIT;
      if (source->waiting && waited->rc)
        return lun_task_end(task, waited->rc, &waited->err);
      start_assume(source);
    }
    if (!lun_task_await(task, &source->assume.task))
      return LUN_STEP_WAIT;
    if (source->assume.task.rc == LUN_OK)
      return lun_source_adopt(source, source->assume.cred, source->assume.skew);
    if (!renew_base(source))
      return lun_task_end(task, source->assume.task.rc,
                          &source->assume.task.err);
  }
}

/* -------------------------------------------------------------- sources -- */

/* Takes ROLE. */
static enum lun_code role_source(lun_source **out, lun_source *base,
                                 struct lun_place *place, struct lun_role *role,
                                 struct lun_error *err)
{
  enum lun_code rc = lun_source_new(out, place, role_fetch, err);

  if (rc) {
    lun_role_done(role);
    return rc;
  }
  (*out)->drop = drop_work;
  (*out)->role = *role;
  (*out)->base = lun_source_ref(base);
  return LUN_OK;
}

enum lun_code lun_source_role(lun_source **out, lun_source *base,
                              struct lun_place *place,
                              const struct lun_role_options *options,
                              struct lun_error *err)
{
  struct lun_role role = {.ctx = NULL};
  enum lun_code rc = lun_role_init(&role, place->ctx, options, "", err);

  return rc ? rc : role_source(out, base, place, &role, err);
}

enum lun_code
lun_source_web_identity(lun_source **out, struct lun_place *place,
                        const struct lun_web_identity_options *options,
                        struct lun_error *err)
{
  struct lun_role role = {.ctx = NULL};
  enum lun_code rc = lun_role_init_web(&role, place->ctx, options, "",
                                       "the option token_file", err);

  return rc ? rc : role_source(out, NULL, place, &role, err);
}

bool lun_source_same(const lun_source *a, const lun_source *b)
{
  if (a->fetch != b->fetch)
    return false;
  if (a->fetch != role_fetch)
    return lun_source_is_chain(a) &&
           lun_settings_same(a->place->settings, b->place->settings);
  return a->base == b->base && a->place == b->place &&
         lun_role_same(&a->role, &b->role);
}

static bool asks_for_codes(const lun_source *source)
{
  while (source != NULL && source->role.mfa_code == NULL &&
         source->place->settings->mfa_code == NULL)
    source = source->base;
  return source != NULL;
}

bool lun_source_orphaned(const lun_source *source)
{
  return source->refs == 1 && asks_for_codes(source);
}
