/*
 * Reading who says to have signed a request.  Strict throughout: what has two
 * readings, stands twice or is out of order is refused, so that a claim has
 * one spelling and what was checked is what was sent.
 */
#include "sigv4.h"

#include "../base/error.h"

struct reader {
  struct lun_sigv4_claim claim;
  size_t used; /* bytes of claim.text */
  struct lun_error *err;
};

static enum lun_code refuse(const struct reader *r, const char *what,
                            const char *wrong)
{
  return lun_error_set(r->err, LUN_EINVALID, "%s %s", what, wrong);
}

/* Copies TEXT, decoded if it is from a query, to where it stays. */
static bool keep(struct reader *r, struct lun_span *out, struct lun_span text,
                 bool encoded)
{
  char *ptr = r->claim.text + r->used;
  size_t len = 0;
  size_t i = 0;

  for (i = 0; i < text.len; i++) {
    struct lun_span rest = {text.ptr + i, text.len - i};
    int byte = encoded ? lun_uri_escape(rest) : -1;

    if (encoded && byte < 0 && text.ptr[i] == '%')
      return false;
    ptr[len++] = byte < 0 ? text.ptr[i] : (char)byte;
    if (byte >= 0)
      i += 2;
  }
  r->used += len;
  *out = (struct lun_span){ptr, len};
  return true;
}

/* ---------------------------------------------------- parts of the claim -- */

/* Cuts the part behind the last '/' off TEXT; false if there is none. */
static bool cut_last(struct lun_span *text, struct lun_span *last)
{
  size_t at = text->len;

  while (at > 0 && text->ptr[at - 1] != '/')
    at--;
  if (at == 0)
    return false;
  *last = (struct lun_span){text->ptr + at, text->len - at};
  text->len = at - 1;
  return last->len > 0;
}

static bool clean(struct lun_span text)
{
  return text.len > 0 && lun_text_word(text);
}

/* "AKID/20261123/us-east-1/secretsmanager/aws4_request" */
static enum lun_code read_credential(struct reader *r, struct lun_span text)
{
  struct lun_span last = {NULL, 0};
  struct lun_span day = {NULL, 0};

  if (!clean(text) || !cut_last(&text, &last) ||
      !lun_span_is(last, "aws4_request") ||
      !cut_last(&text, &r->claim.service) ||
      !cut_last(&text, &r->claim.region) || !cut_last(&text, &day) ||
      text.len == 0 || memchr(text.ptr, '/', text.len) != NULL)
    return refuse(r, "Credential",
                  "is not KEY/DATE/REGION/SERVICE/aws4_request");
  r->claim.access_key_id = text;
  if (r->claim.date.len < 8 ||
      !lun_span_same(day, (struct lun_span){r->claim.date.ptr, 8}))
    return refuse(r, "Credential", "has another date than X-Amz-Date");
  return LUN_OK;
}

static enum lun_code read_date(struct reader *r)
{
  if (r->claim.date.len == 0)
    return refuse(r, "X-Amz-Date", "is missing");
  if (!lun_text_date_basic(r->claim.date, &r->claim.time))
    return refuse(r, "X-Amz-Date", "is not of the form 20261123T000000Z");
  return LUN_OK;
}

static bool order(struct lun_span a, struct lun_span b)
{
  size_t i = 0;

  for (i = 0; i < a.len && i < b.len; i++)
    if (a.ptr[i] != b.ptr[i])
      return a.ptr[i] < b.ptr[i];
  return a.len < b.len;
}

/* Lower-case names in ascending order, none twice, joined by ';'. */
static enum lun_code check_signed_headers(const struct reader *r)
{
  struct lun_span list = r->claim.signed_headers;
  struct lun_span before = {"", 0};
  size_t i = 0;

  if (!clean(list))
    return refuse(r, "SignedHeaders", "is empty or has a blank");
  for (i = 0; i < list.len; i++)
    if (list.ptr[i] != lun_text_lower(list.ptr[i]))
      return refuse(r, "SignedHeaders", "is not in lower case");
  for (;;) {
    const char *end = list.len == 0 ? NULL : memchr(list.ptr, ';', list.len);
    struct lun_span item = list;

    if (end != NULL)
      item.len = (size_t)(end - list.ptr);
    if (!order(before, item))
      return refuse(r, "SignedHeaders", "is not sorted");
    if (end == NULL)
      return LUN_OK;
    before = item;
    list.ptr = end + 1;
    list.len -= item.len + 1;
  }
}

