/*
 * The texts that have a pattern stand in a table; what is a list is checked
 * item by item.  An item is named by its number, counted from 1 as AWS does
 * in its own errors, or by its key; never by its value.
 */
#include "rolespec.h"

#include "../base/clock.h"
#include "../base/error.h"
#include "../rules/endpoint.h"
#include "../text/json.h"
#include "../text/near.h"

#include <inttypes.h>
#include <stdio.h>

#define FORM_LEN     ((size_t)1 << 20)
#define NAME_LEN     64 /* of a session's name; the limits are AWS's */
#define ARN_MIN      20
#define ARN_MAX      2048
#define DURATION_MIN 900
#define DURATION_MAX 43200
#define ARNS_MAX     10
#define TAGS_MAX     50
#define KEY_LEN      128 /* characters, as all of these */
#define VALUE_LEN    256
#define WEB_POLICY   2048

/* Options, and what an error about them begins with. */
struct asked {
  const struct lun_role_options *options;
  size_t policy_max; /* characters; 0: as many as STS takes */
  const char *place;
  struct lun_error *err;
};

static enum lun_code refuse(const struct asked *asked, const char *what)
{
  return lun_error_set(asked->err, LUN_EINVALID, "%s%s", asked->place, what);
}

/* ---------------------------------------------------------------- texts -- */

struct pattern {
  const char *name;
  size_t offset; /* in the options */
  size_t min;
  size_t max;
  const char *marks; /* beside letters and digits */
};

static const struct pattern patterns[] = {
    {"role_session_name", offsetof(struct lun_role_options, role_session_name),
     2, NAME_LEN, "_+=,.@-"},
    {"external_id", offsetof(struct lun_role_options, external_id), 2, 1224,
     "_+=,.@:/-"},
    {"source_identity", offsetof(struct lun_role_options, source_identity), 2,
     64, "_+=,.@-"},
    {"mfa_serial", offsetof(struct lun_role_options, mfa_serial), 9, 256,
     "_+=,.@:/-"},
};

static bool length_in(const char *text, size_t min, size_t max)
{
  size_t len = strlen(text);

  return len >= min && len <= max;
}

static enum lun_code check_texts(const struct asked *asked)
{
  const char *base = (const char *)asked->options;
  size_t i = 0;

  for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
    const struct pattern *pattern = &patterns[i];
    const char *text = NULL;

    memcpy(&text, base + pattern->offset, sizeof(text));
    if (text == NULL || (length_in(text, pattern->min, pattern->max) &&
                         lun_text_of(lun_span_of(text), pattern->marks)))
      continue;
    return lun_error_set(asked->err, LUN_EINVALID,
                         "%s%s has to be %zu to %zu letters, digits and %s",
                         asked->place, pattern->name, pattern->min,
                         pattern->max, pattern->marks);
  }
  return LUN_OK;
}

static enum lun_code check_arn(const struct asked *asked)
{
  struct lun_arn arn = {0};
  struct lun_span name = {0};
  const char *text = asked->options->role_arn;

  if (text == NULL)
    return refuse(asked, "role_arn is missing");
  if (length_in(text, ARN_MIN, ARN_MAX) &&
      lun_arn_role(&arn, &name, lun_span_of(text)))
    return LUN_OK;
  (void)refuse(asked, "role_arn is not the ARN of a role");
  lun_error_hint(asked->err, "as in arn:aws:iam::123456789012:role/NAME; the "
                             "ARN of an instance profile is another thing");
  return LUN_EINVALID;
}

static enum lun_code check_numbers(const struct asked *asked)
{
  const struct lun_role_options *options = asked->options;

  if (options->duration_seconds != 0 &&
      (options->duration_seconds < DURATION_MIN ||
       options->duration_seconds > DURATION_MAX))
    return refuse(asked, "duration_seconds has to be 900 to 43200");
  if (options->region != NULL &&
      !lun_region_valid(lun_span_of(options->region)))
    return refuse(asked, "region is not a region");
  if (options->mfa_code != NULL && options->mfa_serial == NULL)
    return refuse(asked, "mfa_code goes with mfa_serial, the device to ask "
                         "about");
  return LUN_OK;
}

/* ------------------------------------------------------------- policies -- */

/* The length in characters; 0 if one is none that a policy may have. */
static size_t policy_length(struct lun_span text)
{
  size_t count = 0;

  while (text.len > 0) {
    uint32_t c = 0;
    size_t width = lun_text_utf8(text, &c);

    if (width == 0 || c > 0xFF ||
        (c < ' ' && c != '\t' && c != '\n' && c != '\r'))
      return 0;
    text.ptr += width;
    text.len -= width;
    count++;
  }
  return count;
}

