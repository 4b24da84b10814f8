/*
 * Sessions made from one another share a run: the loop, which outlives all of
 * them, and the sources of their credentials, so that each is asked once.  A
 * session on a role holds its source's credentials by reference, not the
 * session that it was made from, so there is no cycle; one that a reference
 * asked for is kept by the session that made it.
 */
#include "session.h"

#include "../base/error.h"

#define SOURCES_MAX 64 /* that a run remembers; the oldest goes first */

/* What the sessions of one family share. */
struct run {
  lun_ctx *ctx;
  int refs;
  lun_loop *loop;
  int64_t limit; /* monotonic ms that no call outlasts; 0: none */
  lun_source *sources[SOURCES_MAX]; /* NULL: free, or forgotten */
  size_t nsources;   /* that there were; the N-th is at N modulo SOURCES_MAX */
  int running;       /* the loop is turned: its steps may call code of others */
  lun_session *gone; /* released meanwhile */
};

/* A session that some reference asked for. */
struct derived {
  struct derived *next;
  char *profile; /* NULL where the reference names none */
  char *role;
  char *external_id;
  lun_session *session;
};

struct lun_session {
  lun_ctx *ctx;
  int refs;
  struct run *run;
  struct lun_place *place;
  struct lun_settings *settings; /* the place's */
  lun_source *source;
  char *region; /* NULL: the settings' own */
  struct lun_retry_quota quota;
  struct derived *derived;
  struct lun_session_cache cache; /* fetch.c's */
  lun_session *next;              /* among those that are gone */
};

/* ----------------------------------------------------------------- runs -- */

static void run_unref(struct run *run)
{
  size_t i = 0;

  if (run == NULL || --run->refs > 0)
    return;
  for (i = 0; i < SOURCES_MAX; i++)
    lun_source_unref(run->sources[i]);
  lun_loop_free(run->loop);
  lun_mem_free(run->ctx, run);
}

static enum lun_code run_new(struct run **out, lun_ctx *ctx,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct run *run = lun_mem_alloc(ctx, sizeof(*run));

  if (run == NULL)
    return lun_error_nomem(err);
  run->ctx = ctx;
  run->refs = 1;
  rc = lun_loop_new(&run->loop, ctx, err);
  if (rc) {
    run_unref(run);
    return rc;
  }
  *out = run;
  return LUN_OK;
}

/*
 * The run's own source of what SOURCE is for: one that there is already, or
 * SOURCE itself, which is remembered.  Takes SOURCE, gives a reference.
 */
static lun_source *share(struct run *run, lun_source *source)
{
  lun_source **slot = NULL;
  size_t i = 0;

  for (i = 0; i < SOURCES_MAX; i++) {
    if (run->sources[i] != NULL && lun_source_same(run->sources[i], source)) {
      lun_source_unref(source);
      return lun_source_ref(run->sources[i]);
    }
  }
  slot = &run->sources[run->nsources++ % SOURCES_MAX];
  lun_source_unref(*slot);
  *slot = lun_source_ref(source);
  return source;
}

/* Forgets what could ask for a code in the name of a session that is no more;
 * one that goes may have been the last to have another. */
static void forget_orphans(struct run *run)
{
  size_t i = 0;

  while (i < SOURCES_MAX) {
    lun_source *source = run->sources[i++];

    if (source == NULL || !lun_source_orphaned(source))
      continue;
    run->sources[i - 1] = NULL;
    lun_source_unref(source);
    i = 0;
  }
}

/* ------------------------------------------------------------- sessions -- */

/* A session with a place and a run, and no source of credentials yet. */
static enum lun_code session_new(lun_session **out, struct run *run,
                                 struct lun_place *place, struct lun_error *err)
{
  lun_session *session = lun_mem_alloc(run->ctx, sizeof(*session));

  if (session == NULL)
    return lun_error_nomem(err);
  session->ctx = run->ctx;
  session->refs = 1;
  session->run = run;
  run->refs++;
  session->place = lun_place_ref(place);
  session->settings = place->settings;
  lun_retry_quota_init(&session->quota);
  *out = session;
  return LUN_OK;
}

