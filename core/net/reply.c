#include "reply.h"

#include "../text/json.h"
#include "../text/xml.h"

#define TEXT_MAX ((size_t)64 << 10)

/* "com.amazonaws.x#FooException:http://..." is FooException. */
static void set_code(struct lun_reply *out, struct lun_span text)
{
  const char *at = NULL;

  text = lun_text_trim(text);
  at = memchr(text.ptr, ':', text.len);
  if (at != NULL)
    text.len = (size_t)(at - text.ptr);
  at = memrchr(text.ptr, '#', text.len);
  if (at != NULL) {
    text.len -= (size_t)(at + 1 - text.ptr);
    text.ptr = at + 1;
  }
  lun_error_text(out->code, sizeof(out->code), text);
}

static void read_head(struct lun_reply *out, const struct lun_http *http)
{
  struct lun_span value = {NULL, 0};

  if (lun_http_header(http, "x-amzn-RequestId", &value))
    lun_error_text(out->request_id, sizeof(out->request_id), value);
  if (lun_http_header(http, "Date", &value) &&
      !lun_text_date_http(value, &out->date))
    out->date = 0;
  out->hint_ms = -1;
  if (lun_http_header(http, "x-amz-retry-after", &value) &&
      !lun_text_int(value, 0, INT32_MAX, &out->hint_ms))
    out->hint_ms = -1;
}

/* ---------------------------------------------------------------- JSON -- */

/* The string member KEY of the root, appended to TEXT; false if it has none. */
static bool member(struct lun_buf *text, const struct lun_json *json,
                   struct lun_span body, const char *key)
{
  size_t node = lun_json_member(json, body, 0, lun_span_of(key), NULL);

  if (node == 0 || json->nodes[node].kind != LUN_JSON_STRING)
    return false;
  lun_buf_cut(text, 0);
  lun_json_decode(text, json, body, node);
  return true;
}

/* REST services of OAuth have an "error" and an "error_description" as well,
 * or alone. */
static enum lun_code read_json_error(struct lun_reply *out,
                                     enum lun_protocol protocol,
                                     const struct lun_http *http,
                                     const struct lun_json *json,
                                     struct lun_error *err)
{
  struct lun_span body = lun_buf_view(&http->body);
  struct lun_buf text = LUN_BUF_INIT(http->body.ctx, TEXT_MAX);
  struct lun_span value = {NULL, 0};
  enum lun_code rc = LUN_OK;
  bool rest = protocol == LUN_PROTOCOL_REST_JSON;

  if (rest && member(&text, json, body, "error"))
    lun_error_text(out->detail, sizeof(out->detail), lun_buf_view(&text));
  if (lun_http_header(http, "x-amzn-errortype", &value) && value.len > 0)
    set_code(out, value);
  else if (member(&text, json, body, "code") ||
           member(&text, json, body, "__type"))
    set_code(out, lun_buf_view(&text));
  else
    set_code(out, lun_span_of(out->detail));
  if (member(&text, json, body, "message") ||
      member(&text, json, body, "Message") ||
      (rest && member(&text, json, body, "error_description")))
    lun_error_text(out->message, sizeof(out->message), lun_buf_view(&text));
  rc = text.fail == LUN_ENOMEM ? lun_error_nomem(err) : LUN_OK;
  lun_buf_done(&text);
  return rc;
}

static enum lun_code read_json(struct lun_reply *out,
                               enum lun_protocol protocol,
                               const struct lun_http *http,
                               struct lun_error *err)
{
  struct lun_span body = lun_buf_view(&http->body);
  struct lun_json *json = NULL;
  enum lun_code rc = LUN_OK;

  rc = lun_json_parse(&json, http->body.ctx, body, "the answer", err);
  if (rc == LUN_OK && json->nodes[0].kind != LUN_JSON_OBJECT)
    rc = lun_error_set(err, LUN_EINVALID, "the answer is no JSON object");
  if (rc == LUN_OK && http->status != 200)
    rc = read_json_error(out, protocol, http, json, err);
  lun_json_unref(json);
  return rc;
}

/* ----------------------------------------------------------------- XML -- */

/* The text at the first of the PATHS (ended by NULL) that is there. */
static bool find_any(const lun_xml *xml, const char *const *paths,
                     struct lun_span *out)
{
  for (; *paths != NULL; paths++) {
    if (lun_xml_find(xml, *paths, out))
      return true;
  }
  return false;
}

static enum lun_code read_xml(struct lun_reply *out,
                              const struct lun_http *http,
                              struct lun_error *err)
{
  static const char *const ids[] = {"ResponseMetadata/RequestId", "RequestId",
                                    "RequestID", NULL};
  static const char *const codes[] = {"Error/Code", "Errors/Error/Code", NULL};
  static const char *const messages[] = {"Error/Message",
                                         "Errors/Error/Message", NULL};
  struct lun_span value = {NULL, 0};
  lun_xml *xml = NULL;
  enum lun_code rc = LUN_OK;

  rc = lun_xml_parse(&xml, http->body.ctx, lun_buf_view(&http->body),
                     "the answer", err);
  if (rc)
    return rc;
  if (find_any(xml, ids, &value))
    lun_error_text(out->request_id, sizeof(out->request_id), value);
  if (http->status != 200 && find_any(xml, codes, &value))
    set_code(out, value);
  if (http->status != 200 && find_any(xml, messages, &value))
    lun_error_text(out->message, sizeof(out->message), value);
  lun_xml_free(xml);
  return LUN_OK;
}

/* -------------------------------------------------------------- answer -- */

enum lun_code lun_reply_read(struct lun_reply *out, enum lun_protocol protocol,
                             const struct lun_http *http, struct lun_error *err)
{
  struct lun_error why = {.code = LUN_OK};
  enum lun_code rc = LUN_OK;

  *out = (struct lun_reply){.hint_ms = -1};
  read_head(out, http);
  if (protocol == LUN_PROTOCOL_QUERY)
    rc = read_xml(out, http, &why);
  else
    rc = read_json(out, protocol, http, &why);
  if (rc == LUN_ENOMEM)
    return lun_error_nomem(err);
  if (http->status >= 300 || (rc == LUN_OK && http->status == 200))
    return LUN_OK; /* of an error, the status says enough */
  if (rc == LUN_OK)
    (void)lun_error_set(&why, LUN_ESERVICE,
                        "the answer has the unexpected HTTP status %d",
                        http->status);
  (void)lun_error_set(err, LUN_ESERVICE, "%s: %s", http->peer, why.message);
  if (err != NULL)
    err->retryable = 1;
  return LUN_ESERVICE;
}
