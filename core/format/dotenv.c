/*
 * dotenv files, in the part of the format that python-dotenv, docker compose,
 * Node's dotenv package and node --env-file all read alike.  They differ in
 * nearly every escape, so a value is written without any:
 *
 *   'single'  everything but ' and CR, "${" (python-dotenv expands it even
 *             here), two backslashes in a row (python-dotenv makes them one)
 *             and a last backslash (it hides the quote from compose)
 *   "double"  everything but " \ $ and CR
 *   bare      one line of printable ASCII without # and $, not begun by a
 *             quote, no blanks at its ends
 *
 * and refused if none of the three can hold it.  A scalar that mixes text and
 * values is followed to its end and quoted there as one.
 */
#include "format.h"

#include "../base/error.h"

enum dotenv_at {
  LINE, /* before the key */
  KEY,
  KEY_END, /* blanks between the key and its = */
  VALUE,   /* behind the =, before the value */
  PLAIN,
  SINGLE,
  DOUBLE,
  REST, /* of a line: behind a closing quote, or no assignment at all */
  COMMENT
};

struct dotenv {
  enum dotenv_at at;
  bool escaped; /* in DOUBLE: behind a backslash of the template */
  bool mixed;   /* the scalar has a value in it */
  bool typed;   /* it is nothing but one number, true or false */
  size_t start; /* of the key or scalar in the output */
  size_t end;   /* of the scalar, without blanks behind it */
};

static const char in_dotenv[] = "in a dotenv value";

static bool quotable_single(struct lun_span text)
{
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    char next = '\0';
    if (i + 1 < text.len)
      next = text.ptr[i + 1];
    if (c == '\'' || (c == '$' && next == '{'))
      return false;
    if (c == '\\' && (next == '\\' || i + 1 == text.len))
      return false;
  }
  return true;
}

static bool quotable_double(struct lun_span text)
{
  return !lun_format_has(text, '"') && !lun_format_has(text, '\\') &&
         !lun_format_has(text, '$');
}

static bool writable_bare(struct lun_span text)
{
  if (text.len == 0 || !lun_text_printable(text) || lun_format_has(text, '#') ||
      lun_format_has(text, '$'))
    return false;
  return strchr("'\"` ", text.ptr[0]) == NULL && text.ptr[text.len - 1] != ' ';
}

/* What no dotenv value can hold, however it is quoted. */
static enum lun_code check_bytes(struct lun_span text, struct lun_error *err)
{
  if (lun_format_has(text, '\r'))
    return lun_format_refuse(err, "a carriage return", in_dotenv);
  if (lun_text_is_utf8(text))
    return LUN_OK;
  lun_format_refuse(err, "what is not UTF-8", in_dotenv);
  lun_error_hint(err, "encode it: {{ x | base64 }}");
  return LUN_EINVALID;
}

static enum lun_code no_common_form(struct lun_span text, struct lun_error *err)
{
  const char *what = "this mixture of quotes, backslashes and '$'";

  if (!lun_format_has(text, '\''))
    what = strstr(text.ptr, "${") != NULL ? "'${'" : "this use of backslashes";
  lun_format_refuse(err, what, in_dotenv);
  lun_error_hint(err, "python-dotenv, docker compose and Node do not read it "
                      "alike; {{ x | base64 }} keeps to letters");
  return LUN_EINVALID;
}

static enum lun_code put_quoted(lun_writer *writer, struct lun_span text,
                                struct lun_error *err)
{
  enum lun_code rc = check_bytes(text, err);
  const char *quote = "";

  if (rc)
    return rc;
  if (quotable_single(text))
    quote = "'";
  else if (quotable_double(text))
    quote = "\"";
  else if (!writable_bare(text))
    return no_common_form(text, err);
  lun_buf_adds(&writer->out, quote);
  lun_buf_add_span(&writer->out, text);
  lun_buf_adds(&writer->out, quote);
  return LUN_OK;
}

/* The plain scalar is over: quotes it if it has values in it. */
static enum lun_code end_plain(lun_writer *writer, struct lun_error *err)
{
  struct dotenv *s = writer->state;
  size_t len = s->end - s->start;
  struct lun_span lifted = {NULL, 0};
  enum lun_code rc = LUN_OK;

  if (!s->mixed || s->typed)
    return LUN_OK;
  lifted = lun_format_lift(writer, s->start);
  if (writer->lifted.fail != LUN_OK || lifted.len < len)
    return LUN_OK; /* the writer reports it */
  rc = put_quoted(writer, (struct lun_span){lifted.ptr, len}, err);
  if (rc == LUN_OK && lifted.len > len)
    lun_buf_add(&writer->out, lifted.ptr + len, lifted.len - len);
  return rc;
}

