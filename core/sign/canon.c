/*
 * Everything is bytes here: no decoding of characters, no locale.  What is
 * sorted is sorted by the bytes of its encoded form.
 */
#include "canon.h"

#include "../base/error.h"

#include <stdlib.h>

/* ------------------------------------------------------------- checking -- */

static bool token(struct lun_span text)
{
  return lun_text_of(text, "!#$%&'*+-.^_`|~");
}

static bool has_control(struct lun_span text, bool tab)
{
  size_t i = 0;

  for (i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];

    if ((c < 0x20 && !(tab && c == '\t')) || c == 0x7F)
      return true;
  }
  return false;
}

static bool has(struct lun_span text, char c)
{
  return text.len > 0 && memchr(text.ptr, c, text.len) != NULL;
}

static enum lun_code check_headers(const struct lun_sigv4_request *request,
                                   struct lun_error *err)
{
  size_t hosts = 0;
  size_t i = 0;

  for (i = 0; i < request->nheaders; i++) {
    const struct lun_header *header = &request->headers[i];

    if (!token(header->name))
      return lun_error_set(err, LUN_EINVALID, "header %zu has no valid name",
                           i + 1);
    if (has_control(header->value, true))
      return lun_error_set(err, LUN_EINVALID,
                           "header %.*s has a control character in its value",
                           (int)header->name.len, header->name.ptr);
    hosts += lun_text_same(header->name, LUN_SPAN_LIT("host"));
  }
  if (hosts != 1)
    return lun_error_set(err, LUN_EINVALID,
                         hosts == 0 ? "the request has no Host"
                                    : "the request has two Hosts");
  return LUN_OK;
}

enum lun_code lun_canon_check(const struct lun_sigv4_request *request,
                              struct lun_error *err)
{
  if (!token(request->method))
    return lun_error_set(err, LUN_EINVALID, "the request has no valid method");
  if (request->path.len > 0 && request->path.ptr[0] != '/')
    return lun_error_set(err, LUN_EINVALID,
                         "the request's path does not begin with a slash");
  if (has_control(request->path, false) || has_control(request->query, false))
    return lun_error_set(err, LUN_EINVALID,
                         "the request's path or query has a control character");
  if (has(request->path, '?') || has(request->path, '#') ||
      has(request->query, '#'))
    return lun_error_set(err, LUN_EINVALID,
                         "the request's path or query holds a ? or # that has "
                         "to be encoded");
  return check_headers(request, err);
}

/* ------------------------------------------------------- path and query -- */

void lun_canon_path(struct lun_buf *out, struct lun_span path, bool keep,
                    bool once)
{
  struct lun_buf normal = LUN_BUF_INIT(out->ctx, path.len + 1);

  if (path.len == 0)
    path = LUN_SPAN_LIT("/");
  if (once) {
    lun_buf_add_span(out, path);
    return;
  }
  if (!keep) {
    lun_uri_normalize(&normal, path);
    path = lun_buf_view(&normal);
  }
  lun_uri_encode(out, path, true);
  if (normal.fail != LUN_OK && out->fail == LUN_OK)
    out->fail = normal.fail;
  lun_buf_done(&normal);
}

bool lun_canon_param(struct lun_span *query, struct lun_span *name,
                     struct lun_span *value)
{
  while (query->len > 0) {
    const char *end = memchr(query->ptr, '&', query->len);
    struct lun_span pair = *query;
    const char *equals = NULL;

    if (end != NULL)
      pair.len = (size_t)(end - pair.ptr);
    query->ptr += pair.len + (end != NULL);
    query->len -= pair.len + (end != NULL);
    if (pair.len == 0) /* "a&&b" */
      continue;
    equals = memchr(pair.ptr, '=', pair.len);
    *name = pair;
    *value = (struct lun_span){pair.ptr + pair.len, 0};
    if (equals != NULL) {
      name->len = (size_t)(equals - pair.ptr);
      value->ptr = equals + 1;
      value->len = pair.len - name->len - 1;
    }
    return true;
  }
  return false;
}

/* Appends TEXT encoded, whether or not parts of it were encoded before. */
static void recode(struct lun_buf *out, struct lun_span text)
{
  size_t i = 0;

  for (i = 0; i < text.len; i++) {
    struct lun_span rest = {text.ptr + i, text.len - i};
    int byte = lun_uri_escape(rest);
    char c = byte < 0 ? text.ptr[i] : (char)byte;

    lun_uri_encode(out, (struct lun_span){&c, 1}, false);
    if (byte >= 0)
      i += 2;
  }
}

/* An encoded parameter, at a place in a buffer that may still move. */
struct param {
  const struct lun_buf *encoded;
  size_t name;
  size_t name_len;
  size_t value;
  size_t value_len;
};

