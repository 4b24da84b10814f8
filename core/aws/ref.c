/*
 * A reference is cut at the first '#', then at the first '?' before it: an ID
 * can hold neither.  Everything in it is checked here, the path included, so
 * that a mistake is found before anything is asked of AWS.
 */
#include "ref.h"

#include "../base/error.h"
#include "../text/near.h"

#define REF_LEN   ((size_t)8192)
#define NAME_LEN  512 /* of a name; the limits are AWS's */
#define ID_LEN    2048
#define VALUE_LEN ((size_t)2048)

static const char ref_form[] =
    "a reference is ID[?key=value&...][#path], as in prod/db#password or "
    "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX?stage="
    "AWSPREVIOUS";

/* What a mistake is reported with. */
struct scan {
  const char *start; /* of the whole reference */
  struct lun_span id;
  struct lun_error *err;
};

/* AT points into the reference, at what is wrong. */
static enum lun_code refuse(const struct scan *scan, const char *at,
                            const char *what)
{
  (void)lun_error_set(
      scan->err, LUN_EINVALID, "bad reference \"%.*s\", column %zu: %s",
      (int)scan->id.len, scan->id.ptr, (size_t)(at - scan->start) + 1, what);
  lun_error_hint(scan->err, "%s", ref_form);
  return LUN_EINVALID;
}

/* ----------------------------------------------------------------- IDs -- */

static bool name_char(char c)
{
  return lun_text_alnum(c) || (c != '\0' && strchr("/_+=.@-", c) != NULL);
}

static enum lun_code check_name(const struct scan *scan, struct lun_span name)
{
  size_t i = 0;

  if (name.len == 0)
    return refuse(scan, name.ptr, "the secret's name is missing");
  if (name.len > NAME_LEN)
    return refuse(scan, name.ptr + NAME_LEN, "the secret's name is too long");
  for (i = 0; i < name.len; i++)
    if (!name_char(name.ptr[i]))
      return refuse(scan, name.ptr + i, "no secret's name has this character");
  return LUN_OK;
}

static bool is_account(struct lun_span account)
{
  int64_t number = 0;

  return account.len == 12 && lun_text_int(account, 0, INT64_MAX, &number);
}

static enum lun_code read_arn(const struct scan *scan, struct lun_arn *arn,
                              struct lun_span *name)
{
  static const char secret[] = "secret:";

  if (!lun_arn_parse(arn, scan->id))
    return refuse(scan, scan->id.ptr,
                  "not an ARN (arn:partition:service:region:account:resource)");
  if (lun_partition_named(arn->partition) == NULL)
    return refuse(scan, arn->partition.ptr, "AWS has no such partition");
  if (!lun_span_is(arn->service, "secretsmanager"))
    return refuse(scan, arn->service.ptr,
                  "not the ARN of a secret: its service is not "
                  "secretsmanager");
  if (!lun_region_valid(arn->region))
    return refuse(scan, arn->region.ptr, "not a region");
  if (!is_account(arn->account))
    return refuse(scan, arn->account.ptr, "an account id has twelve digits");
  if (!lun_text_prefix(arn->resource, secret))
    return refuse(scan, arn->resource.ptr,
                  "not the ARN of a secret: \"secret:\" has to stand here");
  name->ptr = arn->resource.ptr + sizeof(secret) - 1;
  name->len = arn->resource.len - (sizeof(secret) - 1);
  return check_name(scan, *name);
}

/* Copies SPAN into *FIELD. */
static enum lun_code keep(char **field, const struct lun_ref *ref,
                          struct lun_span span, struct lun_error *err)
{
  *field = lun_mem_copy(ref->ctx, span.ptr, span.len);
  return *field == NULL ? lun_error_nomem(err) : LUN_OK;
}

/* A replica has an ARN of its own, so no ARN is good for two regions. */
static enum lun_code other_region(const struct scan *scan, struct lun_span arn,
                                  const char *region)
{
  char what[256] = "";

  (void)snprintf(what, sizeof(what), "the ARN is of %.*s, region= says %s",
                 (int)arn.len, arn.ptr, region);
  return refuse(scan, arn.ptr, what);
}

static enum lun_code read_id(struct lun_ref *ref, const struct scan *scan)
{
  enum lun_code rc = LUN_OK;
  struct lun_arn arn = {0};
  struct lun_span name = scan->id;