static enum lun_code fixed_source(lun_source **out, struct lun_place *place,
                                  const struct lun_session_options *options,
                                  struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_cred *cred = NULL;
  struct lun_cred_fields fields = {
      .access_key_id = lun_span_of(options->access_key_id),
      .secret_access_key = lun_span_of(options->secret_access_key),
      .session_token = lun_span_of(options->session_token),
      .provider = "session",
  };

  rc = lun_cred_new(&cred, place->ctx, &fields, err);
  if (!rc)
    rc = lun_source_fixed(out, place, cred, err);
  lun_cred_unref(cred);
  return rc;
}

/* The source that OPTIONS ask for; the run's own, if it has such a one. */
static enum lun_code source_of(lun_source **out, struct run *run,
                               struct lun_place *place,
                               const struct lun_session_options *options,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  /* Any of the three, so that a part of a set is an error, not passed over. */
  if (options->access_key_id != NULL || options->secret_access_key != NULL ||
      options->session_token != NULL)
    return fixed_source(out, place, options, err);
  rc = lun_source_chain(out, place, err);
  if (!rc)
    *out = share(run, *out);
  return rc;
}

/* A session of RUN with OPTIONS, which the caller has checked. */
static enum lun_code make(lun_session **out, struct run *run,
                          const struct lun_session_options *options,
                          const struct lun_env *env, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_settings *settings = NULL;
  struct lun_place *place = NULL;
  lun_source *source = NULL;

  rc = lun_settings_new(&settings, run->ctx, options, env, err);
  if (rc)
    return rc;
  rc = lun_place_new(&place, run->loop, settings, err);
  lun_settings_unref(settings);
  if (!rc)
    rc = source_of(&source, run, place, options, err);
  lun_place_unref(place);
  if (rc)
    return rc;
  rc = session_new(out, run, lun_source_place(source), err);
  if (rc)
    lun_source_unref(source);
  else
    (*out)->source = source;
  return rc;
}

enum lun_code lun_session_make(lun_session **out, lun_ctx *ctx,
                               const struct lun_session_options *options,
                               const struct lun_env *env, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct run *run = NULL;

  rc = run_new(&run, ctx, err);
  if (rc)
    return rc;
  rc = make(out, run, options, env, err);
  run_unref(run);
  return rc;
}

enum lun_code lun_session_beside(lun_session **out, lun_session *session,
                                 const struct lun_session_options *options,
                                 struct lun_error *err)
{
  return make(out, session->run, options, &session->settings->env, err);
}

/*
 * A session at the place and in the run of SESSION, with a source of its own:
 * takes SOURCE.  REGION may be NULL: the settings' own.
 */
static enum lun_code on_source(lun_session **out, lun_session *session,
                               lun_source *source, const char *region,
                               struct lun_error *err)
{
  lun_session *made = NULL;
  enum lun_code rc = session_new(&made, session->run, session->place, err);

  if (rc) {
    lun_source_unref(source);
    return rc;
  }
  made->source = share(made->run, source);
  made->region = lun_mem_strdup(made->ctx, region);
  if (region != NULL && made->region == NULL) {
    lun_session_unref(made);
    return lun_error_nomem(err);
  }
  *out = made;
  return LUN_OK;
}

/*
 * A session on a role; its region is that of the role's STS as well.  NEARBY
 * (NULL: none) is where STS is asked if no region is known.
 */
static enum lun_code make_role(lun_session **out, lun_session *source,
                               const struct lun_role_options *options,
                               const char *nearby, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_source *role = NULL;
  struct lun_role_options known = *options;
  const char *region = options->region ? options->region : source->region;

  known.region = region;
  if (region == NULL && source->settings->region == NULL)
    known.region = nearby;
  rc = lun_source_role(&role, source->source, source->place, &known, err);
  return rc ? rc : on_source(out, source, role, region, err);
}

enum lun_code lun_session_assume_role(lun_session **out, lun_session *source,
                                      const struct lun_role_options *options,
                                      struct lun_error *err)
{
  struct lun_role_options known = {0};

  if (options->size < sizeof(options->size) || options->size > sizeof(known))
    return lun_error_set(err, LUN_EINVALID,
                         "the options of a role are of another version");
  memcpy(&known, options, options->size);
  return make_role(out, source, &known, NULL, err);
}

