/*
 * An entry is one fetch and, once it is done, its value.  The session's list
 * has a reference, and so has every handle; a handle keeps its session, so an
 * entry never outlives the session whose credentials it uses.  An entry that
 * no handle waits for any more is stopped.
 */
#include "fetch.h"

#include "../base/error.h"
#include "operation.h"

struct lun_entry {
  struct lun_task task; /* first: the steps get it */
  lun_session *session; /* borrowed */
  struct lun_entry *next;
  int refs;
  bool listed;

  char *id; /* what SecretId names */
  bool arn; /* it is an ARN */
  char *name;
  char *region; /* NULL: the session's */
  char *stage;  /* NULL: none is asked for */
  char *version;

  struct lun_operation operation;
  bool operating;
  struct lun_value *value;
};

struct lun_fetch {
  lun_session *session;
  struct lun_entry *entry;
};

/* -------------------------------------------------------------- entries -- */

static void entry_unref(struct lun_entry *entry)
{
  lun_ctx *ctx = NULL;

  if (entry == NULL || --entry->refs > 0)
    return;
  ctx = lun_session_ctx(entry->session);
  lun_task_stop(&entry->task);
  lun_operation_done(&entry->operation);
  lun_value_unref(entry->value);
  lun_mem_free(ctx, entry->id);
  lun_mem_free(ctx, entry->name);
  lun_mem_free(ctx, entry->region);
  lun_mem_free(ctx, entry->stage);
  lun_mem_free(ctx, entry->version);
  lun_mem_free(ctx, entry);
}

static void unlist(struct lun_entry *entry)
{
  struct lun_entry **at = &lun_session_cache(entry->session)->entries;

  if (!entry->listed)
    return;
  while (*at != entry)
    at = &(*at)->next;
  *at = entry->next;
  entry->next = NULL;
  entry->listed = false;
  entry_unref(entry);
}

static bool under_way(const struct lun_entry *entry)
{
  return entry->task.started && !entry->task.done;
}

static bool failed(const struct lun_entry *entry)
{
  return entry->task.done && entry->task.rc != LUN_OK;
}

/* AWSCURRENT is always said, so that a policy's condition on the stage can
 * see it (aws-behaviour.md section 10.2). */
static const char *stage_of(const struct lun_ref *ref)
{
  if (ref->stage != NULL || ref->version != NULL)
    return ref->stage;
  return "AWSCURRENT";
}

static struct lun_entry *find(lun_session *session, const struct lun_ref *ref)
{
  struct lun_entry *entry = lun_session_cache(session)->entries;

  while (entry != NULL && !(lun_text_equal(entry->id, ref->text) &&
                            lun_text_equal(entry->region, ref->region) &&
                            lun_text_equal(entry->stage, stage_of(ref)) &&
                            lun_text_equal(entry->version, ref->version)))
    entry = entry->next;
  return entry;
}

/* -------------------------------------------------------------- request -- */

static void put(struct lun_buf *body, const char *name, const char *text)
{
  if (text == NULL)
    return;
  lun_buf_addf(body, "%s\"%s\":", body->len > 1 ? "," : "", name);
  lun_json_quote(body, lun_span_of(text));
}

static enum lun_code send(struct lun_entry *entry, struct lun_error *err)
{
  struct lun_buf *body = &entry->operation.body;

  lun_operation_init(&entry->operation, entry->session, LUN_OP_GetSecretValue);
  entry->operating = true;
  lun_buf_addc(body, '{');
  put(body, "SecretId", entry->id);
  put(body, "VersionId", entry->version);
  put(body, "VersionStage", entry->stage);
  lun_buf_addc(body, '}');
  return lun_operation_start(&entry->operation, entry->region, err);
}

/* --------------------------------------------------------------- answer -- */

/* True if GOT is ASKED and the ending of an ARN. */
static bool completes(struct lun_span got, struct lun_span asked)
{
  return got.len == asked.len + LUN_ARN_SUFFIX && lun_arn_suffixed(got) &&
         strncmp(got.ptr, asked.ptr, asked.len) == 0;
}

static const char *region_of(const struct lun_entry *entry)
{
  return entry->operation.region.region;
}

/*
 * True if TEXT is the ARN of the secret that was asked for: the very ARN, the
 * one that an ARN without its ending stands for, or that of the name in the
 * region that was asked.
 */