static enum lun_code check_policy(const struct asked *asked, lun_ctx *ctx)
{
  enum lun_code rc = LUN_OK;
  struct lun_span text = lun_span_of(asked->options->policy);
  struct lun_json *json = NULL;
  size_t length = policy_length(text);

  if (text.ptr == NULL)
    return LUN_OK;
  rc = lun_json_parse(&json, ctx, text, "policy", asked->err);
  if (rc == LUN_EINVALID)
    lun_error_prefix(asked->err, "%s", asked->place);
  else if (!rc && json->nodes[0].kind != LUN_JSON_OBJECT)
    rc = refuse(asked, "policy has to be a JSON object");
  else if (!rc && length == 0)
    rc = refuse(asked, "policy has a character that IAM does not take: none "
                       "beyond U+00FF");
  else if (!rc && asked->policy_max != 0 && length > asked->policy_max)
    rc = lun_error_set(asked->err, LUN_EINVALID,
                       "%spolicy has %zu characters, and %zu is the most",
                       asked->place, length, asked->policy_max);
  lun_json_unref(json);
  return rc;
}

/* "arn:aws:iam::aws:policy/NAME", "arn:aws:iam::ACCOUNT:policy/PATH/NAME" */
static bool is_policy(const char *text)
{
  struct lun_arn arn = {0};

  return text != NULL && length_in(text, ARN_MIN, ARN_MAX) &&
         lun_text_word(lun_span_of(text)) &&
         lun_arn_parse(&arn, lun_span_of(text)) &&
         lun_span_is(arn.service, "iam") &&
         lun_text_prefix(arn.resource, "policy/");
}

static enum lun_code check_policy_arns(const struct asked *asked)
{
  const struct lun_role_options *options = asked->options;
  size_t i = 0;

  if (options->npolicy_arns > ARNS_MAX)
    return refuse(asked, "policy_arns: there may be 10 at most");
  for (i = 0; i < options->npolicy_arns; i++)
    if (!is_policy(options->policy_arns[i]))
      return lun_error_set(asked->err, LUN_EINVALID,
                           "%spolicy_arns: number %zu is not the ARN of a "
                           "managed policy",
                           asked->place, i + 1);
  return LUN_OK;
}

/* ----------------------------------------------------------------- tags -- */

/* MIN to MAX characters of a tag: letters and digits of any script, blanks,
 * and a few marks. */
static bool tag_text(const char *text, size_t min, size_t max)
{
  struct lun_span rest = lun_span_of(text);
  size_t count = 0;

  if (text == NULL)
    return false;
  for (; rest.len > 0; count++) {
    uint32_t c = 0;
    size_t width = lun_text_utf8(rest, &c);

    /* What is a letter beyond ASCII, IAM knows. */
    if (width == 0 || (c >= 0x7F && c < 0xA0) ||
        (c < 0x7F && !lun_text_alnum((char)c) &&
         strchr(" _.:/=+-@", (int)c) == NULL))
      return false;
    rest.ptr += width;
    rest.len -= width;
  }
  return count >= min && count <= max;
}

static enum lun_code check_key(const struct asked *asked, const char *list,
                               size_t number, const char *key)
{
  if (!tag_text(key, 1, KEY_LEN))
    return lun_error_set(asked->err, LUN_EINVALID,
                         "%s%s: the key of number %zu has to be 1 to 128 "
                         "letters, digits, blanks and _.:/=+-@",
                         asked->place, list, number);
  if (lun_text_same((struct lun_span){key, strnlen(key, 4)},
                    LUN_SPAN_LIT("aws:")))
    return lun_error_set(asked->err, LUN_EINVALID,
                         "%s%s: \"%s\" begins with \"aws:\", which is kept "
                         "for AWS's own",
                         asked->place, list, key);
  return LUN_OK;
}

/* True if one of the first N tags has KEY; IAM's tags differ in more than
 * case. */
static bool has_key(const struct asked *asked, size_t n, const char *key)
{
  size_t i = 0;

  for (i = 0; i < n; i++)
    if (lun_text_same(lun_span_of(asked->options->tags[i].key),
                      lun_span_of(key)))
      return true;
  return false;
}

