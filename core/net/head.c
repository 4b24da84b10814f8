/*
 * What an answer's header says of its body.  libcurl takes a body that ends
 * with the connection as complete, and the last of several lengths as the
 * right one (measured); here both are told apart.
 */
#include "head.h"

#include "../base/error.h"

static bool good(struct lun_span name, struct lun_span value)
{
  size_t i = 0;

  for (i = 0; i < name.len; i++) {
    unsigned char c = (unsigned char)name.ptr[i];

    if (c <= ' ' || c >= 0x7F || c == ':')
      return false;
  }
  for (i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.ptr[i];

    if ((c < ' ' && c != '\t') || c == 0x7F)
      return false;
  }
  return name.len > 0;
}

enum lun_code lun_head_line(struct lun_buf *line, struct lun_span name,
                            struct lun_span value, struct lun_error *err)
{
  if (!good(name, value))
    return lun_error_set(err, LUN_EINVALID,
                         "the header %.*s has a character that none may have",
                         (int)name.len, name.ptr);
  lun_buf_add_span(line, name);
  /* the way to write an empty header: with a colon it would be removed */
  lun_buf_adds(line, value.len == 0 ? ";" : ": ");
  lun_buf_add_span(line, value);
  return lun_buf_status(line, "a header", err);
}

bool lun_head_take(struct lun_buf *head, struct lun_span line)
{
  bool first = lun_text_prefix(line, "HTTP/");

  if (first)
    lun_buf_cut(head, 0);
  while (line.len > 0 &&
         (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
    line.len--;
  lun_buf_add_span(head, line);
  lun_buf_addc(head, '\n');
  return first;
}

/* Takes the next line off HEAD, without its '\n'; false at the end. */
static bool next_line(struct lun_span *head, struct lun_span *line)
{
  const char *end = NULL;

  if (head->len == 0)
    return false;
  end = memchr(head->ptr, '\n', head->len);
  line->ptr = head->ptr;
  line->len = end == NULL ? head->len : (size_t)(end - head->ptr);
  head->ptr += line->len;
  head->len -= line->len;
  if (head->len > 0) {
    head->ptr++;
    head->len--;
  }
  return true;
}

/* Takes the next header called NAME off HEAD; false when there is no more. */
static bool next_value(struct lun_span *head, const char *name,
                       struct lun_span *value)
{
  struct lun_span line = {NULL, 0};

  while (next_line(head, &line)) {
    const char *colon = memchr(line.ptr, ':', line.len);
    struct lun_span key = {line.ptr, 0};

    if (colon == NULL)
      continue;
    key.len = (size_t)(colon - line.ptr);
    if (!lun_text_same(key, lun_span_of(name)))
      continue;
    value->ptr = colon + 1;
    value->len = line.len - key.len - 1;
    *value = lun_text_trim(*value);
    return true;
  }
  return false;
}

bool lun_head_find(struct lun_span head, const char *name, struct lun_span *out)
{
  return next_value(&head, name, out);
}

static bool has_body(int status)
{
  return status >= 200 && status != 204 && status != 304;
}

enum lun_framing lun_head_framing(struct lun_span head, int status)
{
  struct lun_span rest = head;
  struct lun_span value = {NULL, 0};
  struct lun_span length = {NULL, 0};
  int64_t bytes = 0;
  bool chunked = false;

  if (!has_body(status))
    return LUN_FRAMING_GOOD;
  while (next_value(&rest, "Content-Encoding", &value)) {
    if (!lun_text_same(value, LUN_SPAN_LIT("identity")))
      return LUN_FRAMING_ENCODED;
  }
  rest = head;
  while (next_value(&rest, "Transfer-Encoding", &value)) {
    if (chunked || !lun_text_same(value, LUN_SPAN_LIT("chunked")))
      return LUN_FRAMING_TWOFOLD;
    chunked = true;
  }
  rest = head;
  while (next_value(&rest, "Content-Length", &value)) {
    /* libcurl takes what it can of "7abc", and the first of "5, 7" */
    if (chunked || !lun_text_int(value, 0, INT64_MAX, &bytes) ||
        (length.ptr != NULL && !lun_text_same(length, value)))
      return LUN_FRAMING_TWOFOLD;
    length = value;
  }
  return chunked || length.ptr != NULL ? LUN_FRAMING_GOOD : LUN_FRAMING_NONE;
}
