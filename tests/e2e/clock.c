/*
 * clock NOW [PROFILE]: a session in the environment that this is run in, whose
 * clocks are moved.  NOW is what the wall clock says at first, in seconds since
 * 1970.  Each line that comes in is an order, and is answered by one line of
 * JSON:
 *
 *   ask WAITS          the credentials, by so many waits at once
 *   settle             waits until nothing is renewed any more
 *   move WALL MONO     moves the two clocks by so many seconds
 *   set NAME VALUE     sets a variable of the environment; VALUE is the rest
 *
 * Exit status 3 if memory was not given back.
 */
#include "../../core/aws/session.h"
#include "../../core/base/error.h"
#include "../../core/creds/source.h"
#include "../../core/text/jstring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)1 << 16)
#define DEADLINE_MS    60000
#define WAITS_MAX      8

/* The wall clock stands; the monotonic one goes on, since what waits for the
 * network waits by it, and is ahead. */
struct clocks {
  int64_t wall_ms;
  int64_t ahead_ms;
  struct lun_clock system;
};

static int64_t wall_ms(void *data)
{
  return ((const struct clocks *)data)->wall_ms;
}

static int64_t mono_ms(void *data)
{
  const struct clocks *clocks = data;

  return clocks->system.mono_ms(clocks->system.data) + clocks->ahead_ms;
}

/* ------------------------------------------------------------- printing -- */

static void put_span(struct lun_buf *out, const char *key, struct lun_span text)
{
  lun_buf_addf(out, "%s\"%s\": ", out->ptr[out->len - 1] == '{' ? "" : ", ",
               key);
  lun_json_quote(out, text);
}

static void put_text(struct lun_buf *out, const char *key, const char *text)
{
  if (text != NULL)
    put_span(out, key, lun_span_of(text));
}

static void put_cred(struct lun_buf *out, const struct lun_cred *cred)
{
  put_text(out, "access_key_id", cred->access_key_id);
  put_span(out, "secret_access_key", lun_secret_view(cred->secret_access_key));
  put_span(out, "session_token", lun_secret_view(cred->session_token));
  put_text(out, "account_id", cred->account_id);
  put_text(out, "provider", cred->provider);
  lun_buf_addf(out, ", \"expiry\": %" PRId64, cred->expires_at);
}

static void put_error(struct lun_buf *out, enum lun_code rc,
                      const struct lun_error *err)
{
  put_text(out, "error", lun_code_kind(rc));
  put_text(out, "message", err->message);
  put_text(out, "hint", err->hint);
}

/* --------------------------------------------------------------- orders -- */

/* The last of several waits; the others have to end with the same. */
static enum lun_code ask(struct lun_buf *out, lun_session *session, size_t n,
                         struct lun_error *err)
{
  struct lun_cred_wait waits[WAITS_MAX] = {{.source = NULL}};
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  for (i = 0; i < n; i++) {
    lun_cred_wait_init(&waits[i], lun_session_source(session));
    lun_cred_wait_start(&waits[i], NULL, lun_session_deadline(session));
  }
  for (i = 0; i < n; i++)
    rc = lun_loop_run(lun_session_loop(session), &waits[i].task, err);
  if (!rc)
    put_cred(out, waits[n - 1].cred);
  for (i = 0; !rc && i < n; i++)
    if (waits[i].cred != waits[n - 1].cred)
      rc = lun_error_set(err, LUN_EINVALID, "one wait got other credentials");
  for (i = 0; i < n; i++)
    lun_cred_wait_done(&waits[i]);
  return rc;
}

struct settling {
  struct lun_task task;
  lun_source *source;
};

static enum lun_step settling_step(struct lun_task *task)
{
  struct lun_task *refresh =
      &((struct settling *)(void *)task)->source->refresh;

  if (refresh->started && !lun_task_await(task, refresh))
    return LUN_STEP_WAIT;
  return lun_task_end(task, LUN_OK, NULL);
}

