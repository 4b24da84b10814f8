/*
 * clang -fsanitize=fuzzer,address,undefined: whatever STS answers to AssumeRole
 * or AssumeRoleWithWebIdentity comes to whole credentials of the role and the
 * session that were asked for, or to an error of one line; and whatever it
 * refuses with has a code and a message of one line.
 */
#include "../../core/creds/assume.c"
#include "../../core/net/reply.c"
#include "../../core/text/xml.c"

#include <stdlib.h>

#define SESSION "arn:aws:sts::444455556666:assumed-role/reader/boot"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

/* One line that cannot steer a terminal. */
static void must_be_line(const char *text)
{
  must(lun_text_is_utf8(lun_span_of(text)));
  for (; *text != '\0'; text++)
    must((unsigned char)*text >= ' ' && *text != '\x7f');
}

/*
 * The document to read: the input as it is, or, if its first byte is the
 * number of an element, a good answer with the rest of the input in place of
 * that one's text.
 */
static void make_answer(struct lun_buf *out, const struct lun_op *op,
                        const uint8_t *data, size_t size)
{
  static const char *const elements[][3] = {
      {"<AssumedRoleUser><Arn>", SESSION, "</Arn></AssumedRoleUser>"},
      {"<SourceIdentity>", "alice", "</SourceIdentity><Credentials>"},
      {"<AccessKeyId>", "ASIAONE", "</AccessKeyId>"},
      {"<SecretAccessKey>", "secret", "</SecretAccessKey>"},
      {"<SessionToken>", "token", "</SessionToken>"},
      {"<Expiration>", "2026-11-23T01:00:00Z", "</Expiration></Credentials>"},
  };
  const size_t count = sizeof(elements) / sizeof(elements[0]);
  size_t i = 0;

  if (size == 0 || data[0] >= count) {
    lun_buf_add(out, data, size);
    return;
  }
  lun_buf_addf(out, "<%sResponse><%sResult>", op->name, op->name);
  for (i = 0; i < count; i++) {
    lun_buf_adds(out, elements[i][0]);
    if (i == data[0])
      lun_buf_add(out, data + 1, size - 1);
    else
      lun_buf_adds(out, elements[i][1]);
    lun_buf_adds(out, elements[i][2]);
  }
  lun_buf_addf(out, "</%sResult></%sResponse>", op->name, op->name);
}

static void check(const struct lun_assume *assume, enum lun_code rc,
                  const struct lun_error *err)
{
  const struct lun_cred *cred = assume->cred;

  if (rc == LUN_OK) {
    must(cred != NULL && cred->refs == 1 && cred->access_key_id[0] != '\0');
    must(lun_text_word(lun_span_of(cred->access_key_id)));
    must(lun_text_word(lun_secret_view(cred->secret_access_key)));
    must(lun_secret_view(cred->session_token).len > 0);
    must(lun_text_word(lun_secret_view(cred->session_token)));
    must(strcmp(cred->account_id, "444455556666") == 0);
    must(lun_text_same((struct lun_span){assume->found, sizeof(SESSION) - 1},
                       LUN_SPAN_LIT(SESSION)));
    return;
  }
  must(rc == LUN_ESERVICE || rc == LUN_ECREDENTIALS);
  must(err->code == rc && cred == NULL && err->message[0] != '\0');
  must_be_line(err->message);
  must_be_line(err->hint);
}

static void read_as_answer(lun_ctx *ctx, const struct lun_role *role,
                           const uint8_t *data, size_t size)
{
  struct lun_place place = {.ctx = ctx, .refs = 1};
  struct lun_assume assume = {.place = &place, .role = role};
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  assume.op = lun_op_get(is_web(role) ? LUN_OP_AssumeRoleWithWebIdentity
                                      : LUN_OP_AssumeRole);
  lun_buf_init(&assume.call.answer, ctx, SIZE_MAX / 2);
  make_answer(&assume.call.answer, assume.op, data, size);
  rc = read_answer(&assume, &err);
  check(&assume, rc, &err);
  lun_cred_unref(assume.cred);
  lun_buf_done(&assume.call.answer);
}

static void read_as_error(lun_ctx *ctx, const uint8_t *data, size_t size)
{
  struct lun_http http = {.status = 403, .peer = "sts:443"};
  struct lun_error err = {.code = LUN_OK};
  struct lun_reply reply;

  lun_buf_init(&http.body, ctx, SIZE_MAX / 2);
  lun_buf_init(&http.head, ctx, SIZE_MAX / 2);
  lun_buf_add(&http.body, data, size);
  must(lun_reply_read(&reply, LUN_PROTOCOL_QUERY, &http, &err) == LUN_OK);
  must_be_line(reply.code);
  must_be_line(reply.message);
  must_be_line(reply.request_id);
  lun_buf_done(&http.body);
  lun_buf_done(&http.head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char arn[] = "arn:aws:iam::444455556666:role/path/reader";
  char boot[] = "boot";
  char alice[] = "alice";
  char file[] = "/token";
  struct lun_role role = {.arn = arn, .session_name = boot};
  lun_ctx *ctx = NULL;

  must(lun_ctx_new(&ctx, NULL) == LUN_OK);
  read_as_error(ctx, data, size);
  role.source_identity = alice;
  read_as_answer(ctx, &role, data, size);
  role.source_identity = NULL;
  role.token_file = file;
  read_as_answer(ctx, &role, data, size);
  must(ctx->account.live_blocks == 0 && ctx->live_secrets == 0);
  lun_ctx_free(ctx);
  return 0;
}
