/*
 * A source is one task, `refresh`, that fetches credentials, and the last
 * ones that it got.  Who needs credentials waits: he gets those at hand while
 * they are good, and otherwise waits for the refresh, which runs once however
 * many wait for it.
 *
 * AWS's windows (aws-behaviour.md section 4) are 15 minutes before the end
 * (renew beside the calls) and 10 (renew before use).  They are fractions of
 * what was left when the credentials came, where that is shorter: those for a
 * quarter of an hour would be renewed by every call, and so would those that
 * a metadata service or a process gives again until it has newer ones.
 *
 * Where AWS's tools fail, because a renewal did inside the second window, we
 * go on with what is at hand down to the last five minutes: there is time to
 * try again, once a minute.  Nor does anybody wait long for a renewal while
 * what is at hand would do.
 *
 * A renewal asks the provider that gave the credentials and no other: a run
 * does not change its identity because a file or a role has gone.
 */
#include "source.h"

#include "none.h"

#include "../base/error.h"
#include "../base/log.h"

#define ADVISORY    900 /* seconds before the end */
#define MANDATORY   600
#define LAST        300   /* never used for less than this */
#define WHOLE       3600  /* with this lifetime or more, all three count */
#define RETRY_MS    60000 /* between renewals that could have waited */
#define PATIENCE_MS 10000 /* of a wait that has usable ones at hand */

/* The order of aws-behaviour.md section 2. */
static lun_provider_make *const chain[] = {
    lun_provider_env,
    lun_provider_profile_role,
    lun_provider_web_identity,
    lun_provider_sso,
    lun_provider_credentials_file,
    lun_provider_login,
    lun_provider_process,
    lun_provider_config_file,
    lun_provider_container,
    lun_provider_imds,
};

#define CHAIN_LEN (sizeof(chain) / sizeof(chain[0]))

/* --------------------------------------------------------------- expiry -- */

