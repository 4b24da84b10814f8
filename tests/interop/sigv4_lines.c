/*
 * sigv4_lines: signs and checks requests that come as JSON, one a line, and
 * answers each with a line.  All bytes are base64, so that a request may hold
 * any.
 *
 *   {"op":"sign", "method":..., "path":..., "query":..., "headers":[[N,V]...],
 *    "body":..., "key":..., "secret":..., "token":..., "region":...,
 *    "service":..., "time":"20150830T123600Z", "expires":"0"}
 *     -> the signature, or "refused: WHY"
 *   {"op":"verify", ...}
 *     -> "valid", "invalid", or "refused: WHY"
 */
#include "../../core/sign/sigv4.h"
#include "../../core/text/json.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define FIELDS         12
#define HEADERS        64

enum field {
  METHOD,
  PATH,
  QUERY,
  BODY,
  KEY,
  SECRET,
  TOKEN,
  REGION,
  SERVICE,
  TIME,
  EXPIRES,
  OP
};

static const char *const field_names[FIELDS] = {
    "method", "path",   "query",   "body", "key",     "secret",
    "token",  "region", "service", "time", "expires", "op"};

struct order {
  lun_ctx *ctx;
  struct lun_json *json;
  struct lun_span line;
  struct lun_buf fields[FIELDS];
  struct lun_buf bytes; /* of the headers */
  struct lun_header headers[HEADERS];
  struct lun_sigv4_request request;
};

/* Appends a node's text, out of base64. */
static bool unpack(struct lun_buf *out, const struct order *order, size_t node)
{
  return node != 0 &&
         lun_text_unbase64(out, lun_json_raw(order->json, order->line, node));
}

static bool read_headers(struct order *order)
{
  size_t list = lun_json_member(order->json, order->line, 0,
                                LUN_SPAN_LIT("headers"), NULL);
  size_t ends[2 * HEADERS + 1] = {0};
  size_t count = 0;
  size_t pair = 0;
  size_t i = 0;

  while (count < HEADERS &&
         (pair = lun_json_element(order->json, list, count)) != 0) {
    for (i = 0; i < 2; i++) {
      if (!unpack(&order->bytes, order, lun_json_element(order->json, pair, i)))
        return false;
      ends[2 * count + i + 1] = order->bytes.len;
    }
    count++;
  }
  for (i = 0; i < count; i++) {
    const char *base = lun_buf_text(&order->bytes);
    const size_t *end = &ends[2 * i];

    order->headers[i] = (struct lun_header){{base + end[0], end[1] - end[0]},
                                            {base + end[1], end[2] - end[1]}};
  }
  order->request.headers = order->headers;
  order->request.nheaders = count;
  return true;
}

static bool read_order(struct order *order, struct lun_error *err)
{
  size_t i = 0;

  if (lun_json_parse(&order->json, order->ctx, order->line, "the line", err))
    return false;
  for (i = 0; i < FIELDS; i++) {
    lun_buf_init(&order->fields[i], order->ctx, LINE_MAX_BYTES);
    if (!unpack(&order->fields[i], order,
                lun_json_member(order->json, order->line, 0,
                                lun_span_of(field_names[i]), NULL)))
      return false;
  }
  lun_buf_init(&order->bytes, order->ctx, LINE_MAX_BYTES);
  order->request.method = lun_buf_view(&order->fields[METHOD]);
  order->request.path = lun_buf_view(&order->fields[PATH]);
  order->request.query = lun_buf_view(&order->fields[QUERY]);
  order->request.body = lun_buf_view(&order->fields[BODY]);
  return read_headers(order);
}

static void sign(struct order *order, struct lun_sigv4_result *result)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_sigv4_key key = {lun_buf_view(&order->fields[KEY]),
                              lun_buf_view(&order->fields[SECRET]),
                              lun_buf_view(&order->fields[TOKEN])};
  struct lun_sigv4_options options = {
      .region = lun_buf_view(&order->fields[REGION]),
      .service = lun_buf_view(&order->fields[SERVICE]),
  };

  if (!lun_text_date_basic(lun_buf_view(&order->fields[TIME]), &options.time) ||
      !lun_text_int(lun_buf_view(&order->fields[EXPIRES]), 0, INT64_MAX,
                    &options.expires))
    printf("refused: a bad order\n");
  else if (lun_sigv4_sign(result, &order->request, &key, &options, &err))
    printf("refused: %s\n", err.message);
  else
    printf("%s\n", lun_buf_text(&result->signature));
}

static void verify(struct order *order, struct lun_sigv4_result *result)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_sigv4_claim claim = {.ctx = order->ctx};
  bool valid = false;

  if (lun_sigv4_claim_read(&claim, order->ctx, &order->request, &err) ||
      lun_sigv4_verify(&valid, result, &order->request, &claim,
                       lun_buf_view(&order->fields[SECRET]), &err))
    printf("refused: %s\n", err.message);
  else /* the key's secret is looked up by its id: another id, no secret */
    printf("%s\n", valid && lun_span_same(claim.access_key_id,
                                          lun_buf_view(&order->fields[KEY]))
                       ? "valid"
                       : "invalid");
  lun_sigv4_claim_done(&claim);
}

static void answer(lun_ctx *ctx, struct lun_span line)
{
  struct lun_error err = {.code = LUN_OK};
  struct order order = {.ctx = ctx, .line = line};
  struct lun_sigv4_result result;
  size_t i = 0;

  lun_sigv4_result_init(&result, ctx);
  if (!read_order(&order, &err))
    printf("refused: no order: %s\n", err.message);
  else if (lun_span_is(lun_buf_view(&order.fields[OP]), "sign"))
    sign(&order, &result);
  else
    verify(&order, &result);
  lun_sigv4_result_done(&result);
  for (i = 0; i < FIELDS; i++)
    lun_buf_done(&order.fields[i]);
  lun_buf_done(&order.bytes);
  lun_json_unref(order.json);
}

int main(void)
{
  char *line = NULL;
  size_t room = 0;
  ssize_t len = 0;
  lun_ctx *ctx = NULL;
  int status = 0;

  if (lun_ctx_new(&ctx, NULL))
    return 1;
  while ((len = getline(&line, &room, stdin)) > 0)
    answer(ctx, (struct lun_span){line, (size_t)len});
  free(line);
  if (ctx->account.live_blocks != 0) {
    fprintf(stderr, "%zu blocks were not released\n", ctx->account.live_blocks);
    status = 1;
  }
  lun_ctx_free(ctx);
  return status;
}
