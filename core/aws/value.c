/*
 * The answer is scanned once, by the same scanner that a script's JSON goes
 * through; its secret member is decoded into a wiped buffer and from there
 * into protected memory, and never becomes a string of anybody's.
 */
#include "value.h"

#include "../base/error.h"
#include "../text/path.h"

#define SECRET_MAX ((size_t)1 << 20) /* AWS's own limit is 64 KiB */
#define STAGES_MAX 64

/* The answer while it is read. */
struct answer {
  struct lun_json *json;
  struct lun_span text;
  struct lun_error *err;
};

static enum lun_code malformed(const struct answer *answer, const char *what)
{
  return lun_error_set(answer->err, LUN_ESERVICE,
                       "the answer of GetSecretValue %s", what);
}

/* The node of a member, 0 if it is absent or null; LUN_ESERVICE if twice. */
static enum lun_code member(size_t *out, const struct answer *answer,
                            const char *name)
{
  bool twice = false;

  *out =
      lun_json_member(answer->json, answer->text, 0, lun_span_of(name), &twice);
  if (twice)
    return malformed(answer, "has a member twice");
  if (*out != 0 && answer->json->nodes[*out].kind == LUN_JSON_NULL)
    *out = 0;
  return LUN_OK;
}

static enum lun_code decode(struct lun_buf *out, const struct answer *answer,
                            size_t node)
{
  if (answer->json->nodes[node].kind != LUN_JSON_STRING)
    return malformed(answer, "has a member of the wrong type");
  lun_json_decode(out, answer->json, answer->text, node);
  return lun_buf_status(out, "the answer of GetSecretValue", answer->err);
}

/* The text of the string at NODE, as a block of its own.  One with a NUL in it
 * would be compared by its beginning alone, so it is refused. */
static enum lun_code text_at(char **out, lun_ctx *ctx,
                             const struct answer *answer, size_t node)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, SECRET_MAX);
  enum lun_code rc = decode(&text, answer, node);

  if (!rc && strlen(lun_buf_text(&text)) != text.len)
    rc = malformed(answer, "has a NUL in a text");
  if (!rc) {
    *out = lun_mem_strdup(ctx, lun_buf_text(&text));
    if (*out == NULL)
      rc = lun_error_nomem(answer->err);
  }
  lun_buf_done(&text);
  return rc;
}

static enum lun_code text_member(char **out, lun_ctx *ctx,
                                 const struct answer *answer, const char *name)
{
  size_t node = 0;
  enum lun_code rc = member(&node, answer, name);

  if (rc || node == 0)
    return rc;
  return text_at(out, ctx, answer, node);
}

/* ---------------------------------------------------------------- bytes -- */

static enum lun_code read_string(struct lun_value *value,
                                 const struct answer *answer, size_t node)
{
  struct lun_buf text = LUN_BUF_INIT(value->ctx, SECRET_MAX);
  enum lun_code rc = decode(&text, answer, node);
  struct lun_span bytes = {NULL, 0};

  if (!rc)
    rc = lun_secret_from_buf(&value->bytes, &text, answer->err);
  lun_buf_done(&text);
  if (rc)
    return rc;
  bytes = lun_text_trim(lun_secret_view(value->bytes));
  if (bytes.len == 0 || (bytes.ptr[0] != '{' && bytes.ptr[0] != '['))
    return LUN_OK;
  rc = lun_json_parse(&value->json, value->ctx, lun_secret_view(value->bytes),
                      "the secret", answer->err);
  return rc == LUN_EINVALID ? LUN_OK : rc; /* a text that only begins so */
}