enum lun_code
lun_session_web_identity(lun_session **out, lun_session *session,
                         const struct lun_web_identity_options *options,
                         struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_web_identity_options known = {0};
  lun_source *source = NULL;

  if (options->size < sizeof(options->size) || options->size > sizeof(known))
    return lun_error_set(err, LUN_EINVALID,
                         "the options of a web identity are of another "
                         "version");
  memcpy(&known, options, options->size);
  if (known.region == NULL)
    known.region = session->region;
  rc = lun_source_web_identity(&source, session->place, &known, err);
  return rc ? rc : on_source(out, session, source, known.region, err);
}

lun_session *lun_session_ref(lun_session *session)
{
  if (session != NULL)
    session->refs++;
  return session;
}

static void derived_free(lun_ctx *ctx, struct derived *derived)
{
  lun_session_unref(derived->session);
  lun_mem_free(ctx, derived->profile);
  lun_mem_free(ctx, derived->role);
  lun_mem_free(ctx, derived->external_id);
  lun_mem_free(ctx, derived);
}

static void session_free(lun_session *session)
{
  if (session->cache.drop != NULL)
    session->cache.drop(session);
  while (session->derived != NULL) {
    struct derived *derived = session->derived;

    session->derived = derived->next;
    derived_free(session->ctx, derived);
  }
  lun_source_unref(session->source);
  forget_orphans(session->run);
  lun_mem_free(session->ctx, session->region);
  lun_place_unref(session->place);
  run_unref(session->run);
  lun_mem_free(session->ctx, session);
}

/* A session's work may be what is being stepped, so none goes from within. */
void lun_session_unref(lun_session *session)
{
  struct run *run = NULL;

  if (session == NULL || --session->refs > 0)
    return;
  run = session->run;
  if (run->running == 0) {
    session_free(session);
    return;
  }
  session->next = run->gone;
  run->gone = session;
}

enum lun_code lun_session_run(lun_session *session, struct lun_task *task,
                              struct lun_error *err)
{
  struct run *run = session->run;
  enum lun_code rc = LUN_OK;

  run->running++;
  rc = lun_loop_run(run->loop, task, err);
  run->running--;
  while (run->running == 0 && run->gone != NULL) {
    lun_session *gone = run->gone;

    run->gone = gone->next;
    session_free(gone);
  }
  return rc;
}

/* --------------------------------------------------------------- parts -- */

lun_ctx *lun_session_ctx(const lun_session *session)
{
  return session->ctx;
}

lun_loop *lun_session_loop(const lun_session *session)
{
  return session->run->loop;
}

struct lun_settings *lun_session_settings(const lun_session *session)
{
  return session->settings;
}

struct lun_place *lun_session_place(const lun_session *session)
{
  return session->place;
}

lun_source *lun_session_source(const lun_session *session)
{
  return session->source;
}

struct lun_retry_quota *lun_session_quota(lun_session *session)
{
  return &session->quota;
}

struct lun_session_cache *lun_session_cache(lun_session *session)
{
  return &session->cache;
}

void lun_session_limit(lun_session *session, int64_t at)
{
  session->run->limit = at;
}

int64_t lun_session_deadline(const lun_session *session)
{
  int64_t limit = session->run->limit;
  int64_t at = lun_clock_mono_ms(session->ctx) + session->settings->deadline_ms;

  return limit != 0 && limit < at ? limit : at;
}

const char *lun_session_region(const lun_session *session)
{
  return session->region ? session->region : session->settings->region;
}

const char *lun_session_region_from(const lun_session *session)
{
  return session->region ? "the region option" : session->settings->region_from;
}

enum lun_code lun_session_find_region(char out[LUN_REGION_LEN],
                                      lun_session *session,
                                      struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_region_wait wait = {0};

  (void)lun_session_ref(session);
  lun_region_wait_init(&wait, session->place);
  lun_region_wait_start(&wait, session->region, lun_session_deadline(session));
  rc = lun_session_run(session, &wait.task, err);
  if (!rc)
    memcpy(out, wait.region, LUN_REGION_LEN);
  lun_region_wait_done(&wait);
  lun_session_unref(session);
  return rc;
}

