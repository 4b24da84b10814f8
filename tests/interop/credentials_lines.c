/*
 * credentials_lines: resolves credentials and endpoints in environments that
 * come one a line, and answers each with a line of JSON.  The parts of a line
 * are separated by US (0x1f): the profile that is asked for in code ("" for
 * none), then variables as NAME=VALUE.
 *
 *   {"provider": ..., "key": ..., "account": ..., "region": ...,
 *    "sts": URL, "secretsmanager": URL}
 *
 * What there is none of is left out; an "error", "sts_error" or
 * "secretsmanager_error" stands where one came in between.
 */
#include "../../core/aws/session.h"
#include "../../core/conf/target.h"
#include "../../core/text/jstring.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define SEPARATOR      '\x1f'
#define VARIABLES      64

struct order {
  const char *profile; /* NULL: none */
  const char *variables[VARIABLES];
  size_t nvariables;
};

/* Cuts the line into its parts, in place. */
static bool read_order(struct order *order, char *line)
{
  char *next = NULL;

  line[strcspn(line, "\n")] = '\0';
  for (; line != NULL; line = next) {
    next = strchr(line, SEPARATOR);
    if (next != NULL)
      *next++ = '\0';
    if (order->profile == NULL)
      order->profile = line;
    else if (order->nvariables < VARIABLES && strchr(line, '=') != NULL)
      order->variables[order->nvariables++] = line;
    else
      return false;
  }
  if (order->profile[0] == '\0')
    order->profile = NULL;
  return true;
}

static const char *get_variable(void *data, const char *name)
{
  const struct order *order = data;
  size_t len = strlen(name);
  size_t i = 0;

  for (i = 0; i < order->nvariables; i++)
    if (strncmp(order->variables[i], name, len) == 0 &&
        order->variables[i][len] == '=')
      return order->variables[i] + len + 1;
  return NULL;
}

/* -------------------------------------------------------------- answers -- */

static void put(struct lun_buf *out, const char *key, const char *text)
{
  if (text == NULL)
    return;
  lun_buf_addf(out, "%s\"%s\": ", out->len > 1 ? ", " : "", key);
  lun_json_quote(out, lun_span_of(text));
}

static void put_cred(struct lun_buf *out, lun_session *session)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_cred *cred = NULL;

  if (lun_session_credentials(&cred, session, &err)) {
    put(out, "error", err.message);
    return;
  }
  put(out, "provider", cred->provider);
  put(out, "key", cred->access_key_id);
  put(out, "account", cred->account_id);
  lun_cred_unref(cred);
}

static void put_target(struct lun_buf *out, lun_session *session,
                       enum lun_service_id id)
{
  struct lun_error err = {.code = LUN_OK};
  const struct lun_service *service = lun_service_get(id);
  struct lun_target target;
  char key[64] = "";

  lun_target_init(&target, lun_session_ctx(session));
  if (lun_target_find(&target, lun_session_settings(session), service, NULL,
                      &err)) {
    (void)snprintf(key, sizeof(key), "%s_error", service->name);
    put(out, key, err.message);
  } else {
    put(out, service->name, lun_buf_text(&target.url));
  }
  lun_target_done(&target);
}

static void resolve(struct lun_buf *out, lun_ctx *ctx, struct order *order)
{
  struct lun_session_options options = {.size = sizeof(options),
                                        .profile = order->profile};
  struct lun_env env = {.get = get_variable, .data = order};
  struct lun_error err = {.code = LUN_OK};
  lun_session *session = NULL;

  if (lun_session_make(&session, ctx, &options, &env, &err)) {
    put(out, "error", err.message);
    return;
  }
  put_cred(out, session);
  put(out, "region", lun_session_region(session));
  put_target(out, session, LUN_SERVICE_STS);
  put_target(out, session, LUN_SERVICE_SM);
  lun_session_unref(session);
}

static void answer(lun_ctx *ctx, char *line)
{
  struct lun_buf out = LUN_BUF_INIT(ctx, LINE_MAX_BYTES);
  struct order order = {.profile = NULL};

  lun_buf_addc(&out, '{');
  if (read_order(&order, line))
    resolve(&out, ctx, &order);
  else
    put(&out, "error", "no order");
  lun_buf_addc(&out, '}');
  puts(lun_buf_text(&out));
  fflush(stdout);
  lun_buf_done(&out);
}

int main(void)
{
  char *line = NULL;
  size_t room = 0;
  lun_ctx *ctx = NULL;
  int status = 0;

  if (lun_ctx_new(&ctx, NULL))
    return 1;
  while (getline(&line, &room, stdin) > 0)
    answer(ctx, line);
  free(line);
  if (ctx->account.live_blocks != 0 || ctx->live_secrets != 0) {
    fprintf(stderr, "%zu blocks and %zu secrets were not released\n",
            ctx->account.live_blocks, ctx->live_secrets);
    status = 1;
  }
  lun_ctx_free(ctx);
  return status;
}
