/*
 * YAML's scalars.  Strings are always double-quoted: that is the one style
 * that holds every character, and in which true, 0123, 1e5 and ~ stay
 * strings.  Only escapes that YAML 1.1 and 1.2 share are used, which JSON's
 * \/ and \ud83d\ude00 are not.
 */
#include "yamltext.h"

#include "../base/error.h"
#include "../text/json.h"

/*
 * Characters that must not stand as they are: control characters, and those
 * that one version of YAML takes for line breaks or for nothing.
 */
static bool special(uint32_t c)
{
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
         c == 0xfeff || c == 0xfffe || c == 0xffff;
}

static void put_special(struct lun_buf *out, uint32_t c)
{
  switch (c) {
  case '\0': lun_buf_adds(out, "\\0"); return;
  case '\t': lun_buf_adds(out, "\\t"); return;
  case '\n': lun_buf_adds(out, "\\n"); return;
  case '\r': lun_buf_adds(out, "\\r"); return;
  default: lun_buf_addf(out, c < 0x100 ? "\\x%02X" : "\\u%04X", (unsigned)c);
  }
}

void lun_yaml_escape(struct lun_buf *out, struct lun_span text)
{
  struct lun_span rest = text;

  while (rest.len > 0) {
    uint32_t c = 0;
    size_t n = lun_text_utf8(rest, &c);
    bool edge = rest.len == text.len || rest.len == 1;
    if (n == 0)
      return; /* callers pass valid UTF-8 */
    if (c == ' ' && edge)
      lun_buf_adds(out, "\\x20");
    else if (special(c))
      put_special(out, c);
    else {
      if (c == '"' || c == '\\')
        lun_buf_addc(out, '\\');
      lun_buf_add(out, rest.ptr, n);
    }
    rest.ptr += n;
    rest.len -= n;
  }
}

void lun_yaml_quote(struct lun_buf *out, struct lun_span text)
{
  size_t lead = text.len > 0 && text.ptr[0] == ' ';
  size_t tail = text.len > lead && text.ptr[text.len - 1] == ' ';

  /* between the quotes of one line blanks at the ends are safe */
  lun_buf_addc(out, '"');
  lun_buf_add(out, " ", lead);
  lun_yaml_escape(out,
                  (struct lun_span){text.ptr + lead, text.len - lead - tail});
  lun_buf_add(out, " ", tail);
  lun_buf_addc(out, '"');
}

/* Decimal digits as a number; 1000 or more is just large. */
static int small_number(struct lun_span text)
{
  int value = 0;

  for (size_t i = 0; i < text.len && value < 1000; i++) {
    if (lun_text_digit(text.ptr[i]))
      value = value * 10 + (text.ptr[i] - '0');
  }
  return value;
}

enum lun_code lun_yaml_number(struct lun_buf *out, struct lun_span text,
                              struct lun_error *err)
{
  size_t e = 0;
  size_t dot = 0;
  struct lun_span exponent = {NULL, 0};
  bool negative = false;

  while (e < text.len && text.ptr[e] != 'e' && text.ptr[e] != 'E')
    e++;
  while (dot < e && text.ptr[dot] != '.')
    dot++;
  if (e == text.len && (dot == e || dot < 300)) {
    lun_buf_add_span(out, text);
    return LUN_OK;
  }
  if (e < text.len) {
    exponent = (struct lun_span){text.ptr + e + 1, text.len - e - 1};
    negative = exponent.ptr[0] == '-';
    if (exponent.ptr[0] == '-' || exponent.ptr[0] == '+') {
      exponent.ptr++;
      exponent.len--;
    }
  }
  if (!negative && (dot > 300 || (int)dot + small_number(exponent) > 308))
    return lun_format_refuse(err, "a number beyond 1e308", "in YAML");
  lun_buf_add(out, text.ptr, e);
  lun_buf_adds(out, dot == e ? ".0e" : "e");
  lun_buf_addc(out, negative ? '-' : '+');
  lun_buf_add_span(out, exponent);
  return LUN_OK;
}

/* ---------------------------------------------------------------- flow -- */

struct flow {
  struct lun_buf *out;
  struct lun_buf string; /* the string at hand, decoded */
  const struct lun_json *json;
  struct lun_span text;
  bool key; /* the string at hand is a key */
};

