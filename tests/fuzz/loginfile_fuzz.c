/*
 * clang -fsanitize=fuzzer,address,undefined: a file of `aws login` gives whole
 * keys and a request that is JSON, or an error; whatever the service answers
 * to it comes to keys that the new file has, or to an error that leaves the
 * old ones.
 */
#include "credentials.h"

#include "../../core/creds/loginfile.c"

#define NOW 1795392000

static const struct member of_file[] = {
    {"accessToken", "{\"accessKeyId\":\"A\",\"secretAccessKey\":\"b\","
                    "\"sessionToken\":\"c\",\"accountId\":\"1\",\"expiresAt\":"
                    "\"2026-11-23T00:15:00Z\",\"x\":[]}"},
    {"clientId", "\"d\""},
    {"refreshToken", "\"e\""},
    {"dpopKey", "\"f\""},
};
static const struct member of_keys[] = {
    {"accessKeyId", "\"A\""},
    {"secretAccessKey", "\"b\""},
    {"sessionToken", "\"c\""},
    {"accountId", "\"1\""},
    {"expiresAt", "\"2026-11-23T00:15:00Z\""},
};
static const struct member of_answer[] = {
    {"accessToken", "{\"accessKeyId\":\"B\",\"secretAccessKey\":\"c\","
                    "\"sessionToken\":\"d\"}"},
    {"expiresIn", "900"},
    {"refreshToken", "\"g\""},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* The members of LIST; the first is an object of keys, made of the input. */
static void put_inside(struct lun_buf *out, const uint8_t *data, size_t size,
                       const struct member *list, size_t count)
{
  size_t i = 0;

  lun_buf_addf(out, "{\"%s\":", list[0].name);
  make_document(out, data, size, of_keys, COUNT(of_keys));
  for (i = 1; i < count; i++)
    lun_buf_addf(out, ",\"%s\":%s", list[i].name, list[i].value);
  lun_buf_addc(out, '}');
}

static void check_body(const struct lun_login_file *file)
{
  struct lun_json *json = NULL;
  struct lun_span body = lun_buf_view(&file->body);

  must(lun_json_parse(&json, file->ctx, body, "it", NULL) == LUN_OK);
  must(json->nodes[0].kind == LUN_JSON_OBJECT && json->nodes[0].count == 3);
  must(file->dpop.len > 0);
  lun_json_unref(json);
}

/* The file is nowhere: nothing is written. */
static void renew(struct lun_login_file *file, struct lun_span answer)
{
  struct lun_error err = {.code = LUN_OK};
  struct lun_cred *before = lun_cred_ref(file->cred);
  enum lun_code saved = LUN_OK;
  enum lun_code rc = lun_login_file_renew(file, answer, NOW, &saved, &err);

  if (rc == LUN_OK) {
    must(saved == LUN_ENOTFOUND && file->cred != before);
    must_be_whole(rc, file->cred, &err);
    must(file->cred->expires_at > NOW &&
         file->cred->expires_at <= NOW + LIFETIME_MAX);
    must(strcmp(file->cred->account_id, before->account_id) == 0);
  } else {
    must(file->cred == before);
    must_be_whole(rc, NULL, &err);
  }
  lun_cred_unref(before);
}

static void try_file(struct lun_login_file *file, struct lun_span answer)
{
  struct lun_error err = {.code = LUN_OK};
  enum lun_code rc = parse(file, &err);

  if (rc == LUN_OK) {
    must_be_whole(rc, file->cred, &err);
    must(file->cred->expires_at > 0 && file->cred->account_id != NULL);
    check_body(file);
    renew(file, answer);
  } else {
    must(rc == LUN_ECREDENTIALS && err.code == rc);
    must_be_line(err.message);
  }
  forget(file);
}

/* By its first byte the input is in the file, or in the answer to a good one;
 * as a member's value, or as one in the object with the keys. */
static void put_both(struct lun_buf *bytes, struct lun_buf *answer,
                     const uint8_t *data, size_t size)
{
  static const uint8_t good[] = {1, '"', 'd', '"'}; /* as it is anyway */
  bool in_file = data[0] % 4 < 2;
  bool inside = data[0] % 2 == 1;

  data++;
  size--;
  if (!in_file)
    make_document(bytes, good, sizeof(good), of_file, COUNT(of_file));
  else if (inside)
    put_inside(bytes, data, size, of_file, COUNT(of_file));
  else
    make_document(bytes, data, size, of_file, COUNT(of_file));
  if (!in_file && inside)
    put_inside(answer, data, size, of_answer, COUNT(of_answer));
  else
    make_document(answer, data, size, of_answer, COUNT(of_answer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char path[] = "/nowhere/session.json";
  struct lun_login_file file = {.path = path};
  struct lun_buf answer = {.max = SIZE_MAX / 4};

  if (size == 0)
    return 0;
  must(lun_ctx_new(&file.ctx, NULL) == LUN_OK);
  file.doc.ctx = file.ctx;
  answer.ctx = file.ctx;
  lun_buf_init(&file.bytes, file.ctx, SIZE_MAX / 4);
  lun_buf_init(&file.body, file.ctx, QUOTED_MAX);
  lun_buf_init(&file.dpop, file.ctx, LUN_DOCUMENT_MAX);
  put_both(&file.bytes, &answer, data, size);
  try_file(&file, lun_buf_view(&answer));
  lun_buf_done(&answer);
  must(file.ctx->account.live_blocks == 0);
  lun_ctx_free(file.ctx);
  return 0;
}