static bool is_asked(const struct lun_entry *entry, const char *text)
{
  static const char kind[] = "secret:";
  struct lun_span got = lun_span_of(text);
  struct lun_span asked = lun_span_of(entry->id);
  struct lun_arn arn = {0};

  if (entry->arn)
    return lun_span_is(got, entry->id) || completes(got, asked);
  if (!lun_arn_parse(&arn, got) || !lun_text_prefix(arn.resource, kind) ||
      !lun_span_is(arn.region, region_of(entry)))
    return false;
  arn.resource.ptr += sizeof(kind) - 1;
  arn.resource.len -= sizeof(kind) - 1;
  return completes(arn.resource, asked);
}

static enum lun_code read_answer(struct lun_entry *entry, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_value *value = NULL;

  rc = lun_value_read(&value, lun_session_ctx(entry->session),
                      lun_buf_view(&entry->operation.answer), err);
  if (!rc && !is_asked(entry, value->arn))
    rc = lun_error_set(err, LUN_ESERVICE, "the answer is for another secret");
  if (rc) {
    lun_value_unref(value);
    return rc;
  }
  entry->value = value;
  return LUN_OK;
}

/* --------------------------------------------------------------- advice -- */

/* A secret that is not there, from what was asked. */
static void advise_missing(const struct lun_entry *entry, struct lun_error *err)
{
  struct lun_span id = lun_span_of(entry->id);

  if (entry->arn)
    lun_error_hint(err, "check the ARN to its last six characters: a secret "
                        "that was deleted and made again has others");
  else if (lun_arn_suffixed(id))
    lun_error_hint(err,
                   "looked for in %s; the name ends as an ARN does: did you "
                   "mean \"%.*s\"?",
                   region_of(entry), (int)(id.len - LUN_ARN_SUFFIX), id.ptr);
  else
    lun_error_hint(err,
                   "looked for in %s, in the caller's own account: check both; "
                   "a secret of another account is named by its full ARN",
                   region_of(entry));
}

#define NO_SUFFIX                                                              \
  "the ARN has no six-character suffix (-AbCdEf): write it whole"

/* Denied or not there: across accounts, and for policies that name the whole
 * ARN, a part of it is no secret's name. */
static void advise_suffix(struct lun_error *err)
{
  char hint[sizeof(err->hint)] = "";

  memcpy(hint, err->hint, sizeof(hint));
  if (err->code == LUN_EACCESS && hint[0] != '\0')
    lun_error_hint(err, NO_SUFFIX "; if it is denied then, %s", hint);
  else
    lun_error_hint(err, NO_SUFFIX);
}

/*
 * What the call's advice cannot know: whether a name was asked for or an ARN,
 * and which.  AWS looks for a bare name in the caller's account, and answers
 * with a denial if the caller may not read there.
 */
static void advise(const struct lun_entry *entry, struct lun_error *err)
{
  bool missing = strcmp(err->aws_code, "ResourceNotFoundException") == 0 &&
                 strstr(err->message, "staging label") == NULL &&
                 strstr(err->message, "VersionId") == NULL;
  bool denied = err->code == LUN_EACCESS &&
                strstr(err->message, "is not authorized") != NULL;

  if (entry->arn && !lun_arn_suffixed(lun_span_of(entry->id)) &&
      (missing || denied))
    advise_suffix(err);
  else if (missing)
    advise_missing(entry, err);
  else if (denied && !entry->arn &&
           strstr(err->message, "no identity-based policy") != NULL)
    lun_error_hint(err, "a name is looked for in the caller's own account: "
                        "allow the action there in the caller's identity "
                        "policy, or name a secret of another account by its "
                        "full ARN");
}

/* ----------------------------------------------------------------- task -- */

static enum lun_step end(struct lun_entry *entry, enum lun_code rc)
{
  if (rc)
    lun_error_prefix(&entry->task.err, "secret %s: ", entry->name);
  return lun_task_end(&entry->task, rc, NULL);
}

static enum lun_step step(struct lun_task *task)
{
  struct lun_entry *entry = (struct lun_entry *)(void *)task;
  enum lun_code rc = LUN_OK;

