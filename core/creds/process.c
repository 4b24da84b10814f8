/*
 * A program that prints credentials (aws-behaviour.md section 3.5), run like
 * botocore runs it: without a shell, with the whole environment, for it may
 * need our credentials to get its own, and without input, and with the
 * terminal only where somebody sits at it: some ask for a code.
 *
 * Of the profile's line no more than the program's name gets into an error:
 * passwords are given to programs as arguments.  The same goes for what it
 * prints, but for the last line of its standard error, without whatever of
 * that is in its output or in our environment's credentials.
 */
#include "provider.h"

#include "../base/error.h"
#include "../net/run.h"
#include "../text/redact.h"
#include "document.h"

#include <inttypes.h>
#include <unistd.h>

#define KEY       "credential_process"
#define LIMIT_MS  60000
#define WORDS_LEN 200 /* of its standard error */
#define SHOULD                                                                 \
  "it has to print one JSON object: Version 1, AccessKeyId, SecretAccessKey, " \
  "and SessionToken and Expiration if there are any"

struct process_provider {
  struct lun_provider base;
  struct lun_setting setting;
  char *program;
  struct lun_run run;
};

static struct process_provider *process_of(struct lun_task *task)
{
  return (struct process_provider *)(void *)task;
}

static void release(struct lun_provider *base)
{
  struct process_provider *provider = (struct process_provider *)(void *)base;

  lun_run_done(&provider->run);
  lun_mem_free(base->place->ctx, provider->program);
  provider->program = NULL;
}

static void cancel(struct lun_task *task)
{
  lun_run_done(&process_of(task)->run);
}

/* ------------------------------------------------------------ beginning -- */

/* A variable that a shell would set for the command alone; it may well be
 * a password. */
static enum lun_code refuse_variable(const char *word, struct lun_error *err)
{
  struct lun_span name = {word, strcspn(word, "=")};

  if (word[name.len] == '\0' || !lun_text_of(name, "_"))
    return LUN_OK;
  (void)lun_error_set(err, LUN_EINVALID,
                      "the command begins with a variable, not a program");
  lun_error_hint(err, "no shell runs it: begin it with the program env, as "
                      "env NAME=VALUE PROGRAM");
  return LUN_EINVALID;
}

static enum lun_code start(struct process_provider *provider, char **words,
                           struct lun_error *err)
{
  lun_loop *loop = provider->base.place->loop;
  int64_t deadline = provider->base.task.deadline;
  int64_t until = lun_clock_mono_ms(lun_loop_ctx(loop)) + LIMIT_MS;
  struct lun_spawn_options options = {
      .argv = (const char *const *)words,
      .env = (const char *const *)environ,
      .limit = LUN_DOCUMENT_MAX,
      .whole = true,
      .errors = true,
  };

  return lun_run_start(&provider->run, loop, &options, true,
                       deadline == 0 || until < deadline ? until : deadline,
                       err);
}

static enum lun_code begin(struct process_provider *provider,
                           struct lun_error *err)
{
  lun_ctx *ctx = provider->base.place->ctx;
  char **words = NULL;
  enum lun_code rc = lun_words_split(&words, ctx, provider->setting.value, err);

  if (!rc)
    rc = refuse_variable(words[0], err);
  if (!rc) {
    provider->program = lun_mem_strdup(ctx, words[0]);
    if (provider->program == NULL)
      rc = lun_error_nomem(err);
  }
  if (!rc)
    rc = start(provider, words, err);
  lun_words_free(ctx, words);
  return rc;
}

/* ------------------------------------------------------------ its words -- */

static struct lun_span last_line(struct lun_span text)
{
  const char *begin = NULL;

  text = lun_text_trim(text);
  begin = text.len == 0 ? NULL : memrchr(text.ptr, '\n', text.len);
  if (begin == NULL)
    return text;
  return lun_text_trim(
      (struct lun_span){begin + 1, (size_t)(text.ptr + text.len - begin) - 1});
}