static enum lun_code check_signature(const struct reader *r)
{
  struct lun_span text = r->claim.signature;
  size_t i = 0;

  for (i = 0; i < text.len; i++)
    if (lun_text_unhex(text.ptr[i]) < 0 ||
        text.ptr[i] != lun_text_lower(text.ptr[i]))
      break;
  if (text.len != (size_t)2 * LUN_SHA256_LEN || i < text.len)
    return refuse(r, "Signature", "is not 64 hexadecimal digits");
  return LUN_OK;
}

/* ---------------------------------------------------------- header form -- */

/* The value of the one header of this NAME; *COUNT says how many there are. */
static struct lun_span find_header(const struct lun_sigv4_request *request,
                                   const char *name, size_t *count)
{
  struct lun_span found = {"", 0};
  size_t i = 0;

  *count = 0;
  for (i = 0; i < request->nheaders; i++)
    if (lun_text_same(request->headers[i].name, lun_span_of(name))) {
      found = lun_text_trim_blank(request->headers[i].value);
      ++*count;
    }
  return found;
}

static enum lun_code keep_header(struct reader *r, struct lun_span *out,
                                 const struct lun_sigv4_request *request,
                                 const char *name)
{
  size_t count = 0;
  struct lun_span value = find_header(request, name, &count);

  if (count > 1)
    return refuse(r, name, "is given twice");
  (void)keep(r, out, value, false);
  return LUN_OK;
}

/* One "Name=value" of the Authorization header. */
static enum lun_code read_item(struct reader *r, struct lun_span item,
                               struct lun_span *credential)
{
  const char *equals = item.len == 0 ? NULL : memchr(item.ptr, '=', item.len);
  struct lun_span name = item;
  struct lun_span value = {NULL, 0};
  struct lun_span *place = NULL;

  if (equals == NULL)
    return refuse(r, "Authorization", "has a part without '='");
  name.len = (size_t)(equals - item.ptr);
  value = (struct lun_span){equals + 1, item.len - name.len - 1};
  if (lun_span_is(name, "Credential"))
    place = credential;
  else if (lun_span_is(name, "SignedHeaders"))
    place = &r->claim.signed_headers;
  else if (lun_span_is(name, "Signature"))
    place = &r->claim.signature;
  if (place == NULL || place->ptr != NULL)
    return refuse(r, "Authorization",
                  "has other parts than one Credential, one SignedHeaders and "
                  "one Signature");
  *place = value;
  return LUN_OK;
}

static enum lun_code read_authorization(struct reader *r, struct lun_span text,
                                        struct lun_span *credential)
{
  enum lun_code rc = LUN_OK;

  if (!lun_text_prefix(text, LUN_SIGV4_ALGORITHM " "))
    return refuse(r, "Authorization",
                  "does not begin with " LUN_SIGV4_ALGORITHM);
  text.ptr += strlen(LUN_SIGV4_ALGORITHM);
  text.len -= strlen(LUN_SIGV4_ALGORITHM);
  while (rc == LUN_OK && text.len > 0) {
    const char *end = memchr(text.ptr, ',', text.len);
    struct lun_span item = text;

    if (end != NULL)
      item.len = (size_t)(end - text.ptr);
    text.ptr += item.len + (end != NULL);
    text.len -= item.len + (end != NULL);
    rc = read_item(r, lun_text_trim_blank(item), credential);
  }
  if (rc == LUN_OK &&
      (credential->ptr == NULL || r->claim.signed_headers.ptr == NULL ||
       r->claim.signature.ptr == NULL))
    return refuse(r, "Authorization",
                  "lacks a Credential, SignedHeaders or Signature");
  return rc;
}

static enum lun_code read_headers(struct reader *r,
                                  const struct lun_sigv4_request *request,
                                  struct lun_span *credential)
{
  enum lun_code rc = LUN_OK;
  struct lun_span text = {NULL, 0};

  rc = keep_header(r, &text, request, "Authorization");
  if (rc == LUN_OK)
    rc = keep_header(r, &r->claim.date, request, "X-Amz-Date");
  if (rc == LUN_OK)
    rc = keep_header(r, &r->claim.session_token, request,
                     "X-Amz-Security-Token");
  if (rc == LUN_OK)
    rc = read_authorization(r, text, credential);
  return rc;
}

