/*
 * JSON.  The literal text must be JSON itself, so that every value's place is
 * known: where a value may stand it is written whole, in a string it is
 * escaped for that string, elsewhere it is refused.  A mistake in the
 * template is found where it stands and not by the program that reads the
 * file.
 */
#include "format.h"

#include "../base/error.h"
#include "../text/json.h"

enum json_at {
  BETWEEN,
  STRING,
  ESCAPE,
  HEX,
  TOKEN
};

/* What may come next between tokens. */
enum json_want {
  WANT_VALUE,
  WANT_VALUE_OR_END, /* behind [ */
  WANT_KEY_OR_END,   /* behind { */
  WANT_KEY,          /* behind , in an object */
  WANT_COLON,
  WANT_NEXT, /* , or the end of the array or object */
  WANT_NOTHING
};

struct json {
  enum json_at at;
  enum json_want want;
  bool key;     /* the open string is a key */
  int hex;      /* digits of \uXXXX that are missing */
  size_t token; /* where the open number or word begins in the output */
  size_t depth;
  char open[LUN_JSON_DEPTH]; /* '[' or '{' */
};

static const char *wanted(enum json_want want)
{
  switch (want) {
  case WANT_VALUE:
  case WANT_VALUE_OR_END: return "where a value is due";
  case WANT_KEY:
  case WANT_KEY_OR_END: return "where a key is due";
  case WANT_COLON: return "where a ':' is due";
  case WANT_NEXT: return "where a ',' or the closing bracket is due";
  case WANT_NOTHING: break;
  }
  return "behind the end of the JSON value";
}

static enum lun_code refuse(const struct json *s, const char *what,
                            struct lun_error *err)
{
  lun_format_refuse(err, what, wanted(s->want));
  lun_error_hint(err, "the template must be JSON around its values; "
                      "format 'text' follows nothing");
  return LUN_EINVALID;
}

static enum lun_code refuse_char(const struct json *s, char c,
                                 struct lun_error *err)
{
  char what[24] = "this character";

  if (c > ' ' && c < 0x7f)
    snprintf(what, sizeof(what), "'%c'", c);
  return refuse(s, what, err);
}

static void value_done(struct json *s)
{
  s->want = s->depth == 0 ? WANT_NOTHING : WANT_NEXT;
}

static bool wants_value(const struct json *s)
{
  return s->want == WANT_VALUE || s->want == WANT_VALUE_OR_END;
}

static bool wants_key(const struct json *s)
{
  return s->want == WANT_KEY || s->want == WANT_KEY_OR_END;
}

/* Ends an open number or word, which must be one of JSON's. */
static enum lun_code end_token(lun_writer *writer, struct lun_error *err)
{
  struct json *s = writer->state;
  struct lun_span all = lun_buf_view(&writer->out);
  struct lun_span token = {all.ptr + s->token, all.len - s->token};

  if (s->at != TOKEN || writer->out.fail != LUN_OK)
    return LUN_OK;
  s->at = BETWEEN;
  if (!lun_format_is_number(token) && !lun_span_is(token, "true") &&
      !lun_span_is(token, "false") && !lun_span_is(token, "null"))
    return refuse(s, "a word or number that JSON does not know", err);
  value_done(s);
  return LUN_OK;
}

static enum lun_code open_bracket(struct json *s, char c, struct lun_error *err)
{
  if (!wants_value(s))
    return refuse_char(s, c, err);
  if (s->depth == LUN_JSON_DEPTH)
    return lun_error_set(err, LUN_EINVALID, "more than %d levels of JSON",
                         LUN_JSON_DEPTH);
  s->open[s->depth++] = c;
  s->want = c == '[' ? WANT_VALUE_OR_END : WANT_KEY_OR_END;
  return LUN_OK;
}

static enum lun_code close_bracket(struct json *s, char c,
                                   struct lun_error *err)
{
  char open = c == ']' ? '[' : '{';
  enum json_want empty = c == ']' ? WANT_VALUE_OR_END : WANT_KEY_OR_END;

  if (s->depth == 0 || s->open[s->depth - 1] != open ||
      (s->want != WANT_NEXT && s->want != empty))
    return refuse_char(s, c, err);
  s->depth--;
  value_done(s);
  return LUN_OK;
}

static enum lun_code between(lun_writer *writer, char c, struct lun_error *err)
{
  struct json *s = writer->state;

  if (lun_text_blank(c) || lun_format_newline(c))
    return LUN_OK;
  switch (c) {
  case '[':
  case '{': return open_bracket(s, c, err);
  case ']':
  case '}': return close_bracket(s, c, err);
  case ',':
    if (s->want != WANT_NEXT)
      return refuse_char(s, c, err);
    s->want = s->open[s->depth - 1] == '[' ? WANT_VALUE : WANT_KEY;
    return LUN_OK;
  case ':':
    if (s->want != WANT_COLON)
      return refuse_char(s, c, err);
    s->want = WANT_VALUE;
    return LUN_OK;
  case '"':
    if (!wants_value(s) && !wants_key(s))
      return refuse_char(s, c, err);
    s->key = wants_key(s);
    s->at = STRING;
    return LUN_OK;
  default:
    if (!wants_value(s) || !(lun_format_name(c) || c == '-'))
      return refuse_char(s, c, err);
    s->at = TOKEN;
    s->token = writer->out.len;
    return LUN_OK;
  }
}

