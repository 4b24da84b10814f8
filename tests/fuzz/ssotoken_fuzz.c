/*
 * clang -fsanitize=fuzzer,address,undefined: a file of `aws sso login` gives a
 * token that may stand in a header and its end, or an error; what a renewal
 * asks with is JSON; whatever the service answers comes to another token, or
 * to an error that leaves the old one.
 */
#include "credentials.h"

#include "../../core/creds/ssotoken.c"

static const struct member of_file[] = {
    {"accessToken", "\"a\""},
    {"expiresAt", "\"2026-11-23T00:10:00Z\""},
    {"clientId", "\"b\""},
    {"clientSecret", "\"c\""},
    {"refreshToken", "\"d\""},
    {"registrationExpiresAt", "\"2026-12-24T00:00:00Z\""},
};
static const struct member of_answer[] = {
    {"accessToken", "\"e\""},
    {"expiresIn", "28800"},
    {"refreshToken", "\"f\""},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static int64_t fixed(void *data)
{
  (void)data;
  return INT64_C(1795392000000);
}

static void check_token(const struct lun_sso_token *token)
{
  must(token->token.len > 0 && lun_text_word(lun_buf_view(&token->token)));
  must(token->expires_at != 0);
}

static void check_body(struct lun_sso_token *token)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_buf body = LUN_BUF_INIT(token->place->ctx, BODY_MAX);
  struct lun_json *json = NULL;

  if (make_body(&body, token, &err) == LUN_OK) {
    must(lun_json_parse(&json, token->place->ctx, lun_buf_view(&body), "it",
                        NULL) == LUN_OK);
    must(json->nodes[0].count == 4);
  } else {
    must(err.code == LUN_ECREDENTIALS || err.code == LUN_EINVALID);
    must_be_line(err.message);
  }
  lun_json_unref(json);
  lun_buf_done(&body);
}

/* The file is nowhere: nothing is written. */
static void renew_with(struct lun_sso_token *token)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_buf before = LUN_BUF_INIT(token->place->ctx, TOKEN_MAX);
  int64_t end = token->expires_at;

  lun_buf_add_span(&before, lun_buf_view(&token->token));
  if (adopt(token, &err) == LUN_OK) {
    check_token(token);
    must(remaining(token) > 0 && remaining(token) <= INT32_MAX);
  } else {
    must(err.code == LUN_ESERVICE);
    must_be_line(err.message);
    must(token->expires_at == end);
    must(lun_span_same(lun_buf_view(&token->token), lun_buf_view(&before)));
  }
  lun_buf_done(&before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint8_t good[] = {0, '"', 'a', '"'}; /* as it is anyway */
  char path[] = "/nowhere/token.json";
  struct lun_place place = {.refs = 1};
  struct lun_sso_token token = {.path = path, .place = &place};
  struct lun_error err = {.code = LUN_OK};

  must(lun_ctx_new(&place.ctx, NULL) == LUN_OK);
  place.ctx->clock.wall_ms = fixed;
  lun_buf_init(&token.token, place.ctx, TOKEN_MAX);
  lun_buf_init(&token.file, place.ctx, SIZE_MAX / 4);
  lun_buf_init(&token.call.answer, place.ctx, SIZE_MAX / 4);
  /* By its first byte the input is in the file, or in an answer. */
  if (size > 0 && data[0] % 2 == 0)
    make_document(&token.file, data + 1, size - 1, of_file, COUNT(of_file));
  else
    make_document(&token.file, good, sizeof(good), of_file, COUNT(of_file));
  if (size > 0)
    make_document(&token.call.answer, data + 1, size - 1, of_answer,
                  COUNT(of_answer));
  if (parse(&token, &err) == LUN_OK) {
    check_token(&token);
    check_body(&token);
    renew_with(&token);
  } else {
    must(err.code == LUN_ECREDENTIALS);
    must_be_line(err.message);
  }
  forget(&token);
  lun_buf_done(&token.call.answer);
  must(place.ctx->account.live_blocks == 0);
  lun_ctx_free(place.ctx);
  return 0;
}