/* ----------------------------------------------------------- query form -- */

static enum lun_code read_expires(struct reader *r, struct lun_span text)
{
  if (!lun_text_int(text, 1, 604800, &r->claim.expires))
    return refuse(r, "X-Amz-Expires", "is not a number from 1 to 604800");
  return LUN_OK;
}

static enum lun_code read_query(struct reader *r, struct lun_span query,
                                struct lun_span *credential)
{
  struct lun_span algorithm = {NULL, 0};
  struct lun_span expires = {NULL, 0};
  const struct {
    const char *name;
    struct lun_span *place;
    bool required;
  } params[] = {
      {"X-Amz-Algorithm", &algorithm, true},
      {"X-Amz-Credential", credential, true},
      {"X-Amz-Date", &r->claim.date, true},
      {"X-Amz-Expires", &expires, true},
      {"X-Amz-SignedHeaders", &r->claim.signed_headers, true},
      {"X-Amz-Signature", &r->claim.signature, true},
      {"X-Amz-Security-Token", &r->claim.session_token, false},
  };
  const size_t count = sizeof(params) / sizeof(params[0]);
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};
  size_t i = 0;

  while (lun_canon_param(&query, &name, &value))
    for (i = 0; i < count; i++) {
      if (!lun_span_is(name, params[i].name))
        continue;
      if (params[i].place->ptr != NULL)
        return refuse(r, params[i].name, "is given twice");
      if (!keep(r, params[i].place, value, true))
        return refuse(r, params[i].name, "has a broken escape");
    }
  for (i = 0; i < count; i++)
    if (params[i].required && params[i].place->ptr == NULL)
      return refuse(r, params[i].name, "is missing");
  if (!lun_span_is(algorithm, LUN_SIGV4_ALGORITHM))
    return refuse(r, "X-Amz-Algorithm", "is not " LUN_SIGV4_ALGORITHM);
  return read_expires(r, expires);
}

static bool has_param(struct lun_span query, const char *wanted)
{
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};

  while (lun_canon_param(&query, &name, &value))
    if (lun_span_is(name, wanted))
      return true;
  return false;
}

/* -------------------------------------------------------------- reading -- */

static enum lun_code read_claim(struct reader *r,
                                const struct lun_sigv4_request *request)
{
  enum lun_code rc = LUN_OK;
  struct lun_span credential = {NULL, 0};
  size_t authorizations = 0;

  (void)find_header(request, "Authorization", &authorizations);
  r->claim.presigned = has_param(request->query, "X-Amz-Algorithm") ||
                       has_param(request->query, "X-Amz-Signature");
  if (authorizations == 0 && !r->claim.presigned)
    return refuse(r, "the request", "has no signature");
  if (authorizations > 0 && r->claim.presigned)
    return refuse(r, "the request",
                  "has a signature in its headers and one in "
                  "its query");
  rc = r->claim.presigned ? read_query(r, request->query, &credential)
                          : read_headers(r, request, &credential);
  if (rc == LUN_OK)
    rc = read_date(r);
  if (rc == LUN_OK)
    rc = read_credential(r, credential);
  if (rc == LUN_OK)
    rc = check_signed_headers(r);
  if (rc == LUN_OK)
    rc = check_signature(r);
  return rc;
}

enum lun_code lun_sigv4_claim_read(struct lun_sigv4_claim *out, lun_ctx *ctx,
                                   const struct lun_sigv4_request *request,
                                   struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct reader r = {.claim = {.ctx = ctx}, .err = err};
  size_t room = request->query.len;
  size_t i = 0;

  rc = lun_canon_check(request, err);
  if (rc)
    return rc;
  for (i = 0; i < request->nheaders; i++)
    room += request->headers[i].value.len;
  r.claim.text = lun_mem_alloc(ctx, room + 1);
  if (r.claim.text == NULL)
    return lun_error_nomem(err);
  rc = read_claim(&r, request);
  if (rc) {
    lun_sigv4_claim_done(&r.claim);
    return rc;
  }
  *out = r.claim;
  return LUN_OK;
}

void lun_sigv4_claim_done(struct lun_sigv4_claim *claim)
{
  lun_mem_free(claim->ctx, claim->text);
  memset(claim, 0, sizeof(*claim));
}