static int64_t least(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* True if the credentials at hand last longer than WINDOW seconds. */
static bool lasts(const lun_source *source, int64_t window)
{
  int64_t now = lun_clock_wall_ms(source->ctx) / 1000 + source->skew;

  return source->cred != NULL && (source->cred->expires_at == 0 ||
                                  source->cred->expires_at - now > window);
}

static bool fresh(const lun_source *source)
{
  return lasts(source, least(ADVISORY, source->lifetime / 4));
}

static bool good(const lun_source *source)
{
  return lasts(source, least(MANDATORY, source->lifetime / 6));
}

static bool usable(const lun_source *source)
{
  return lasts(source, least(LAST, source->lifetime / 12));
}

/* True if A and B are the same keys, one way or another. */
static bool same(const struct lun_cred *a, const struct lun_cred *b)
{
  if (a == NULL || b == NULL)
    return false;
  return a == b || (strcmp(a->access_key_id, b->access_key_id) == 0 &&
                    lun_secret_equal(lun_secret_view(a->session_token),
                                     lun_secret_view(b->session_token)));
}

static void log_cred(const lun_source *source, const char *word,
                     enum lun_level level, const char *provider,
                     enum lun_code rc)
{
  struct lun_field fields[2] = {
      {.key = "provider", .kind = LUN_FIELD_NAME, .name = provider},
      {.key = "kind", .kind = LUN_FIELD_CODE, .name = lun_code_kind(rc)}};

  lun_log(source->ctx, level, word, fields, rc == LUN_OK ? 1 : 2);
}

enum lun_step lun_source_adopt(lun_source *source, struct lun_cred *cred,
                               int64_t skew)
{
  int64_t now = lun_clock_wall_ms(source->ctx) / 1000 + skew;
  enum lun_code rc = lun_provider_alive(cred, skew, &source->refresh.err);

  if (rc)
    return lun_task_end(&source->refresh, rc, NULL);
  (void)lun_cred_ref(cred);
  lun_cred_unref(source->cred);
  source->cred = cred;
  source->skew = skew;
  source->lifetime = cred->expires_at == 0 ? 0 : cred->expires_at - now;
  /* Newer ones may come at any time: they are looked for as soon as if these
   * lasted for hours. */
  if (cred->extended)
    source->lifetime = WHOLE;
  log_cred(source, "creds.found", LUN_INFO, cred->provider, LUN_OK);
  return lun_task_end(&source->refresh, LUN_OK, NULL);
}

/* ---------------------------------------------------------------- chain -- */

struct lun_trace *lun_source_trace(lun_source *source)
{
  return source->listener != NULL ? &source->trace : NULL;
}

/* All of the chain for the first credentials, and for who wants to know; else
 * the provider that gave those at hand. */
static void start_walk(lun_source *source)
{
  bool again = source->cred != NULL && source->listener == NULL;

  lun_walk_init(&source->walk, source->place,
                again ? &chain[source->at] : chain, again ? 1 : CHAIN_LEN, NULL,
                lun_source_trace(source), 0);
  source->walk.before = again ? source->cred : NULL;
  lun_walk_start(&source->walk, source->refresh.deadline);
}

static enum lun_step chain_fetch(lun_source *source)
{
  struct lun_task *task = &source->refresh;
  struct lun_walk *walk = &source->walk;

  if (walk->place == NULL)
    start_walk(source);
  if (!lun_task_await(task, &walk->task))
    return LUN_STEP_WAIT;
  if (walk->task.rc)
    return lun_task_end(task, walk->task.rc, &walk->task.err);
  if (walk->cred == NULL)
    return lun_task_end(
        task, lun_none(walk, source->listener != NULL, &task->err), NULL);
  if (walk->before == NULL)
    source->at = walk->at;
  return lun_source_adopt(source, walk->cred, walk->skew);
}

/* ---------------------------------------------------------------- fixed -- */

static enum lun_step fixed_fetch(lun_source *source)
{
  enum lun_code rc = lun_error_set(&source->refresh.err, LUN_ECREDENTIALS,
                                   "the credentials given to the session "
                                   "have expired");

  return lun_task_end(&source->refresh, rc, NULL);
}

/* -------------------------------------------------------------- refresh -- */

static void drop_work(lun_source *source)
{
  lun_walk_done(&source->walk);
  if (source->drop != NULL)
    source->drop(source);
}

/* Gives the listener what was recorded: all of it, or what there is. */
static void tell(lun_source *source)
{
  if (source->listener != NULL)
    lun_trace_move(source->listener->trace, &source->trace);
  source->listener = NULL;
}

static void failed(lun_source *source)
{
  source->retry_at = lun_clock_mono_ms(source->ctx) + RETRY_MS;
  log_cred(source, "creds.failed", LUN_WARN,
           source->cred != NULL ? source->cred->provider : "none",
           source->refresh.rc);
}

static enum lun_step refresh_step(struct lun_task *task)
{
  lun_source *source = (lun_source *)(void *)task;

  if (source->fetch(source) == LUN_STEP_WAIT)
    return LUN_STEP_WAIT;
  if (task->rc)
    failed(source);
  drop_work(source); /* answers with credentials in them are wiped now */
  tell(source);
  return LUN_STEP_DONE;
}

static void cancel_refresh(struct lun_task *task)
{
  lun_source *source = (lun_source *)(void *)task;

  if (task->rc == LUN_EDEADLINE)
    failed(source);
  drop_work(source);
  tell(source);
}

static bool refreshing(const lun_source *source)
{
  return source->refresh.started && !source->refresh.done;
}

/* A fetch of its own length: whoever waits may give up before. */
static void refresh(lun_source *source)
{
  int64_t now = lun_clock_mono_ms(source->ctx);

  if (refreshing(source))
    return;
  source->retry_at = now + RETRY_MS;
  lun_task_start(source->place->loop, &source->refresh,
                 now + source->place->settings->deadline_ms);
}

/* ---------------------------------------------------------------- waits -- */

static enum lun_step give(struct lun_cred_wait *wait)
{
  wait->cred = lun_cred_ref(wait->source->cred);
  return lun_task_end(&wait->task, LUN_OK, NULL);
}

static enum lun_step no_others(struct lun_cred_wait *wait)
{
  struct lun_error *err = &wait->task.err;
  enum lun_code rc = lun_error_set(err, LUN_ECREDENTIALS,
                                   "the credentials of %s have expired, and "
                                   "it has no newer ones",
                                   wait->stale->provider);

  lun_error_hint(err, "get new ones, then run this again");
  return lun_task_end(&wait->task, rc, NULL);
}

/* The last refresh failed, and it is too soon for another. */
static bool pausing(const lun_source *source)
{
  return source->refresh.done && source->refresh.rc != LUN_OK &&
         lun_clock_mono_ms(source->ctx) < source->retry_at;
}

/* True if the credentials at hand will do; renews them beside the calls if it
 * is time. */
static bool at_hand(const struct lun_cred_wait *wait)
{
  lun_source *source = wait->source;

  if (same(source->cred, wait->stale))
    return false;
  if (!good(source))
    return usable(source) && pausing(source);
  if (!fresh(source) && lun_clock_mono_ms(source->ctx) >= source->retry_at)
    refresh(source);
  return true;
}

/* Fixed ones need no asking: one step says so. */
static enum lun_step tell_fixed(struct lun_cred_wait *wait)
{
  size_t step = lun_trace_begin(wait->trace, 0, wait->source->cred->provider);

  lun_trace_finish(wait->trace, step, "the session's options", LUN_TRACE_FOUND,
                   "keys given in code");
  return give(wait);
}

/* Joins the refresh under way, or one that begins; false: another's has to
 * end first, since what it has asked already is recorded nowhere. */
static bool join(struct lun_cred_wait *wait)
{
  lun_source *source = wait->source;

  if (wait->trace != NULL) {
    if (!lun_task_await(&wait->task, &source->refresh))
      return false;
    lun_trace_clear(&source->trace);
    source->listener = wait;
  }
  wait->joined = true;
  wait->patience = lun_clock_mono_ms(source->ctx) + PATIENCE_MS;
  refresh(source);
  return true;
}

/* What the refresh has come to, for one who waited for it. */
static enum lun_step take(struct lun_cred_wait *wait)
{
  const lun_source *source = wait->source;
  const struct lun_task *refreshed = &source->refresh;
  bool stale = same(source->cred, wait->stale);

  if (!refreshed->rc && !stale)
    return give(wait);
  if (!refreshed->rc)
    return no_others(wait);
  if (usable(source) && !stale && wait->trace == NULL)
    return give(wait);
  wait->task.err = refreshed->err;
  if (stale)
    lun_error_prefix(&wait->task.err,
                     "the credentials of %s have expired, and there are no "
                     "others: ",
                     source->cred->provider);
  return lun_task_end(&wait->task, refreshed->rc, NULL);
}

static enum lun_step wait_step(struct lun_task *task)
{
  struct lun_cred_wait *wait = (struct lun_cred_wait *)(void *)task;
  lun_source *source = wait->source;

  if (!wait->joined) {
    if (wait->trace == NULL && at_hand(wait))
      return give(wait);
    if (wait->trace != NULL && source->fetch == fixed_fetch)
      return tell_fixed(wait);
    if (!join(wait))
      return LUN_STEP_WAIT;
  }
  if (lun_task_await(task, &source->refresh))
    return take(wait);
  if (wait->trace != NULL || !usable(source) || same(source->cred, wait->stale))
    return LUN_STEP_WAIT;
  return lun_task_rest(task, wait->patience) ? LUN_STEP_WAIT : give(wait);
}

void lun_cred_wait_init(struct lun_cred_wait *wait, lun_source *source)
{
  memset(wait, 0, sizeof(*wait));
  wait->task.step = wait_step;
  wait->source = lun_source_ref(source);
}

void lun_cred_wait_start(struct lun_cred_wait *wait, struct lun_cred *stale,
                         int64_t deadline)
{
  wait->stale = lun_cred_ref(stale);
  lun_task_start(wait->source->place->loop, &wait->task, deadline);
}

void lun_cred_wait_done(struct lun_cred_wait *wait)
{
  lun_source *source = wait->source;

  if (source == NULL)
    return;
  lun_task_stop(&wait->task);
  if (source->listener == wait)
    tell(source);
  lun_cred_unref(wait->cred);
  lun_cred_unref(wait->stale);
  memset(wait, 0, sizeof(*wait));
  lun_source_unref(source);
}

/* -------------------------------------------------------------- sources -- */

enum lun_code lun_source_new(lun_source **out, struct lun_place *place,
                             enum lun_step (*fetch)(lun_source *source),
                             struct lun_error *err)
{
  lun_ctx *ctx = place->ctx;
  lun_source *source = lun_mem_alloc(ctx, sizeof(*source));

  if (source == NULL)
    return lun_error_nomem(err);
  source->refresh.step = refresh_step;
  source->refresh.cancel = cancel_refresh;
  source->fetch = fetch;
  source->ctx = ctx;
  source->refs = 1;
  source->place = lun_place_ref(place);
  lun_trace_init(&source->trace, ctx);
  *out = source;
  return LUN_OK;
}

enum lun_code lun_source_chain(lun_source **out, struct lun_place *place,
                               struct lun_error *err)
{
  return lun_source_new(out, place, chain_fetch, err);
}

bool lun_source_is_chain(const lun_source *source)
{
  return source->fetch == chain_fetch;
}

struct lun_place *lun_source_place(const lun_source *source)
{
  return source->place;
}

enum lun_code lun_source_fixed(lun_source **out, struct lun_place *place,
                               struct lun_cred *cred, struct lun_error *err)
{
  enum lun_code rc = lun_source_new(out, place, fixed_fetch, err);

  if (!rc)
    (*out)->cred = lun_cred_ref(cred);
  return rc;
}

lun_source *lun_source_ref(lun_source *source)
{
  if (source != NULL)
    source->refs++;
  return source;
}

void lun_source_unref(lun_source *source)
{
  if (source == NULL || --source->refs > 0)
    return;
  lun_task_stop(&source->refresh);
  drop_work(source);
  lun_trace_clear(&source->trace);
  lun_source_unref(source->base);
  lun_role_done(&source->role);
  lun_cred_unref(source->cred);
  lun_place_unref(source->place);
  lun_mem_free(source->ctx, source);
}
