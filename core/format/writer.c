/*
 * The writer: one table entry a format, and what they share.  A format never
 * looks ahead: it follows the bytes as they come, and what it can only decide
 * at the end of a scalar it lifts off the output and writes anew.
 */
#include "format.h"

#include "../base/error.h"
#include "../text/near.h"

static const struct lun_format *const formats[] = {
    &lun_format_dotenv, &lun_format_json, &lun_format_sh,
    &lun_format_text,   &lun_format_yaml, NULL,
};

static const char *const names[] = {"dotenv", "json", "sh",
                                    "text",   "yaml", NULL};

const char *const *lun_writer_formats(void)
{
  return names;
}

/* Formats that are to come, and must not be taken for slips. */
static const char *const planned[] = {
    "toml",        "ini",           "ini-mysql",
    "properties",  "envfile",       "systemd",
    "xml",         "dotenv-python", "dotenv-compose",
    "dotenv-node", "nginx",         "url",
    NULL,
};

static const struct lun_format *find(const char *name)
{
  if (strcmp(name, "yml") == 0)
    return &lun_format_yaml;
  for (size_t i = 0; formats[i] != NULL; i++) {
    if (strcmp(formats[i]->name, name) == 0)
      return formats[i];
  }
  return NULL;
}

#define FORMATS "there are dotenv, json, sh, text, yaml"

static enum lun_code unknown_format(const char *name, struct lun_error *err)
{
  char shown[32] = "";
  struct lun_near near = {0};
  bool later = false;

  for (size_t i = 0; planned[i] != NULL; i++)
    later = later || strcmp(name, planned[i]) == 0;
  lun_near_init(&near, lun_span_of(name));
  for (size_t i = 0; !later && names[i] != NULL; i++)
    lun_near_try(&near, names[i]);
  lun_error_text(shown, sizeof(shown), lun_span_of(name));
  if (later)
    lun_error_set(err, LUN_EINVALID, "format '%s' is not there yet; " FORMATS,
                  shown);
  else
    lun_error_set(err, LUN_EINVALID, "there is no format '%s'; " FORMATS,
                  shown);
  if (near.name != NULL) {
    lun_error_hint(err, "did you mean %s?", near.name);
    return LUN_EINVALID;
  }
  lun_error_hint(err, "format 'text' writes values as they are: encode each "
                      "with a filter, as in {{ p | json }}");
  return LUN_EINVALID;
}

enum lun_code lun_writer_new(lun_writer **out, lun_ctx *ctx, const char *format,
                             struct lun_error *err)
{
  const struct lun_format *found = find(format);
  lun_writer *writer = NULL;

  if (found == NULL)
    return unknown_format(format, err);
  writer = lun_mem_alloc(ctx, sizeof(*writer));
  if (writer == NULL)
    return lun_error_nomem(err);
  writer->ctx = ctx;
  writer->format = found;
  lun_buf_init(&writer->out, ctx, LUN_WRITER_MAX);
  lun_buf_init(&writer->lifted, ctx, LUN_WRITER_MAX);
  writer->state = lun_mem_alloc(ctx, found->state_size);
  if (writer->state == NULL) {
    lun_writer_free(writer);
    return lun_error_nomem(err);
  }
  *out = writer;
  return LUN_OK;
}

void lun_writer_free(lun_writer *writer)
{
  if (writer == NULL)
    return;
  lun_buf_done(&writer->out);
  lun_buf_done(&writer->lifted);
  lun_mem_free(writer->ctx, writer->state);
  lun_mem_free(writer->ctx, writer);
}

/*
 * RC, unless a buffer failed: a format that looks at what is missing from one
 * may find fault with it.
 */
static enum lun_code status(const lun_writer *writer, enum lun_code rc,
                            struct lun_error *err)
{
  if (writer->lifted.fail != LUN_OK)
    return lun_buf_status(&writer->lifted, "the rendered file", err);
  if (writer->out.fail != LUN_OK)
    return lun_buf_status(&writer->out, "the rendered file", err);
  return rc;
}

enum lun_code lun_writer_text(lun_writer *writer, struct lun_span text,
                              struct lun_error *err)
{
  return status(writer, writer->format->text(writer, text, err), err);
}