static enum lun_code read_binary(struct lun_value *value,
                                 const struct answer *answer, size_t node)
{
  struct lun_buf text = LUN_BUF_INIT(value->ctx, 2 * SECRET_MAX);
  struct lun_buf bytes = LUN_BUF_INIT(value->ctx, SECRET_MAX);
  enum lun_code rc = decode(&text, answer, node);

  if (!rc && !lun_text_unbase64(&bytes, lun_buf_view(&text)))
    rc = malformed(answer, "has a SecretBinary that is not base64");
  if (!rc)
    rc = lun_buf_status(&bytes, "SecretBinary", answer->err);
  if (!rc)
    rc = lun_secret_from_buf(&value->bytes, &bytes, answer->err);
  value->binary = true;
  lun_buf_done(&bytes);
  lun_buf_done(&text);
  return rc;
}

static enum lun_code read_bytes(struct lun_value *value,
                                const struct answer *answer)
{
  size_t string = 0;
  size_t binary = 0;
  enum lun_code rc = member(&string, answer, "SecretString");

  if (!rc)
    rc = member(&binary, answer, "SecretBinary");
  if (rc)
    return rc;
  if ((string == 0) == (binary == 0))
    return malformed(answer, "has to have either SecretString or SecretBinary");
  return string != 0 ? read_string(value, answer, string)
                     : read_binary(value, answer, binary);
}

/* ---------------------------------------------------------------- about -- */

/*
 * Seconds from the text of a JSON number, which AWS writes in each of its
 * forms: 1523477145, 1523477145.713, 1.523477145713E9.  0 for what is none.
 */
static int64_t seconds_of(struct lun_span text)
{
  int64_t value = 0;
  int64_t exponent = 0;
  int64_t point = 0; /* digits behind the point */
  bool behind = false;
  size_t i = 0;

  for (; i < text.len && text.ptr[i] != 'e' && text.ptr[i] != 'E'; i++) {
    if (text.ptr[i] == '.') {
      behind = true;
    } else if (!lun_text_digit(text.ptr[i])) {
      return 0;
    } else if (value < INT64_MAX / 100) {
      value = value * 10 + (text.ptr[i] - '0');
      point += behind;
    } else {
      point -= !behind;
    }
  }
  if (i < text.len) {
    struct lun_span tail = {text.ptr + i + 1, text.len - i - 1};

    if (tail.len > 0 && tail.ptr[0] == '+')
      tail = (struct lun_span){tail.ptr + 1, tail.len - 1};
    if (!lun_text_int(tail, 0, 18, &exponent))
      return 0;
  }
  for (; exponent > point && value < INT64_MAX / 100; exponent--)
    value *= 10;
  for (; exponent < point; point--)
    value /= 10;
  return value;
}

static enum lun_code read_created(struct lun_value *value,
                                  const struct answer *answer)
{
  size_t node = 0;
  enum lun_code rc = member(&node, answer, "CreatedDate");

  if (!rc && node != 0 && answer->json->nodes[node].kind == LUN_JSON_NUMBER)
    value->created = seconds_of(lun_json_raw(answer->json, answer->text, node));
  return rc;
}

static enum lun_code read_stages(struct lun_value *value,
                                 const struct answer *answer)
{
  size_t list = 0;
  size_t count = 0;
  size_t i = 0;
  enum lun_code rc = member(&list, answer, "VersionStages");

  if (!rc && list != 0) {
    if (answer->json->nodes[list].kind != LUN_JSON_ARRAY)
      return malformed(answer, "has VersionStages that are no list");
    count = answer->json->nodes[list].count;
    if (count > STAGES_MAX)
      return malformed(answer, "has too many VersionStages");
  }
  value->stages =
      lun_mem_alloc(value->ctx, (count + 1) * sizeof(*value->stages));
  if (value->stages == NULL)
    return lun_error_nomem(answer->err);
  for (i = 0; i < count && !rc; i++)
    rc = text_at(&value->stages[i], value->ctx, answer,
                 lun_json_element(answer->json, list, i));
  return rc;
}