static enum lun_code check_tags(const struct asked *asked)
{
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  if (asked->options->ntags > TAGS_MAX)
    return refuse(asked, "tags: there may be 50 at most");
  for (i = 0; !rc && i < asked->options->ntags; i++) {
    const struct lun_tag *tag = &asked->options->tags[i];

    rc = check_key(asked, "tags", i + 1, tag->key);
    if (!rc && !tag_text(tag->value, 0, VALUE_LEN))
      rc = lun_error_set(asked->err, LUN_EINVALID,
                         "%stags: the value of \"%s\" has to be at most 256 "
                         "letters, digits, blanks and _.:/=+-@",
                         asked->place, tag->key);
    else if (!rc && has_key(asked, i, tag->key))
      rc = lun_error_set(asked->err, LUN_EINVALID,
                         "%stags: \"%s\" is there twice (to IAM, case makes "
                         "no difference)",
                         asked->place, tag->key);
  }
  return rc;
}

static enum lun_code not_a_tag(const struct asked *asked, const char *key)
{
  struct lun_near near = {.name = NULL};
  size_t i = 0;

  (void)lun_error_set(asked->err, LUN_EINVALID,
                      "%stransitive_tag_keys: \"%s\" is no key of tags",
                      asked->place, key);
  lun_near_init(&near, lun_span_of(key));
  for (i = 0; i < asked->options->ntags; i++)
    lun_near_try(&near, asked->options->tags[i].key);
  if (near.name != NULL)
    lun_error_hint(asked->err, "did you mean \"%s\"?", near.name);
  return LUN_EINVALID;
}

static enum lun_code check_transitive(const struct asked *asked)
{
  const struct lun_role_options *options = asked->options;
  enum lun_code rc = LUN_OK;
  size_t i = 0;

  if (options->ntransitive_tag_keys > TAGS_MAX)
    return refuse(asked, "transitive_tag_keys: there may be 50 at most");
  for (i = 0; !rc && i < options->ntransitive_tag_keys; i++) {
    const char *key = options->transitive_tag_keys[i];

    rc = check_key(asked, "transitive_tag_keys", i + 1, key);
    if (!rc && !has_key(asked, options->ntags, key))
      rc = not_a_tag(asked, key);
  }
  return rc;
}

static enum lun_code check(const struct asked *asked, lun_ctx *ctx)
{
  enum lun_code rc = check_arn(asked);

  if (!rc)
    rc = check_texts(asked);
  if (!rc)
    rc = check_numbers(asked);
  if (!rc)
    rc = check_policy(asked, ctx);
  if (!rc)
    rc = check_policy_arns(asked);
  if (!rc)
    rc = check_tags(asked);
  return rc ? rc : check_transitive(asked);
}

/* ----------------------------------------------------------------- form -- */

static void put(struct lun_buf *form, const char *name, const char *value)
{
  if (value == NULL)
    return;
  lun_buf_addf(form, "&%s=", name);
  lun_uri_encode(form, lun_span_of(value), false);
}

/* PART (".arn", "") of the item at INDEX of a list. */
static void put_item(struct lun_buf *form, const char *list, size_t index,
                     const char *part, const char *value)
{
  lun_buf_addf(form, "&%s.member.%zu%s=", list, index + 1, part);
  lun_uri_encode(form, lun_span_of(value), false);
}

static void put_options(struct lun_buf *form,
                        const struct lun_role_options *options)
{
  size_t i = 0;

  if (options->duration_seconds != 0)
    lun_buf_addf(form, "&DurationSeconds=%" PRId64, options->duration_seconds);
  put(form, "ExternalId", options->external_id);
  put(form, "Policy", options->policy);
  for (i = 0; i < options->npolicy_arns; i++)
    put_item(form, "PolicyArns", i, ".arn", options->policy_arns[i]);
  for (i = 0; i < options->ntags; i++) {
    put_item(form, "Tags", i, ".Key", options->tags[i].key);
    put_item(form, "Tags", i, ".Value", options->tags[i].value);
  }
  for (i = 0; i < options->ntransitive_tag_keys; i++)
    put_item(form, "TransitiveTagKeys", i, "", options->transitive_tag_keys[i]);
  put(form, "SourceIdentity", options->source_identity);
  put(form, "SerialNumber", options->mfa_serial);
}

/* -------------------------------------------------------------- copying -- */

static bool keep(char **field, lun_ctx *ctx, const char *text)
{
  *field = lun_mem_strdup(ctx, text);
  return text == NULL || *field != NULL;
}

