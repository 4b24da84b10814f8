#include "imdsfault.h"

#include "../text/json.h"

#define ANSWER_MAX ((size_t)64 << 10)
#define WORDS_MAX  200 /* of the service's own, in an error */

/* The string member KEY of a JSON object, as one line; "" if there is none. */
static void json_words(char *out, size_t size, lun_ctx *ctx,
                       const struct lun_json *json, struct lun_span body,
                       const char *key)
{
  struct lun_buf text = LUN_BUF_INIT(ctx, ANSWER_MAX);
  size_t node = lun_json_member(json, body, 0, lun_span_of(key), NULL);

  if (node != 0 && json->nodes[node].kind == LUN_JSON_STRING)
    lun_json_decode(&text, json, body, node);
  lun_error_text(out, size, lun_buf_view(&text));
  lun_buf_done(&text);
}

/*
 * What the service says in a refusal: Code and Message of a JSON object, or
 * a short text.  A page of markup says nothing.
 */
static void own_words(char *out, size_t size, const struct lun_http *http)
{
  struct lun_span body = lun_text_trim(lun_buf_view(&http->body));
  struct lun_json *json = NULL;
  char code[64] = "";
  char message[WORDS_MAX] = "";

  out[0] = '\0';
  if (body.len == 0 || body.ptr[0] == '<')
    return;
  if (lun_json_parse(&json, http->body.ctx, body, "", NULL) == LUN_OK) {
    json_words(code, sizeof(code), http->body.ctx, json, body, "Code");
    json_words(message, sizeof(message), http->body.ctx, json, body, "Message");
    (void)snprintf(out, size, ": %s%s%s", code,
                   code[0] != '\0' && message[0] != '\0' ? ": " : "", message);
    if (code[0] == '\0' && message[0] == '\0')
      out[0] = '\0';
  } else if (body.len < WORDS_MAX) {
    lun_error_text(message, sizeof(message), body);
    (void)snprintf(out, size, ": %s", message);
  }
  lun_json_unref(json);
}

enum lun_code lun_imds_refused(const struct lun_http *http, const char *asked,
                               struct lun_error *err)
{
  char words[WORDS_MAX + 80] = "";

  own_words(words, sizeof(words), http);
  (void)lun_error_set(err, LUN_ECREDENTIALS,
                      "the instance metadata service at %s refused %s (HTTP "
                      "status %d)%s",
                      http->peer, asked, http->status, words);
  err->http_status = http->status;
  err->retryable = http->status >= 500;
  return LUN_ECREDENTIALS;
}

const char *lun_imds_advice(const struct lun_http *http)
{
  if (http->task.rc == LUN_ENETWORK && http->timed_out && http->sent)
    return "in a container? The metadata service's answer may make fewer hops "
           "than there are: raise the instance's metadata response hop limit "
           "to 2";
  if (http->task.rc != LUN_OK)
    return NULL;
  switch (http->status) {
  case 403:
    return "switch it on, if it is to be used: aws ec2 "
           "modify-instance-metadata-options --http-endpoint enabled";
  case 404:
  case 405:
    return "something that knows version 1 of the metadata service alone is "
           "asked in that way only if AWS_EC2_METADATA_V1_DISABLED is false";
  default: return NULL;
  }
}

enum lun_code lun_imds_no_token(const struct lun_http *http,
                                struct lun_error *err)
{
  const char *advice = lun_imds_advice(http);
  enum lun_code rc = lun_imds_refused(http, "a token", err);

  if (http->status == 403)
    (void)lun_error_set(err, rc,
                        "the instance metadata service at %s is disabled for "
                        "this instance (HTTP status 403)",
                        http->peer);
  err->http_status = http->status;
  if (advice != NULL)
    lun_error_hint(err, "%s", advice);
  return rc;
}

/* Whoever has set a proxy may think that it is used. */
static void tell_proxy(const char *proxy, struct lun_error *err)
{
  size_t used = strlen(err->message);

  (void)snprintf(err->message + used, sizeof(err->message) - used,
                 " (%s is set, but nothing of this goes by a proxy)", proxy);
}

enum lun_code lun_imds_unanswered(const struct lun_http *http, bool own,
                                  const char *proxy, struct lun_error *err)
{
  *err = http->task.err;
  if (err->code == LUN_ESERVICE)
    err->code = LUN_ECREDENTIALS;
  if (err->code == LUN_ENETWORK || err->code == LUN_ECREDENTIALS)
    lun_error_prefix(err, "the instance metadata service at ");
  if (err->code != LUN_ENETWORK)
    return err->code;
  if (proxy != NULL)
    tell_proxy(proxy, err);
  if (own)
    lun_error_hint(err, "this is no EC2 instance, or its metadata service is "
                        "switched off, or a route or a firewall keeps this "
                        "program from it");
  else
    lun_error_hint(err, "is AWS_EC2_METADATA_SERVICE_ENDPOINT (in a profile: "
                        "ec2_metadata_service_endpoint) right?");
  return err->code;
}