/* ": " and the last line of its standard error, or nothing. */
static enum lun_code last_words(char out[WORDS_LEN + 3],
                                const struct process_provider *provider,
                                struct lun_error *err)
{
  static const char *const names[] = {
      "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"};
  const struct lun_place *place = provider->base.place;
  struct lun_span output =
      lun_text_trim(lun_child_output(provider->run.child, NULL));
  struct lun_buf text = LUN_BUF_INIT(place->ctx, SIZE_MAX / 2);
  struct lun_span secrets[4];
  struct lun_span line = {NULL, 0};
  size_t count = 0;
  enum lun_code rc = LUN_OK;

  for (count = 0; count < sizeof(names) / sizeof(names[0]); count++)
    secrets[count] =
        lun_span_of(lun_env_get(&place->settings->env, names[count]));
  if (lun_text_prefix(output, "{"))
    secrets[count++] = output; /* credentials, or what was to be some */
  rc = lun_redact(&text, lun_child_errors(provider->run.child), secrets, count,
                  err);
  out[0] = '\0';
  line = last_line(lun_buf_view(&text));
  if (!rc && line.len > 0) {
    memcpy(out, ": ", 2);
    lun_error_text(out + 2, WORDS_LEN + 1, line);
  }
  lun_buf_done(&text);
  return rc;
}

/* ------------------------------------------------------------ its end -- */

static enum lun_code too_slow(const struct process_provider *provider,
                              const char *words, struct lun_error *err)
{
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "'%s' had not ended after %d s, and was killed%s",
                      provider->program, LIMIT_MS / 1000, words);
  lun_error_hint(err, "it gets no input: one that asks for a code or a "
                      "password waits for ever");
  return LUN_ECREDENTIALS;
}

/* Its end was not a good one. */
static enum lun_code ended_badly(const struct process_provider *provider,
                                 struct lun_error *err)
{
  const struct lun_run *run = &provider->run;
  char words[WORDS_LEN + 3] = "";
  bool cut = false;
  enum lun_code rc = last_words(words, provider, err);

  if (rc)
    return rc;
  if (run->task.rc == LUN_EDEADLINE)
    return too_slow(provider, words, err);
  (void)lun_child_output(run->child, &cut);
  if (cut) {
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "the output of '%s' is larger than %zu bytes",
                        provider->program, LUN_DOCUMENT_MAX);
    lun_error_hint(err, SHOULD);
    return LUN_ECREDENTIALS;
  }
  if (run->end.signal != 0)
    (void)lun_error_set(err, LUN_ECREDENTIALS,
                        "'%s' was ended by signal %d (%s)%s", provider->program,
                        run->end.signal, strsignal(run->end.signal), words);
  else
    (void)lun_error_set(err, LUN_ECREDENTIALS, "'%s' ended with status %d%s",
                        provider->program, run->end.status, words);
  lun_error_hint(err, words[0] == '\0'
                          ? "it did not say why: run it by hand to see"
                          : "run it by hand to see all that it says");
  return LUN_ECREDENTIALS;
}

/* --------------------------------------------------------------- output -- */

static enum lun_code check_version(const struct lun_document *doc,
                                   struct lun_error *err)
{
  char text[32] = "<Version key not provided>";
  int64_t version = 0;
  bool found = false;
  enum lun_code rc = lun_document_int(&version, &found, doc, 0, "Version", err);

  if (rc || (found && version == 1))
    return rc;
  if (found)
    (void)snprintf(text, sizeof(text), "%" PRId64, version);
  return lun_error_set(err, LUN_ECREDENTIALS,
                       "Unsupported version '%s' for credential process "
                       "provider, supported versions: 1",
                       text);
}