enum lun_code lun_writer_raw(lun_writer *writer, struct lun_span bytes,
                             struct lun_error *err)
{
  return lun_writer_text(writer, bytes, err);
}

/* A number's or a constant's text is checked once, here. */
enum lun_code lun_writer_value(lun_writer *writer, enum lun_value_kind kind,
                               struct lun_span bytes, struct lun_error *err)
{
  switch (kind) {
  case LUN_VALUE_NUMBER:
    if (!lun_format_is_number(bytes))
      return lun_error_set(err, LUN_EINVALID, "this is not a number");
    break;
  case LUN_VALUE_TRUE: bytes = LUN_SPAN_LIT("true"); break;
  case LUN_VALUE_FALSE: bytes = LUN_SPAN_LIT("false"); break;
  case LUN_VALUE_NULL: bytes = LUN_SPAN_LIT("null"); break;
  case LUN_VALUE_STRING:
  case LUN_VALUE_JSON: break;
  }
  return status(writer, writer->format->value(writer, kind, bytes, err), err);
}

enum lun_code lun_writer_end(lun_writer *writer, struct lun_span *out,
                             struct lun_error *err)
{
  enum lun_code rc = status(writer, writer->format->end(writer, err), err);

  if (rc)
    return rc;
  *out = lun_buf_view(&writer->out);
  return LUN_OK;
}

/* ------------------------------------------------------ for the formats -- */

enum lun_code lun_format_refuse(struct lun_error *err, const char *what,
                                const char *where)
{
  return lun_error_set(err, LUN_EINVALID, "%s cannot stand %s", what, where);
}

struct lun_span lun_format_lift(lun_writer *writer, size_t from)
{
  struct lun_span all = lun_buf_view(&writer->out);

  lun_buf_cut(&writer->lifted, 0);
  if (from < all.len)
    lun_buf_add(&writer->lifted, all.ptr + from, all.len - from);
  lun_buf_cut(&writer->out, from);
  return lun_buf_view(&writer->lifted);
}

enum lun_code lun_format_check(enum lun_value_kind kind, struct lun_span bytes,
                               bool nul_ok, const char *where,
                               struct lun_error *err)
{
  if (kind == LUN_VALUE_NULL) {
    lun_format_refuse(err, "null", where);
    lun_error_hint(err, "give it a default: {{ x | default(\"...\") }}");
    return LUN_EINVALID;
  }
  if (!nul_ok && lun_format_has(bytes, '\0')) {
    lun_format_refuse(err, "a NUL byte", where);
    lun_error_hint(err, "encode it: {{ x | base64 }}");
    return LUN_EINVALID;
  }
  return LUN_OK;
}

bool lun_format_newline(char c)
{
  return c == '\n' || c == '\r';
}

bool lun_format_one_of(const char *set, char c)
{
  return c != '\0' && strchr(set, c) != NULL;
}

bool lun_format_name(char c)
{
  return lun_text_alnum(c) || c == '_';
}

bool lun_format_is_name(struct lun_span text)
{
  if (text.len == 0 || lun_text_digit(text.ptr[0]))
    return false;
  for (size_t i = 0; i < text.len; i++) {
    if (!lun_format_name(text.ptr[i]))
      return false;
  }
  return true;
}

/* Counts the digits at AT. */
static size_t digits(struct lun_span text, size_t at)
{
  size_t n = 0;

  while (at + n < text.len && lun_text_digit(text.ptr[at + n]))
    n++;
  return n;
}

bool lun_format_is_number(struct lun_span text)
{
  size_t at = text.len > 0 && text.ptr[0] == '-';
  size_t n = digits(text, at);

  if (n == 0 || (n > 1 && text.ptr[at] == '0'))
    return false;
  at += n;
  if (at < text.len && text.ptr[at] == '.') {
    n = digits(text, at + 1);
    if (n == 0)
      return false;
    at += 1 + n;
  }
  if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
    at++;
    at += at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-');
    n = digits(text, at);
    if (n == 0)
      return false;
    at += n;
  }
  return at == text.len;
}

bool lun_format_has(struct lun_span text, char c)
{
  return text.len > 0 && memchr(text.ptr, c, text.len) != NULL;
}