static enum lun_code put_node(struct flow *flow, size_t at,
                              struct lun_error *err)
{
  const struct lun_json_node *node = &flow->json->nodes[at];
  size_t before = flow->out->len;

  switch (node->kind) {
  case LUN_JSON_STRING:
    lun_buf_cut(&flow->string, 0);
    lun_json_decode(&flow->string, flow->json, flow->text, at);
    lun_yaml_quote(flow->out, lun_buf_view(&flow->string));
    if (flow->key && flow->out->len - before > LUN_YAML_KEY_MAX)
      return lun_format_refuse(err, "a key of more than 1000 bytes", "in YAML");
    return LUN_OK;
  case LUN_JSON_NUMBER:
    return lun_yaml_number(flow->out, lun_json_raw(flow->json, flow->text, at),
                           err);
  default:
    lun_buf_add_span(flow->out, lun_json_raw(flow->json, flow->text, at));
    return LUN_OK;
  }
}

/* True if the member whose key is node AT is hidden by a later one. */
static bool hidden(struct flow *flow, size_t object, size_t at)
{
  lun_buf_cut(&flow->string, 0);
  lun_json_decode(&flow->string, flow->json, flow->text, at);
  return lun_json_member(flow->json, flow->text, object,
                         lun_buf_view(&flow->string), NULL) != at + 1;
}

/* The object or array at node TOP; the scanner bounds the depth. */
static enum lun_code put_collection(struct flow *flow, size_t top,
                                    struct lun_error *err)
{
  const struct lun_json_node *nodes = flow->json->nodes;
  bool object = nodes[top].kind == LUN_JSON_OBJECT;
  const char *comma = "";
  enum lun_code rc = LUN_OK;

  lun_buf_addc(flow->out, object ? '{' : '[');
  for (size_t at = top + 1; at < nodes[top].next && rc == LUN_OK;) {
    size_t value = object ? at + 1 : at;
    uint8_t kind = nodes[value].kind;
    if (!object || !hidden(flow, top, at)) {
      lun_buf_adds(flow->out, comma);
      comma = ", ";
      if (object) {
        flow->key = true;
        rc = put_node(flow, at, err);
        flow->key = false;
        lun_buf_adds(flow->out, ": ");
      }
      if (rc == LUN_OK)
        rc = kind >= LUN_JSON_ARRAY ? put_collection(flow, value, err)
                                    : put_node(flow, value, err);
    }
    at = nodes[value].next;
  }
  lun_buf_addc(flow->out, object ? '}' : ']');
  return rc;
}

enum lun_code lun_yaml_flow(struct lun_buf *out, lun_ctx *ctx,
                            struct lun_span text, struct lun_error *err)
{
  struct lun_json *json = NULL;
  struct flow flow = {.out = out, .text = text};
  enum lun_code rc = LUN_OK;

  lun_buf_init(&flow.string, ctx, LUN_WRITER_MAX);
  rc = lun_json_parse(&json, ctx, text, "the value", err);
  if (rc)
    goto done;
  flow.json = json;
  rc = json->nodes[0].kind >= LUN_JSON_ARRAY ? put_collection(&flow, 0, err)
                                             : put_node(&flow, 0, err);
  if (rc == LUN_OK)
    rc = lun_buf_status(&flow.string, "a string", err);
done:
  lun_buf_done(&flow.string);
  lun_json_unref(json);
  return rc;
}

/* ------------------------------------------------------ without escapes -- */

enum lun_code lun_yaml_plain_chars(struct lun_span text, bool newline_ok,
                                   const char *where, struct lun_error *err)
{
  while (text.len > 0) {
    uint32_t c = 0;
    size_t n = lun_text_utf8(text, &c);
    if (n == 0)
      return lun_format_refuse(err, "what is not UTF-8", where);
    if (c == '\n' && !newline_ok)
      return lun_format_refuse(err, "a newline", where);
    if (c == '\r')
      return lun_format_refuse(err, "a carriage return", where);
    if (special(c) && c != '\n' && c != '\t')
      return lun_format_refuse(err, "a control character", where);
    text.ptr += n;
    text.len -= n;
  }
  return LUN_OK;
}