/* Copies what was checked, and takes the form. */
static enum lun_code make(struct lun_role *out, lun_ctx *ctx,
                          const struct asked *asked, struct lun_buf *form)
{
  const struct lun_role_options *options = asked->options;
  const char *session = options->role_session_name;
  struct lun_role role = {.ctx = ctx,
                          .named = session != NULL,
                          .mfa_code = options->mfa_code,
                          .mfa_data = options->mfa_data};
  char name[NAME_LEN] = "";
  enum lun_code rc = LUN_OK;

  put_options(form, options);
  rc = lun_buf_status(form, "the request for a role", asked->err);
  if (rc)
    return rc;
  (void)snprintf(name, sizeof(name), "lunette-%" PRId64,
                 lun_clock_wall_ms(ctx) / 1000);
  role.form = lun_buf_take(form, NULL);
  if (role.form == NULL || !keep(&role.arn, ctx, options->role_arn) ||
      !keep(&role.session_name, ctx, session != NULL ? session : name) ||
      !keep(&role.source_identity, ctx, options->source_identity) ||
      !keep(&role.mfa_serial, ctx, options->mfa_serial) ||
      !keep(&role.region, ctx, options->region)) {
    lun_role_done(&role);
    return lun_error_nomem(asked->err);
  }
  *out = role;
  return LUN_OK;
}

enum lun_code lun_role_init(struct lun_role *out, lun_ctx *ctx,
                            const struct lun_role_options *options,
                            const char *place, struct lun_error *err)
{
  struct asked asked = {.options = options, .place = place, .err = err};
  struct lun_buf form = LUN_BUF_INIT(ctx, FORM_LEN);
  enum lun_code rc = check(&asked, ctx);

  if (!rc)
    rc = make(out, ctx, &asked, &form);
  lun_buf_done(&form);
  return rc;
}

enum lun_code lun_role_init_web(struct lun_role *out, lun_ctx *ctx,
                                const struct lun_web_identity_options *options,
                                const char *place, const char *from,
                                struct lun_error *err)
{
  struct lun_role_options common = {
      .role_arn = options->role_arn,
      .role_session_name = options->role_session_name,
      .duration_seconds = options->duration_seconds,
      .region = options->region,
      .policy = options->policy,
      .policy_arns = options->policy_arns,
      .npolicy_arns = options->npolicy_arns,
  };
  struct asked asked = {
      .options = &common, .policy_max = WEB_POLICY, .place = place, .err = err};
  struct lun_buf form = LUN_BUF_INIT(ctx, FORM_LEN);
  struct lun_role role = {.ctx = NULL};
  enum lun_code rc = check(&asked, ctx);

  if (!rc && (options->token_file == NULL || options->token_file[0] == '\0'))
    rc = refuse(&asked, "token_file is missing");
  if (!rc && options->provider_id != NULL &&
      (!length_in(options->provider_id, 4, 2048) ||
       !lun_text_word(lun_span_of(options->provider_id))))
    rc = refuse(&asked, "provider_id has to be the name of a host");
  put(&form, "ProviderId", options->provider_id);
  if (!rc)
    rc = make(&role, ctx, &asked, &form);
  if (!rc && (!keep(&role.token_file, ctx, options->token_file) ||
              !keep(&role.token_from, ctx, from)))
    rc = lun_error_nomem(err);
  lun_buf_done(&form);
  if (rc)
    lun_role_done(&role);
  else
    *out = role;
  return rc;
}

void lun_role_done(struct lun_role *role)
{
  lun_ctx *ctx = role->ctx;

  if (ctx == NULL)
    return;
  lun_mem_free(ctx, role->arn);
  lun_mem_free(ctx, role->session_name);
  lun_mem_free(ctx, role->form);
  lun_mem_free(ctx, role->source_identity);
  lun_mem_free(ctx, role->mfa_serial);
  lun_mem_free(ctx, role->token_file);
  lun_mem_free(ctx, role->token_from);
  lun_mem_free(ctx, role->region);
  memset(role, 0, sizeof(*role));
}

/* ----------------------------------------------------------- comparison -- */

bool lun_role_same(const struct lun_role *a, const struct lun_role *b)
{
  return lun_text_equal(a->arn, b->arn) && lun_text_equal(a->form, b->form) &&
         a->named == b->named &&
         (!a->named || lun_text_equal(a->session_name, b->session_name)) &&
         lun_text_equal(a->token_file, b->token_file) &&
         lun_text_equal(a->region, b->region) && a->mfa_code == b->mfa_code &&
         a->mfa_data == b->mfa_data;
}