  if (scan->id.len > ID_LEN)
    return refuse(scan, scan->id.ptr + ID_LEN, "the ID is too long");
  ref->arn = lun_text_prefix(scan->id, "arn:");
  rc = ref->arn ? read_arn(scan, &arn, &name) : check_name(scan, name);
  if (rc)
    return rc;
  if (ref->arn && ref->region != NULL && !lun_span_is(arn.region, ref->region))
    return other_region(scan, arn.region, ref->region);
  if (ref->arn && lun_arn_suffixed(name))
    name.len -= LUN_ARN_SUFFIX;
  rc = keep(&ref->text, ref, scan->id, scan->err);
  if (!rc)
    rc = keep(&ref->name, ref, name, scan->err);
  if (!rc && ref->arn && ref->region == NULL)
    rc = keep(&ref->region, ref, arn.region, scan->err);
  return rc;
}

/* ---------------------------------------------------------------- keys -- */

struct key {
  const char *name;
  size_t field; /* of struct lun_ref: where its char * is */
  bool (*fits)(struct lun_span value); /* NULL: any does */
  const char *wrong;                   /* what is said of one that does not */
};

static bool fits_stage(struct lun_span value)
{
  return value.len <= 256;
}

static bool fits_version(struct lun_span value)
{
  return value.len <= 64;
}

static bool fits_role(struct lun_span value)
{
  struct lun_arn arn = {0};
  struct lun_span name = {0};

  return lun_arn_role(&arn, &name, value);
}