/* True if every backslash of TEXT is one of \n, which all readers know. */
static bool common_escapes(struct lun_span text)
{
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] == '\\' && (i + 1 == text.len || text.ptr[i + 1] != 'n'))
      return false;
  }
  return true;
}

/*
 * The quoted scalar is over.  Text of the template and values may have met
 * in what one of the readers expands.
 */
static enum lun_code end_quoted(lun_writer *writer, struct lun_error *err)
{
  struct dotenv *s = writer->state;
  struct lun_span all = lun_buf_view(&writer->out);
  struct lun_span text = {all.ptr + s->start, all.len - s->start};

  if (writer->out.fail != LUN_OK || !s->mixed)
    return LUN_OK;
  if (s->at == SINGLE ? !quotable_single(text) : !common_escapes(text))
    return no_common_form(text, err);
  return check_bytes(text, err);
}

static void start_scalar(lun_writer *writer, enum dotenv_at at, size_t start)
{
  struct dotenv *s = writer->state;

  s->at = at;
  s->start = start;
  s->end = start;
  s->mixed = false;
  s->typed = false;
  s->escaped = false;
}

static void in_key(lun_writer *writer, char c)
{
  struct dotenv *s = writer->state;
  struct lun_span all = lun_buf_view(&writer->out);
  struct lun_span key = {all.ptr + s->start, all.len - s->start};

  if (c == '=')
    s->at = VALUE;
  else if (lun_text_blank(c))
    s->at = lun_span_is(key, "export") ? LINE : KEY_END;
}

/* A newline ends everything but a quoted scalar. */
static enum lun_code newline(lun_writer *writer, struct lun_error *err)
{
  struct dotenv *s = writer->state;
  enum lun_code rc = LUN_OK;

  if (s->at == PLAIN)
    rc = end_plain(writer, err);
  s->at = LINE;
  return rc;
}

static enum lun_code in_value(lun_writer *writer, char c, struct lun_error *err)
{
  struct dotenv *s = writer->state;

  if (lun_text_blank(c))
    return LUN_OK;
  if (c == '`') {
    lun_format_refuse(err, "a back quote", "at the start of a dotenv value");
    lun_error_hint(err, "only Node takes it for a quote; use ' or \"");
    return LUN_EINVALID;
  }
  if (c == '\'')
    start_scalar(writer, SINGLE, writer->out.len + 1);
  else if (c == '"')
    start_scalar(writer, DOUBLE, writer->out.len + 1);
  else if (c == '#')
    s->at = COMMENT;
  else {
    start_scalar(writer, PLAIN, writer->out.len);
    s->end = writer->out.len + 1;
  }
  return LUN_OK;
}

static enum lun_code in_plain(lun_writer *writer, char c, struct lun_error *err)
{
  struct dotenv *s = writer->state;

  if (c == '#' && s->end < writer->out.len) {
    enum lun_code rc = end_plain(writer, err);
    s->at = COMMENT;
    return rc;
  }
  if (!lun_text_blank(c)) {
    s->end = writer->out.len + 1;
    s->typed = false;
  }
  return LUN_OK;
}

static enum lun_code follow(lun_writer *writer, char c, struct lun_error *err)
{
  struct dotenv *s = writer->state;
  enum lun_code rc = LUN_OK;

  if (lun_format_newline(c) && s->at != SINGLE && s->at != DOUBLE)
    return newline(writer, err);
  switch (s->at) {
  case LINE:
    if (c == '#')
      s->at = COMMENT;
    else if (!lun_text_blank(c))
      start_scalar(writer, KEY, writer->out.len);
    break;
  case KEY: in_key(writer, c); break;
  case KEY_END:
    if (!lun_text_blank(c))
      s->at = c == '=' ? VALUE : REST;
    break;
  case VALUE: return in_value(writer, c, err);
  case PLAIN: return in_plain(writer, c, err);
  case SINGLE:
  case DOUBLE:
    if (s->escaped || c == '\\') {
      s->escaped = !s->escaped;
    } else if (c == (s->at == SINGLE ? '\'' : '"')) {
      rc = end_quoted(writer, err);
      s->at = REST;
    }
    break;
  case REST:
    if (c == '#')
      s->at = COMMENT;
    break;
  case COMMENT: break;
  }
  return rc;
}

static enum lun_code dotenv_text(lun_writer *writer, struct lun_span text,
                                 struct lun_error *err)
{
  enum lun_code rc = LUN_OK;