/* The bytes are those of percent encoding: no NUL among them. */
static int order(struct lun_span a, struct lun_span b)
{
  int c = strncmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

  return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static struct lun_span param_name(const struct param *param)
{
  return (struct lun_span){lun_buf_text(param->encoded) + param->name,
                           param->name_len};
}

static struct lun_span param_value(const struct param *param)
{
  return (struct lun_span){lun_buf_text(param->encoded) + param->value,
                           param->value_len};
}

static int param_order(const void *a, const void *b)
{
  int c = order(param_name(a), param_name(b));

  return c != 0 ? c : order(param_value(a), param_value(b));
}

static size_t count_params(struct lun_span query)
{
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};
  size_t count = 0;

  while (lun_canon_param(&query, &name, &value))
    count++;
  return count;
}

enum lun_code lun_canon_query(struct lun_buf *out, struct lun_span query,
                              struct lun_span but, struct lun_error *err)
{
  struct lun_buf encoded = LUN_BUF_INIT(out->ctx, 3 * query.len);
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};
  struct param *params = NULL;
  size_t count = 0;
  size_t i = 0;

  params = lun_mem_alloc(out->ctx, count_params(query) * sizeof(*params));
  if (params == NULL)
    return lun_error_nomem(err);
  while (lun_canon_param(&query, &name, &value)) {
    struct param *param = &params[count];

    if (but.len > 0 && lun_span_same(name, but))
      continue;
    param->encoded = &encoded;
    param->name = encoded.len;
    recode(&encoded, name);
    param->name_len = encoded.len - param->name;
    param->value = encoded.len;
    recode(&encoded, value);
    param->value_len = encoded.len - param->value;
    count++;
  }
  qsort(params, count, sizeof(*params), param_order);
  for (i = 0; i < count; i++) {
    lun_buf_adds(out, i > 0 ? "&" : "");
    lun_buf_add_span(out, param_name(&params[i]));
    lun_buf_addc(out, '=');
    lun_buf_add_span(out, param_value(&params[i]));
  }
  if (encoded.fail != LUN_OK && out->fail == LUN_OK)
    out->fail = encoded.fail;
  lun_buf_done(&encoded);
  lun_mem_free(out->ctx, params);
  return LUN_OK;
}

/* -------------------------------------------------------------- headers -- */

/* Appends a value, trimmed, each run of blanks in it as one blank. */
static void add_value(struct lun_buf *out, struct lun_span value)
{
  size_t i = 0;

  value = lun_text_trim_blank(value);
  for (i = 0; i < value.len; i++) {
    if (!lun_text_blank(value.ptr[i]))
      lun_buf_addc(out, value.ptr[i]);
    else if (!lun_text_blank(value.ptr[i - 1]))
      lun_buf_addc(out, ' ');
  }
}

/* By lower-case name; equal names stay in the order they came in. */
static int header_order(const void *left, const void *right)
{
  const struct lun_header *a = *(const struct lun_header *const *)left;
  const struct lun_header *b = *(const struct lun_header *const *)right;
  size_t i = 0;

  for (i = 0; i < a->name.len && i < b->name.len; i++) {
    int c = lun_text_lower(a->name.ptr[i]) - lun_text_lower(b->name.ptr[i]);

    if (c != 0)
      return c;
  }
  if (a->name.len != b->name.len)
    return a->name.len > b->name.len ? 1 : -1;
  return (a > b) - (a < b);
}

static void add_name(struct lun_buf *out, struct lun_span name)
{
  size_t i = 0;

  for (i = 0; i < name.len; i++)
    lun_buf_addc(out, lun_text_lower(name.ptr[i]));
}

enum lun_code lun_canon_headers(struct lun_buf *lines, struct lun_buf *names,
                                const struct lun_header *headers, size_t count,
                                struct lun_error *err)
{
  const struct lun_header **sorted = NULL;
  size_t i = 0;

  sorted = lun_mem_alloc(lines->ctx, count * sizeof(*sorted));
  if (sorted == NULL)
    return lun_error_nomem(err);
  for (i = 0; i < count; i++)
    sorted[i] = &headers[i];
  qsort(sorted, count, sizeof(*sorted), header_order);
  for (i = 0; i < count; i++) {
    bool again = i > 0 && lun_text_same(sorted[i]->name, sorted[i - 1]->name);

    if (again) {
      lun_buf_addc(lines, ',');
    } else {
      lun_buf_adds(lines, i > 0 ? "\n" : "");
      lun_buf_adds(names, i > 0 ? ";" : "");
      add_name(lines, sorted[i]->name);
      lun_buf_addc(lines, ':');
      add_name(names, sorted[i]->name);
    }
    add_value(lines, sorted[i]->value);
  }
  lun_buf_adds(lines, count > 0 ? "\n" : "");
  lun_mem_free(lines->ctx, sorted);
  return LUN_OK;
}