static enum lun_code read_output(struct lun_cred **out, lun_ctx *ctx,
                                 struct lun_span output, const char *account_id,
                                 const char *name, struct lun_error *err)
{
  static const struct lun_document_names names = {
      .access_key_id = "AccessKeyId",
      .secret_access_key = "SecretAccessKey",
      .session_token = "SessionToken",
      .expiration = "Expiration",
      .account_id = "AccountId"};
  struct lun_document doc = {0};
  enum lun_code rc = lun_document_open(&doc, ctx, output, "its output", err);

  if (!rc)
    rc = check_version(&doc, err);
  if (!rc)
    rc = lun_document_cred(out, &doc, 0, &names, name, account_id, err);
  if (rc == LUN_ECREDENTIALS)
    lun_error_hint(err, SHOULD);
  lun_document_close(&doc);
  return rc;
}

static enum lun_code describe(struct lun_provider *base, const char *program,
                              struct lun_error *err)
{
  struct lun_buf end = LUN_BUF_INIT(base->place->ctx, 32);
  enum lun_code rc = LUN_OK;

  if (base->cred->expires_at != 0)
    lun_text_put_iso(&end, base->cred->expires_at);
  lun_provider_reason(base->found, "keys from '%s' that %s%s", program,
                      end.len > 0 ? "expire at " : "do not expire",
                      lun_buf_text(&end));
  rc = lun_buf_status(&end, "a date", err);
  lun_buf_done(&end);
  return rc;
}

static enum lun_code judge(struct process_provider *provider,
                           struct lun_error *err)
{
  struct lun_provider *base = &provider->base;
  const struct lun_run *run = &provider->run;
  enum lun_code rc = run->task.rc;
  struct lun_span output = {NULL, 0};
  bool cut = false;

  if (rc && rc != LUN_EDEADLINE) {
    *err = run->task.err;
    return rc;
  }
  output = lun_child_output(run->child, &cut);
  if (rc || cut || run->end.signal != 0 || run->end.status != 0)
    return ended_badly(provider, err);
  rc = read_output(&base->cred, base->place->ctx, output,
                   lun_provider_get(base, "aws_account_id").value, base->name,
                   err);
  if (!rc)
    rc = describe(base, provider->program, err);
  return rc;
}

/* ---------------------------------------------------------------- steps -- */

/* The end with an error: which provider, and which line asks for it. */
static enum lun_step failed(struct process_provider *provider, enum lun_code rc)
{
  struct lun_error *err = &provider->base.task.err;

  if (rc == LUN_EINVALID || rc == LUN_EFILE)
    rc = err->code = LUN_ECREDENTIALS;
  if (rc == LUN_ECREDENTIALS)
    lun_error_prefix(
        err, "Error when retrieving credentials from %s: " KEY " in %s:%d: ",
        provider->base.name, provider->setting.path, provider->setting.line);
  return lun_task_end(&provider->base.task, rc, NULL);
}

static enum lun_step step(struct lun_task *task)
{
  struct process_provider *provider = process_of(task);
  struct lun_provider *base = &provider->base;
  enum lun_code rc = LUN_OK;

  if (!provider->run.task.started) {
    provider->setting = lun_provider_get(base, KEY);
    if (provider->setting.value == NULL) {
      lun_provider_reason(base->looked, "profile \"%s\"", base->profile);
      return lun_provider_pass(base, "no " KEY);
    }
    lun_provider_reason(base->looked, KEY " in %s:%d", provider->setting.path,
                        provider->setting.line);
    rc = begin(provider, &task->err);
    if (rc)
      return failed(provider, rc);
  }
  if (!lun_task_await(task, &provider->run.task))
    return LUN_STEP_WAIT;
  rc = judge(provider, &task->err);
  if (rc)
    return failed(provider, rc);
  return lun_task_end(task, LUN_OK, NULL);
}

enum lun_code lun_provider_process(struct lun_provider **out,
                                   struct lun_place *place,
                                   const char *source_profile,
                                   struct lun_error *err)
{
  enum lun_code rc =
      lun_provider_new(out, sizeof(struct process_provider), "custom-process",
                       step, place, source_profile, err);

  if (rc)
    return rc;
  lun_run_init(&((struct process_provider *)(void *)*out)->run);
  (*out)->task.cancel = cancel;
  (*out)->release = release;
  return LUN_OK;
}
