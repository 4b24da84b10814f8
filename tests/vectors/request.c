/*
 * A small parser for requests in files; it may be lenient, for it judges
 * nothing.
 */
#include "request.h"

#include <stdlib.h>

static struct lun_span take_line(struct lun_span *rest)
{
  const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
  struct lun_span line = *rest;

  if (end != NULL)
    line.len = (size_t)(end - line.ptr);
  rest->ptr += line.len + (end != NULL);
  rest->len -= line.len + (end != NULL);
  if (line.len > 0 && line.ptr[line.len - 1] == '\r')
    line.len--;
  return line;
}

/* "POST /a b?c=d HTTP/1.1": the target may hold blanks. */
static bool read_first_line(struct lun_sigv4_request *out, struct lun_span line)
{
  const char *start = line.len == 0 ? NULL : memchr(line.ptr, ' ', line.len);
  const char *end = line.len == 0 ? NULL : memrchr(line.ptr, ' ', line.len);
  const char *mark = NULL;

  if (start == NULL || end <= start)
    return false;
  out->method = (struct lun_span){line.ptr, (size_t)(start - line.ptr)};
  out->path = (struct lun_span){start + 1, (size_t)(end - start - 1)};
  mark = out->path.len == 0 ? NULL : memchr(out->path.ptr, '?', out->path.len);
  if (mark != NULL) {
    out->query = (struct lun_span){mark + 1, (size_t)(end - mark - 1)};
    out->path.len = (size_t)(mark - out->path.ptr);
  }
  return true;
}

/*
 * Joins a folded line to the value before it by one blank, in place: the
 * blanks that stand between become blanks, of which canonical form keeps one.
 */
static void unfold(struct raw_request *raw, struct lun_span line)
{
  struct lun_span *value = &raw->headers[raw->request.nheaders - 1].value;
  char *gap = raw->text.ptr + (value->ptr - raw->text.ptr) + value->len;

  while (gap < line.ptr)
    *gap++ = ' ';
  value->len = (size_t)(line.ptr - value->ptr) + line.len;
}

static bool read_headers(struct raw_request *raw, struct lun_span *rest)
{
  struct lun_span line = {NULL, 0};

  while (rest->len > 0) {
    const char *colon = NULL;

    line = take_line(rest);
    if (line.len == 0)
      return true;
    if ((line.ptr[0] == ' ' || line.ptr[0] == '\t') &&
        raw->request.nheaders > 0) {
      unfold(raw, line);
      continue;
    }
    colon = memchr(line.ptr, ':', line.len);
    if (colon == NULL || raw->request.nheaders == REQUEST_HEADERS)
      return false;
    raw->headers[raw->request.nheaders++] = (struct lun_header){
        {line.ptr, (size_t)(colon - line.ptr)},
        {colon + 1, (size_t)(line.ptr + line.len - colon - 1)}};
  }
  return true;
}

bool read_request(struct raw_request *out, struct tally *tally,
                  const char *path, const char *name)
{
  struct lun_span rest = {NULL, 0};

  memset(out, 0, sizeof(*out));
  lun_buf_init(&out->text, tally->ctx, VECTORS_TEXT_MAX);
  out->request.headers = out->headers;
  out->request.query = (struct lun_span){"", 0};
  if (!read_whole(&out->text, path)) {
    case_failed(tally, name, "%s cannot be read", path);
    return false;
  }
  rest = lun_buf_view(&out->text);
  if (!read_first_line(&out->request, take_line(&rest)) ||
      !read_headers(out, &rest)) {
    case_failed(tally, name, "%s is no HTTP request", path);
    request_done(out);
    return false;
  }
  out->request.body = rest;
  return true;
}

void request_done(struct raw_request *raw)
{
  lun_buf_done(&raw->text);
}

struct lun_span request_header(const struct lun_sigv4_request *request,
                               const char *name)
{
  size_t i = 0;

  for (i = 0; i < request->nheaders; i++)
    if (lun_text_same(request->headers[i].name, lun_span_of(name)))
      return lun_text_trim(request->headers[i].value);
  return (struct lun_span){"", 0};
}

void request_drop(struct raw_request *raw, const char *name)
{
  size_t kept = 0;
  size_t i = 0;

  for (i = 0; i < raw->request.nheaders; i++)
    if (!lun_text_same(raw->headers[i].name, lun_span_of(name)))
      raw->headers[kept++] = raw->headers[i];
  raw->request.nheaders = kept;
}

void request_add(struct raw_request *raw, const char *name,
                 struct lun_span value)
{
  if (raw->request.nheaders < REQUEST_HEADERS)
    raw->headers[raw->request.nheaders++] =
        (struct lun_header){lun_span_of(name), value};
}

/* --------------------------------------------------------------- sorting -- */

static int by_text(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends the lines of TEXT, sorted. */
static void sort_lines(struct lun_buf *out, const struct lun_buf *text)
{
  struct lun_span rest = lun_buf_view(text);
  char *lines[4 * REQUEST_HEADERS] = {NULL};
  size_t count = 0;
  size_t i = 0;

  while (rest.len > 0 && count < 4 * REQUEST_HEADERS) {
    struct lun_span line = take_line(&rest);

    lines[count] = lun_mem_copy(out->ctx, line.ptr, line.len);
    if (lines[count] != NULL)
      count++;
  }
  qsort(lines, count, sizeof(lines[0]), by_text);
  for (i = 0; i < count; i++) {
    lun_buf_adds(out, lines[i]);
    lun_buf_addc(out, '\n');
    lun_mem_free(out->ctx, lines[i]);
  }
}

void request_sorted(struct lun_buf *out,
                    const struct lun_sigv4_request *request)
{
  struct lun_buf lines = LUN_BUF_INIT(out->ctx, VECTORS_TEXT_MAX);
  struct lun_span query = request->query;
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};
  size_t i = 0;
  size_t k = 0;

  lun_buf_add_span(out, request->method);
  lun_buf_addc(out, ' ');
  lun_buf_add_span(out, request->path);
  lun_buf_addc(out, '\n');
  while (lun_canon_param(&query, &name, &value)) {
    lun_buf_add(&lines, name.ptr, (size_t)(value.ptr - name.ptr) + value.len);
    lun_buf_addc(&lines, '\n');
  }
  sort_lines(out, &lines);
  lun_buf_cut(&lines, 0);
  for (i = 0; i < request->nheaders; i++) {
    struct lun_span header = request->headers[i].name;

    for (k = 0; k < header.len; k++)
      lun_buf_addc(&lines, lun_text_lower(header.ptr[k]));
    lun_buf_addc(&lines, ':');
    lun_buf_add_span(&lines, lun_text_trim(request->headers[i].value));
    lun_buf_addc(&lines, '\n');
  }
  sort_lines(out, &lines);
  lun_buf_addc(out, '\n');
  lun_buf_add_span(out, request->body);
  lun_buf_done(&lines);
}