  if (!entry->operating) {
    rc = send(entry, &task->err);
    if (rc)
      return end(entry, rc);
  }
  if (!lun_task_await(task, &entry->operation.task))
    return LUN_STEP_WAIT;
  rc = entry->operation.task.rc;
  task->err = entry->operation.task.err;
  if (rc)
    advise(entry, &task->err);
  else
    rc = read_answer(entry, &task->err);
  lun_operation_done(&entry->operation);
  return end(entry, rc);
}

static void cancel(struct lun_task *task)
{
  lun_operation_done(&((struct lun_entry *)(void *)task)->operation);
}

static bool keep(char **field, lun_ctx *ctx, const char *text)
{
  *field = lun_mem_strdup(ctx, text);
  return text == NULL || *field != NULL;
}

static enum lun_code entry_new(struct lun_entry **out, lun_session *session,
                               const struct lun_ref *ref, struct lun_error *err)
{
  lun_ctx *ctx = lun_session_ctx(session);
  struct lun_entry *entry = lun_mem_alloc(ctx, sizeof(*entry));

  if (entry == NULL)
    return lun_error_nomem(err);
  entry->session = session;
  entry->refs = 1;
  entry->task.step = step;
  entry->task.cancel = cancel;
  entry->arn = ref->arn;
  if (!keep(&entry->id, ctx, ref->text) ||
      !keep(&entry->name, ctx, ref->name) ||
      !keep(&entry->region, ctx, ref->region) ||
      !keep(&entry->stage, ctx, stage_of(ref)) ||
      !keep(&entry->version, ctx, ref->version)) {
    entry_unref(entry);
    return lun_error_nomem(err);
  }
  *out = entry;
  return LUN_OK;
}

/* Puts a new entry on the session's list, which has its one reference, and
 * sets it going. */
static void entry_start(struct lun_entry *entry)
{
  lun_session *session = entry->session;
  struct lun_session_cache *cache = lun_session_cache(session);

  entry->next = cache->entries;
  entry->listed = true;
  cache->entries = entry;
  cache->drop = lun_fetch_forget_all;
  lun_task_start(lun_session_loop(session), &entry->task,
                 lun_session_deadline(session));
}

/* -------------------------------------------------------------- handles -- */

enum lun_code lun_fetch_start(lun_fetch **out, lun_session *session,
                              const struct lun_ref *ref, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_fetch *fetch = lun_mem_alloc(lun_session_ctx(session), sizeof(*fetch));
  struct lun_entry *entry = find(session, ref);

  if (fetch == NULL)
    return lun_error_nomem(err);
  if (entry != NULL && failed(entry)) {
    unlist(entry);
    entry = NULL;
  }
  if (entry == NULL) {
    rc = entry_new(&entry, session, ref, err);
    if (rc) {
      lun_mem_free(lun_session_ctx(session), fetch);
      return rc;
    }
    entry_start(entry);
  }
  entry->refs++;
  fetch->entry = entry;
  fetch->session = lun_session_ref(session);
  *out = fetch;
  return LUN_OK;
}

enum lun_code lun_fetch_wait(lun_fetch *fetch, struct lun_value **out,
                             struct lun_error *err)
{
  struct lun_entry *entry = fetch->entry;
  enum lun_code rc = lun_session_run(fetch->session, &entry->task, err);

  if (!rc)
    *out = lun_value_ref(entry->value);
  return rc;
}

void lun_fetch_free(lun_fetch *fetch)
{
  lun_session *session = NULL;
  struct lun_entry *entry = NULL;

  if (fetch == NULL)
    return;
  session = fetch->session;
  entry = fetch->entry;
  /* The list's reference and this one: nobody else waits. */
  if (entry->listed && entry->refs == 2 && (under_way(entry) || failed(entry)))
    unlist(entry);
  entry_unref(entry);
  lun_mem_free(lun_session_ctx(session), fetch);
  lun_session_unref(session);
}

void lun_fetch_forget(lun_session *session, const struct lun_value *value)
{
  struct lun_entry *entry = lun_session_cache(session)->entries;

  while (entry != NULL && entry->value != value)
    entry = entry->next;
  if (entry != NULL)
    unlist(entry);
}

void lun_fetch_forget_all(lun_session *session)
{
  struct lun_session_cache *cache = lun_session_cache(session);

  while (cache->entries != NULL)
    unlist(cache->entries);
}