static const struct key keys[] = {
    {"stage", offsetof(struct lun_ref, stage), fits_stage,
     "the value of stage is too long"},
    {"version", offsetof(struct lun_ref, version), fits_version,
     "the value of version is too long"},
    {"region", offsetof(struct lun_ref, region), lun_region_valid,
     "the value of region is not a region"},
    {"profile", offsetof(struct lun_ref, profile), NULL, NULL},
    {"role", offsetof(struct lun_ref, role), fits_role,
     "the value of role is not a role's ARN "
     "(arn:aws:iam::ACCOUNT:role/NAME)"},
    {"external_id", offsetof(struct lun_ref, external_id), NULL, NULL},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static enum lun_code unknown_key(const struct scan *scan, struct lun_span key)
{
  struct lun_near near = {0};
  char what[256] = "";
  int len = key.len < LUN_NEAR_MAX ? (int)key.len : LUN_NEAR_MAX;
  size_t i = 0;

  lun_near_init(&near, key);
  for (i = 0; i < KEYS; i++)
    lun_near_try(&near, keys[i].name);
  if (near.name != NULL)
    (void)snprintf(what, sizeof(what),
                   "unknown key \"%.*s\"; did you mean \"%s\"?", len, key.ptr,
                   near.name);
  else
    (void)snprintf(what, sizeof(what),
                   "unknown key \"%.*s\"; there are stage, version, region, "
                   "profile, role and external_id",
                   len, key.ptr);
  return refuse(scan, key.ptr, what);
}

static enum lun_code read_value(struct lun_ref *ref, const struct key *key,
                                const struct scan *scan, struct lun_span value)
{
  enum lun_code rc = LUN_OK;
  char **field = (char **)(void *)((char *)ref + key->field);
  struct lun_buf text = LUN_BUF_INIT(ref->ctx, VALUE_LEN);
  bool decoded = lun_uri_decode(&text, value);

  if (text.fail == LUN_ENOMEM)
    rc = lun_error_nomem(scan->err);
  else if (text.fail)
    rc = refuse(scan, value.ptr, "the value is too long");
  else if (!decoded)
    rc = refuse(scan, value.ptr,
                "'%' starts an escape of two hexadecimal digits");
  else if (text.len == 0)
    rc = refuse(scan, value.ptr, "a value is missing");
  else if (!lun_text_printable(lun_buf_view(&text)))
    rc = refuse(scan, value.ptr, "a value is printable ASCII");
  else if (key->fits != NULL && !key->fits(lun_buf_view(&text)))
    rc = refuse(scan, value.ptr, key->wrong);
  else
    rc = keep(field, ref, lun_buf_view(&text), scan->err);
  lun_buf_done(&text);
  return rc;
}

/* One "key=value". */
static enum lun_code read_key(struct lun_ref *ref, const struct scan *scan,
                              struct lun_span pair)
{
  const char *equals = memchr(pair.ptr, '=', pair.len);
  struct lun_span key = pair;
  struct lun_span value = {pair.ptr + pair.len, 0};
  size_t i = 0;

  if (equals == NULL)
    return refuse(scan, pair.ptr, "key=value has to stand here");
  key.len = (size_t)(equals - pair.ptr);
  value.ptr = equals + 1;
  value.len = pair.len - key.len - 1;
  for (i = 0; i < KEYS && !lun_span_is(key, keys[i].name); i++)
    continue;
  if (i == KEYS)
    return unknown_key(scan, key);
  if (*(char **)(void *)((char *)ref + keys[i].field) != NULL)
    return refuse(scan, key.ptr, "the key is given twice");
  return read_value(ref, &keys[i], scan, value);
}

static enum lun_code read_keys(struct lun_ref *ref, const struct scan *scan,
                               struct lun_span query)
{
  enum lun_code rc = LUN_OK;
  struct lun_span rest = query;
  bool more = true;

  while (more) {
    const char *amp = memchr(rest.ptr, '&', rest.len);
    struct lun_span pair = rest;

    more = amp != NULL;
    if (more)
      pair.len = (size_t)(amp - rest.ptr);
    rc = read_key(ref, scan, pair);
    if (rc)
      return rc;
    if (more) {
      rest.ptr = amp + 1;
      rest.len -= pair.len + 1;
    }
  }
  if (ref->external_id != NULL && ref->role == NULL)
    return refuse(scan, query.ptr, "external_id goes with role");
  return LUN_OK;
}

/* ---------------------------------------------------------------- path -- */

/* Where "?key=" of a known key stands in a path, or NULL: a member may have
 * such a name, but then it is written in brackets. */
static const char *stray_key(struct lun_span path)
{
  const char *at = memchr(path.ptr, '?', path.len);
  const char *end = path.ptr + path.len;
  size_t i = 0;

  if (at == NULL || memchr(path.ptr, '"', (size_t)(at - path.ptr)) != NULL)
    return NULL;
  for (i = 0; i < KEYS; i++) {
    size_t len = strlen(keys[i].name);

    if ((size_t)(end - at) > len + 1 && at[len + 1] == '=' &&
        strncmp(at + 1, keys[i].name, len) == 0)
      return at;
  }
  return NULL;
}

static enum lun_code read_path(struct lun_ref *ref, const struct scan *scan,
                               struct lun_span path)
{
  struct lun_error why = {.code = LUN_OK};

  if (path.len == 0)
    return refuse(scan, path.ptr, "a path has to stand behind '#'");
  if (stray_key(path) != NULL)
    return refuse(scan, stray_key(path), "'?' and its keys come before '#'");
  if (lun_path_check(path, &why)) {
    (void)lun_error_set(scan->err, LUN_EINVALID, "bad reference \"%.*s\": %s",
                        (int)scan->id.len, scan->id.ptr, why.message);
    lun_error_hint(scan->err, "%s", ref_form);
    return LUN_EINVALID;
  }
  return keep(&ref->path, ref, path, scan->err);
}

/* Cuts *HEAD at the first C; TAIL is what stands behind it. */
static bool cut(struct lun_span *head, struct lun_span *tail, char c)
{
  const char *at = memchr(head->ptr, c, head->len);

  if (at == NULL)
    return false;
  tail->ptr = at + 1;
  tail->len = head->len - (size_t)(at - head->ptr) - 1;
  head->len = (size_t)(at - head->ptr);
  return true;
}

enum lun_code lun_ref_parse(struct lun_ref *out, lun_ctx *ctx,
                            struct lun_span text, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct lun_ref ref = {.ctx = ctx};
  struct lun_span path = {0};
  struct lun_span query = {0};
  struct scan scan = {.err = err};
  bool has_path = false;
  bool has_query = false;

  if (text.ptr == NULL)
    text.ptr = "";
  scan.start = text.ptr;
  scan.id = text;
  if (text.len > REF_LEN) {
    scan.id.len = 0;
    return refuse(&scan, text.ptr + REF_LEN, "the reference is too long");
  }
  has_path = cut(&scan.id, &path, '#');
  has_query = cut(&scan.id, &query, '?');

  if (has_query)
    rc = read_keys(&ref, &scan, query);
  if (!rc)
    rc = read_id(&ref, &scan);
  if (!rc && has_path)
    rc = read_path(&ref, &scan, path);
  if (rc) {
    lun_ref_done(&ref);
    return rc;
  }
  *out = ref;
  return LUN_OK;
}

void lun_ref_done(struct lun_ref *ref)
{
  lun_ctx *ctx = ref->ctx;

  lun_mem_free(ctx, ref->text);
  lun_mem_free(ctx, ref->region);
  lun_mem_free(ctx, ref->stage);
  lun_mem_free(ctx, ref->version);
  lun_mem_free(ctx, ref->profile);
  lun_mem_free(ctx, ref->role);
  lun_mem_free(ctx, ref->external_id);
  lun_mem_free(ctx, ref->path);
  lun_mem_free(ctx, ref->name);
  memset(ref, 0, sizeof(*ref));
}