static enum lun_code settle(lun_session *session, struct lun_error *err)
{
  struct settling settling = {.task.step = settling_step,
                              .source = lun_session_source(session)};
  enum lun_code rc = LUN_OK;

  lun_task_start(lun_session_loop(session), &settling.task,
                 lun_session_deadline(session));
  rc = lun_loop_run(lun_session_loop(session), &settling.task, err);
  lun_task_stop(&settling.task);
  return rc;
}

static enum lun_code obey(struct lun_buf *out, lun_session *session,
                          struct clocks *clocks, const char *line,
                          struct lun_error *err)
{
  size_t waits = 0;
  int64_t wall = 0;
  int64_t mono = 0;
  char name[64] = "";
  int value = 0;

  if (strcmp(line, "settle") == 0)
    return settle(session, err);
  if (sscanf(line, "ask %zu", &waits) == 1 && waits > 0 && waits <= WAITS_MAX)
    return ask(out, session, waits, err);
  if (sscanf(line, "move %" SCNd64 " %" SCNd64, &wall, &mono) == 2) {
    clocks->wall_ms += wall * 1000;
    clocks->ahead_ms += mono * 1000;
    return LUN_OK;
  }
  if (sscanf(line, "set %63s %n", name, &value) == 1 && value > 0)
    return setenv(name, line + value, 1) == 0 ? LUN_OK : lun_error_nomem(err);
  return lun_error_set(err, LUN_EINVALID, "there is no order \"%s\"", line);
}

/* Answers each order; false if one could not be answered. */
static bool serve(lun_session *session, struct clocks *clocks,
                  struct lun_buf *out)
{
  char line[8192] = "";

  while (fgets(line, sizeof(line), stdin) != NULL) {
    struct lun_error err = {.code = LUN_OK};
    enum lun_code rc = LUN_OK;

    line[strcspn(line, "\n")] = '\0';
    lun_buf_cut(out, 0);
    lun_buf_addc(out, '{');
    rc = obey(out, session, clocks, line, &err);
    if (rc) {
      lun_buf_cut(out, 1);
      put_error(out, rc, &err);
    }
    if (lun_buf_status(out, "an answer", &err))
      return false;
    printf("%s}\n", lun_buf_text(out));
    if (fflush(stdout) != 0)
      return false;
  }
  return true;
}

static bool run(lun_ctx *ctx, struct clocks *clocks, const char *profile)
{
  struct lun_session_options options = {
      .size = sizeof(options), .profile = profile, .deadline_ms = DEADLINE_MS};
  struct lun_env env = lun_env_process();
  struct lun_buf out = LUN_BUF_INIT(ctx, LINE_MAX_BYTES);
  struct lun_error err = {.code = LUN_OK};
  lun_session *session = NULL;
  enum lun_code rc = lun_session_make(&session, ctx, &options, &env, &err);
  bool well = rc == LUN_OK;

  if (well)
    well = serve(session, clocks, &out);
  else
    fprintf(stderr, "clock: %s\n", err.message);
  lun_session_unref(session);
  lun_buf_done(&out);
  return well;
}

int main(int argc, char **argv)
{
  struct clocks clocks = {.ahead_ms = 0};
  struct lun_error err = {.code = LUN_OK};
  lun_ctx *ctx = NULL;
  bool well = false;
  bool leaked = false;

  clocks.wall_ms = argc > 1 ? strtoll(argv[1], NULL, 10) * 1000 : 0;
  if (clocks.wall_ms <= 0) {
    fprintf(stderr, "usage: clock NOW [PROFILE]\n");
    return 2;
  }
  if (lun_ctx_new(&ctx, &err))
    return 1;
  lun_clock_system(&clocks.system);
  ctx->clock.wall_ms = wall_ms;
  ctx->clock.mono_ms = mono_ms;
  ctx->clock.data = &clocks;
  well = run(ctx, &clocks, argc > 2 ? argv[2] : NULL);
  leaked = ctx->account.live_blocks != 0;
  lun_ctx_free(ctx);
  if (!well)
    return 1;
  return leaked ? 3 : 0;
}