static enum lun_code read_about(struct lun_value *value,
                                const struct answer *answer)
{
  enum lun_code rc = LUN_OK;

  rc = text_member(&value->arn, value->ctx, answer, "ARN");
  if (!rc)
    rc = text_member(&value->name, value->ctx, answer, "Name");
  if (!rc)
    rc = text_member(&value->version_id, value->ctx, answer, "VersionId");
  if (!rc && (value->arn == NULL || value->name == NULL))
    rc = malformed(answer, "has no ARN or no Name");
  if (!rc)
    rc = read_stages(value, answer);
  if (!rc)
    rc = read_created(value, answer);
  return rc;
}

enum lun_code lun_value_read(struct lun_value **out, lun_ctx *ctx,
                             struct lun_span text, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct answer answer = {.text = text, .err = err};
  struct lun_value *value = NULL;

  rc = lun_json_parse(&answer.json, ctx, text, "the answer of GetSecretValue",
                      err);
  if (rc)
    return rc == LUN_EINVALID ? malformed(&answer, "is not JSON") : rc;
  value = lun_mem_alloc(ctx, sizeof(*value));
  if (value == NULL) {
    rc = lun_error_nomem(err);
    goto done;
  }
  value->ctx = ctx;
  value->refs = 1;
  rc = read_about(value, &answer);
  if (!rc)
    rc = read_bytes(value, &answer);
  if (rc)
    goto done;
  *out = value;
  value = NULL;
done:
  lun_value_unref(value);
  lun_json_unref(answer.json);
  return rc;
}

/* -------------------------------------------------------------- lifetime -- */

struct lun_value *lun_value_ref(struct lun_value *value)
{
  if (value != NULL)
    value->refs++;
  return value;
}

void lun_value_unref(struct lun_value *value)
{
  size_t i = 0;

  if (value == NULL || --value->refs > 0)
    return;
  lun_json_unref(value->json);
  lun_secret_unref(value->bytes);
  lun_mem_free(value->ctx, value->arn);
  lun_mem_free(value->ctx, value->name);
  lun_mem_free(value->ctx, value->version_id);
  for (i = 0; value->stages != NULL && value->stages[i] != NULL; i++)
    lun_mem_free(value->ctx, value->stages[i]);
  lun_mem_free(value->ctx, value->stages);
  lun_mem_free(value->ctx, value);
}

/* ---------------------------------------------------------------- fields -- */

static enum lun_code word(lun_secret **out, const struct lun_value *value,
                          const char *text, struct lun_error *err)
{
  return lun_secret_new(out, value->ctx, text, strlen(text), err);
}

enum lun_code lun_value_pick(lun_secret **out, const struct lun_value *value,
                             const char *path, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  size_t node = 0;
  const struct lun_json_node *at = NULL;

  if (path == NULL) {
    *out = lun_secret_ref(value->bytes);
    return LUN_OK;
  }
  if (value->json == NULL) {
    (void)lun_error_set(err, LUN_ENOTFOUND,
                        "secret %s#%s: %s is not JSON, so it has no fields",
                        value->name, path, value->name);
    lun_error_hint(err, "name the secret without #path to have all");
    return LUN_ENOTFOUND;
  }
  rc = lun_path_find(&node, value->json, lun_secret_view(value->bytes), 0,
                     lun_span_of(path), err);
  if (rc) {
    lun_error_prefix(err, "secret %s#%s: ", value->name, path);
    return rc;
  }
  at = &value->json->nodes[node];
  switch ((enum lun_json_kind)at->kind) {
  case LUN_JSON_NULL: return word(out, value, "null", err);
  case LUN_JSON_TRUE: return word(out, value, "true", err);
  case LUN_JSON_FALSE: return word(out, value, "false", err);
  case LUN_JSON_ARRAY:
  case LUN_JSON_OBJECT:
    return lun_secret_part(out, value->bytes, at->start, at->len, err);
  default: break;
  }
  return lun_json_secret(out, value->json, value->bytes, node, err);
}