  for (size_t i = 0; i < text.len && rc == LUN_OK; i++) {
    rc = follow(writer, text.ptr[i], err);
    lun_buf_addc(&writer->out, text.ptr[i]);
  }
  return rc;
}

/* -------------------------------------------------------------- values -- */

static enum lun_code key_value(lun_writer *writer, enum lun_value_kind kind,
                               struct lun_span bytes, struct lun_error *err)
{
  struct dotenv *s = writer->state;
  bool first = s->at == LINE;
  bool name = kind == LUN_VALUE_STRING || kind == LUN_VALUE_NUMBER;

  for (size_t i = 0; i < bytes.len; i++)
    name = name && lun_format_name(bytes.ptr[i]);
  if (!name || (first && !lun_format_is_name(bytes))) {
    lun_format_refuse(err, "this value", "in the name of a variable");
    lun_error_hint(err, "a name is letters, digits and _, and begins with no "
                        "digit");
    return LUN_EINVALID;
  }
  if (first)
    start_scalar(writer, KEY, writer->out.len);
  lun_buf_add_span(&writer->out, bytes);
  return LUN_OK;
}

/*
 * True if a value here would become part of an expansion that the template
 * has begun: behind $, $NAME, or in ${...
 */
static bool expands(const lun_writer *writer)
{
  const struct dotenv *s = writer->state;
  struct lun_span all = lun_buf_view(&writer->out);
  size_t at = all.len;
  bool open = false;

  while (at > s->start && lun_format_name(all.ptr[at - 1]))
    at--;
  if (at > s->start && all.ptr[at - 1] == '$')
    return true;
  for (at = s->start; at < all.len; at++) {
    if (all.ptr[at] == '}')
      open = false;
    else if (at > s->start && all.ptr[at] == '{' && all.ptr[at - 1] == '$')
      open = true;
  }
  return open;
}

static enum lun_code quoted_value(lun_writer *writer, struct lun_span bytes,
                                  struct lun_error *err)
{
  struct dotenv *s = writer->state;
  enum lun_code rc = check_bytes(bytes, err);

  if (rc)
    return rc;
  if (s->escaped)
    return lun_format_refuse(err, "a value", "behind a backslash");
  if (s->at == DOUBLE && expands(writer))
    return lun_format_refuse(err, "a value", "in the name of an expansion");
  if (s->at == DOUBLE ? !quotable_double(bytes) : !quotable_single(bytes)) {
    lun_format_refuse(err, "a quote, '$' or backslash of this value",
                      "between these quotes of a dotenv value");
    lun_error_hint(err, "leave the quotes to lunette: KEY={{ x }}");
    return LUN_EINVALID;
  }
  s->mixed = true;
  lun_buf_add_span(&writer->out, bytes);
  return LUN_OK;
}

static enum lun_code dotenv_value(lun_writer *writer, enum lun_value_kind kind,
                                  struct lun_span bytes, struct lun_error *err)
{
  struct dotenv *s = writer->state;
  bool whole = s->at == VALUE;
  enum lun_code rc = lun_format_check(kind, bytes, false, in_dotenv, err);

  if (rc)
    return rc;
  switch (s->at) {
  case LINE:
  case KEY: return key_value(writer, kind, bytes, err);
  case VALUE: start_scalar(writer, PLAIN, writer->out.len); break;
  case PLAIN: break;
  case SINGLE:
  case DOUBLE: return quoted_value(writer, bytes, err);
  case KEY_END:
  case REST:
    return lun_format_refuse(err, "a value", "here; write KEY={{ x }}");
  case COMMENT: return lun_format_refuse(err, "a value", "in a comment");
  }
  rc = check_bytes(bytes, err);
  if (rc)
    return rc;
  lun_buf_add_span(&writer->out, bytes);
  s->mixed = true;
  s->typed = whole && kind != LUN_VALUE_STRING && kind != LUN_VALUE_JSON;
  s->end = writer->out.len;
  return LUN_OK;
}

static enum lun_code dotenv_end(lun_writer *writer, struct lun_error *err)
{
  struct dotenv *s = writer->state;

  if (s->at == SINGLE || s->at == DOUBLE)
    return lun_error_set(err, LUN_EINVALID,
                         "a quoted dotenv value is not closed");
  return newline(writer, err);
}

const struct lun_format lun_format_dotenv = {
    .name = "dotenv",
    .state_size = sizeof(struct dotenv),
    .text = dotenv_text,
    .value = dotenv_value,
    .end = dotenv_end,
};