static enum lun_code resolve(struct lun_cred **out, lun_session *session,
                             struct lun_trace *trace, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_cred_wait wait = {0};

  (void)lun_session_ref(session);
  lun_cred_wait_init(&wait, session->source);
  wait.trace = trace;
  lun_cred_wait_start(&wait, NULL, lun_session_deadline(session));
  rc = lun_session_run(session, &wait.task, err);
  if (!rc)
    *out = lun_cred_ref(wait.cred);
  lun_cred_wait_done(&wait);
  lun_session_unref(session);
  return rc;
}

enum lun_code lun_session_credentials(struct lun_cred **out,
                                      lun_session *session,
                                      struct lun_error *err)
{
  return resolve(out, session, NULL, err);
}

enum lun_code lun_session_why(struct lun_trace *trace, struct lun_cred **out,
                              lun_session *session, struct lun_error *err)
{
  struct lun_cred *cred = NULL;
  enum lun_code rc = resolve(&cred, session, trace, err);

  if (!rc && trace->lost)
    rc = lun_error_nomem(err);
  if (!rc)
    *out = lun_cred_ref(cred);
  lun_cred_unref(cred);
  return rc;
}

/* -------------------------------------------------------- by reference -- */

static lun_session *find_derived(const lun_session *session,
                                 const struct lun_ref *ref)
{
  const struct derived *at = session->derived;

  while (at != NULL && !(lun_text_equal(at->profile, ref->profile) &&
                         lun_text_equal(at->role, ref->role) &&
                         lun_text_equal(at->external_id, ref->external_id)))
    at = at->next;
  return at != NULL ? at->session : NULL;
}

/* The session of another profile; what was set in code stays. */
static enum lun_code with_profile(lun_session **out, lun_session *session,
                                  const char *profile, struct lun_error *err)
{
  const struct lun_settings *settings = session->settings;
  struct lun_session_options options = {.size = sizeof(options)};

  options.profile = profile;
  options.region = settings->region_explicit ? settings->region : NULL;
  options.endpoint_url = settings->endpoint_url;
  options.deadline_ms = settings->deadline_ms;
  options.max_attempts = settings->max_attempts;
  options.mfa_code = settings->mfa_code;
  options.mfa_data = settings->mfa_data;
  options.wait = settings->wait ? 1 : -1;
  return make(out, session->run, &options, &settings->env, err);
}

static enum lun_code make_for_ref(lun_session **out, lun_session *session,
                                  const struct lun_ref *ref,
                                  struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_role_options options = {.size = sizeof(options)};
  lun_session *base = NULL;

  if (ref->profile == NULL)
    base = lun_session_ref(session);
  else
    rc = with_profile(&base, session, ref->profile, err);
  if (rc || ref->role == NULL) {
    *out = base;
    return rc;
  }
  options.role_arn = ref->role;
  options.external_id = ref->external_id;
  rc = make_role(out, base, &options, ref->region, err);
  lun_session_unref(base);
  return rc;
}

static bool keep(char **field, lun_ctx *ctx, const char *text)
{
  *field = lun_mem_strdup(ctx, text);
  return text == NULL || *field != NULL;
}

enum lun_code lun_session_for_ref(lun_session **out, lun_session *session,
                                  const struct lun_ref *ref,
                                  struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_session *found = NULL;
  struct derived *derived = NULL;

  if (ref->profile == NULL && ref->role == NULL) {
    *out = lun_session_ref(session);
    return LUN_OK;
  }
  found = find_derived(session, ref);
  if (found != NULL) {
    *out = lun_session_ref(found);
    return LUN_OK;
  }
  derived = lun_mem_alloc(session->ctx, sizeof(*derived));
  if (derived == NULL)
    return lun_error_nomem(err);
  rc = make_for_ref(&derived->session, session, ref, err);
  if (!rc && (!keep(&derived->profile, session->ctx, ref->profile) ||
              !keep(&derived->role, session->ctx, ref->role) ||
              !keep(&derived->external_id, session->ctx, ref->external_id)))
    rc = lun_error_nomem(err);
  if (rc) {
    derived_free(session->ctx, derived);
    return rc;
  }
  derived->next = session->derived;
  session->derived = derived;
  *out = lun_session_ref(derived->session);
  return LUN_OK;
}