static enum lun_code in_string(struct json *s, char c, struct lun_error *err)
{
  if ((unsigned char)c < ' ')
    return lun_format_refuse(err, "a line break or control character",
                             "as it is in a JSON string");
  if (c == '\\') {
    s->at = ESCAPE;
  } else if (c == '"') {
    s->at = BETWEEN;
    if (s->key)
      s->want = WANT_COLON;
    else
      value_done(s);
  }
  return LUN_OK;
}

static enum lun_code in_escape(struct json *s, char c, struct lun_error *err)
{
  if (s->at == ESCAPE && c == 'u') {
    s->at = HEX;
    s->hex = 4;
    return LUN_OK;
  }
  if (s->at == ESCAPE ? strchr("\"\\/bfnrt", c) == NULL || c == '\0'
                      : lun_text_unhex(c) < 0)
    return lun_format_refuse(err, "this escape", "in a JSON string");
  if (s->at == ESCAPE || --s->hex == 0)
    s->at = STRING;
  return LUN_OK;
}

static enum lun_code json_text(lun_writer *writer, struct lun_span text,
                               struct lun_error *err)
{
  struct json *s = writer->state;
  enum lun_code rc = LUN_OK;

  for (size_t i = 0; i < text.len && rc == LUN_OK; i++) {
    char c = text.ptr[i];
    if (s->at == TOKEN) {
      if (lun_format_name(c) || c == '-' || c == '+' || c == '.') {
        lun_buf_addc(&writer->out, c);
        continue;
      }
      rc = end_token(writer, err);
      if (rc)
        return rc;
    }
    if (s->at == BETWEEN)
      rc = between(writer, c, err);
    else if (s->at == STRING)
      rc = in_string(s, c, err);
    else
      rc = in_escape(s, c, err);
    lun_buf_addc(&writer->out, c);
  }
  return rc;
}

/* The escaped bytes, with or without the quotes around them. */
static void put_string(lun_writer *writer, struct lun_span bytes, bool quotes)
{
  struct lun_span quoted = {NULL, 0};

  lun_buf_cut(&writer->lifted, 0);
  lun_json_quote(&writer->lifted, bytes);
  quoted = lun_buf_view(&writer->lifted);
  if (!quotes && quoted.len >= 2) {
    quoted.ptr++;
    quoted.len -= 2;
  }
  lun_buf_add_span(&writer->out, quoted);
}

static enum lun_code put_whole(lun_writer *writer, enum lun_value_kind kind,
                               struct lun_span bytes, struct lun_error *err)
{
  struct json *s = writer->state;
  bool string = kind == LUN_VALUE_STRING;

  if (wants_key(s)) {
    if (!string && kind != LUN_VALUE_NUMBER)
      return lun_format_refuse(err, "what is no string", "as a JSON key");
    put_string(writer, bytes, true);
    s->want = WANT_COLON;
    return LUN_OK;
  }
  if (!wants_value(s))
    return refuse(s, "a value", err);
  if (string)
    put_string(writer, bytes, true);
  else
    lun_buf_add_span(&writer->out, bytes);
  value_done(s);
  return LUN_OK;
}

/* A caller's JSON text is checked: it may not break out of its place. */
static enum lun_code check(lun_writer *writer, enum lun_value_kind kind,
                           struct lun_span bytes, struct lun_error *err)
{
  struct lun_json *json = NULL;
  enum lun_code rc = LUN_OK;

  if (!lun_text_is_utf8(bytes)) {
    lun_format_refuse(err, "a value that is not UTF-8", "in JSON");
    lun_error_hint(err, "encode it: {{ x | base64 }}");
    return LUN_EINVALID;
  }
  if (kind != LUN_VALUE_JSON)
    return LUN_OK;
  rc = lun_json_parse(&json, writer->ctx, bytes, "the value", err);
  lun_json_unref(json);
  return rc;
}

static enum lun_code json_value(lun_writer *writer, enum lun_value_kind kind,
                                struct lun_span bytes, struct lun_error *err)
{
  struct json *s = writer->state;
  enum lun_code rc = check(writer, kind, bytes, err);

  if (rc)
    return rc;
  switch (s->at) {
  case BETWEEN: return put_whole(writer, kind, bytes, err);
  case STRING:
    rc = lun_format_check(kind, bytes, true, "inside a JSON string", err);
    if (rc == LUN_OK)
      put_string(writer, bytes, false);
    return rc;
  case TOKEN:
    return lun_format_refuse(err, "a value",
                             "against a number or word; put both in quotes");
  case ESCAPE:
  case HEX: break;
  }
  return lun_format_refuse(err, "a value", "behind a backslash");
}

static enum lun_code json_end(lun_writer *writer, struct lun_error *err)
{
  struct json *s = writer->state;
  enum lun_code rc = end_token(writer, err);

  if (rc)
    return rc;
  if (s->at != BETWEEN)
    return lun_error_set(err, LUN_EINVALID, "a JSON string is not closed");
  if (s->depth > 0)
    return lun_error_set(err, LUN_EINVALID, "a '%c' is not closed",
                         s->open[s->depth - 1]);
  if (s->want != WANT_NOTHING)
    return lun_error_set(err, LUN_EINVALID, "the template gives no JSON value");
  if (!lun_text_is_utf8(lun_buf_view(&writer->out)))
    return lun_error_set(err, LUN_EINVALID, "the template is not UTF-8");
  return LUN_OK;
}

const struct lun_format lun_format_json = {
    .name = "json",
    .state_size = sizeof(struct json),
    .text = json_text,
    .value = json_value,
    .end = json_end,
};
