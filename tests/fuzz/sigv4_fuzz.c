/*
 * clang -fsanitize=fuzzer,address,undefined: the input is cut into the parts
 * of a request at its NUL bytes.  What can be signed is accepted by the other
 * side, in both forms; as a received request it is read or refused.
 */
#include "../../core/sign/canon.c"

#include "../../core/sign/sigv4.h"

#include <stdlib.h>

#define HEADERS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lun_sigv4_key key = {
    {"AKIDEXAMPLE", 11}, {"not-a-real-secret", 17}, {"token", 5}};

static void must(bool holds)
{
  if (!holds)
    abort();
}

static struct lun_span next_part(struct lun_span *rest)
{
  const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\0', rest->len);
  struct lun_span part = *rest;

  if (end != NULL)
    part.len = (size_t)(end - part.ptr);
  rest->ptr += part.len + (end != NULL);
  rest->len -= part.len + (end != NULL);
  return part;
}

/* Reads and checks a request: true if it is valid. */
static bool accepted(lun_ctx *ctx, const struct lun_sigv4_request *request)
{
  struct lun_sigv4_claim claim = {.ctx = ctx};
  struct lun_sigv4_result result;
  bool valid = false;

  lun_sigv4_result_init(&result, ctx);
  if (lun_sigv4_claim_read(&claim, ctx, request, NULL) == LUN_OK &&
      lun_sigv4_verify(&valid, &result, request, &claim, key.secret_access_key,
                       NULL))
    must(!valid);
  lun_sigv4_claim_done(&claim);
  lun_sigv4_result_done(&result);
  return valid;
}

/* True if the request has a header that only one side would sign. */
static bool has_odd_header(const struct lun_sigv4_request *request)
{
  size_t i = 0;

  for (i = 0; i < request->nheaders; i++) {
    struct lun_span name = request->headers[i].name;

    if (lun_text_same(name, LUN_SPAN_LIT("authorization")) ||
        lun_text_same(name, LUN_SPAN_LIT("x-amz-date")) ||
        lun_text_same(name, LUN_SPAN_LIT("x-amz-security-token")) ||
        lun_text_same(name, LUN_SPAN_LIT("x-amz-content-sha256")))
      return true;
  }
  return false;
}

/* True if the query claims a signature already. */
static bool claims(struct lun_span query)
{
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};

  while (lun_canon_param(&query, &name, &value))
    if (lun_text_prefix(name, "X-Amz-") || lun_text_prefix(name, "x-amz-"))
      return true;
  return false;
}

static void round_trip(lun_ctx *ctx, struct lun_sigv4_request request,
                       struct lun_header *headers, int64_t expires)
{
  struct lun_sigv4_options options = {.region = LUN_SPAN_LIT("r"),
                                      .service = LUN_SPAN_LIT("s"),
                                      .time = 1440938160,
                                      .expires = expires};
  struct lun_sigv4_result result;
  struct lun_error err = {.code = LUN_OK};

  lun_sigv4_result_init(&result, ctx);
  if (lun_sigv4_sign(&result, &request, &key, &options, &err)) {
    must(err.code == LUN_EINVALID);
  } else if (!has_odd_header(&request) && !claims(request.query)) {
    if (expires > 0) {
      request.query = lun_buf_view(&result.query);
    } else {
      headers[request.nheaders++] = (struct lun_header){
          LUN_SPAN_LIT("X-Amz-Date"), lun_span_of(result.date)};
      headers[request.nheaders++] = (struct lun_header){
          LUN_SPAN_LIT("X-Amz-Security-Token"), key.session_token};
      headers[request.nheaders++] = (struct lun_header){
          LUN_SPAN_LIT("Authorization"), lun_buf_view(&result.authorization)};
    }
    must(accepted(ctx, &request));
  }
  lun_sigv4_result_done(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lun_span rest = {(const char *)data, size};
  struct lun_header headers[HEADERS + 3];
  struct lun_sigv4_request request = {.headers = headers};
  lun_ctx *ctx = NULL;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  request.method = next_part(&rest);
  request.path = next_part(&rest);
  request.query = next_part(&rest);
  request.body = next_part(&rest);
  headers[request.nheaders++] =
      (struct lun_header){LUN_SPAN_LIT("Host"), LUN_SPAN_LIT("h")};
  while (rest.len > 0 && request.nheaders < HEADERS) {
    headers[request.nheaders].name = next_part(&rest);
    headers[request.nheaders++].value = next_part(&rest);
  }
  (void)accepted(ctx, &request);
  round_trip(ctx, request, headers, 0);
  round_trip(ctx, request, headers, 60);
  must(ctx->account.live_blocks == 0);
  lun_ctx_free(ctx);
  return 0;
}
