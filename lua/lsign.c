/*
 * Signing and verifying, over core's pure signer: ln.sign and ln.presign, and
 * the module lunette.sigv4 for whoever receives requests.
 *
 * A request may carry secrets (a session token, a header).  What would show
 * them, the canonical request and a presigned URL, is a secret value then;
 * the string to sign and the signature are hashes.
 */
#include "../core/base/clock.h"
#include "lcred.h"
#include "lfail.h"
#include "lopts.h"
#include "lrequest.h"

#define OPTIONS 1 /* the argument's slot */

#define EXPIRES_DEFAULT 900    /* seconds, of a presigned URL */
#define EXPIRES_MAX     604800 /* AWS's limit, a week */

/* Core's results, in a box. */
struct signing {
  struct lunL_box box;
  struct lun_sigv4_result result;
  struct lun_sigv4_claim claim;
  bool ready;
};

static void signing_release(void *object)
{
  struct signing *signing = object;

  if (!signing->ready)
    return;
  lun_sigv4_result_done(&signing->result);
  lun_sigv4_claim_done(&signing->claim);
}

static const struct lunL_type signing_type = {
    .name = "lunette.signing",
    .size = sizeof(struct signing),
    .release = signing_release,
};

/* Pushes the box, to be closed. */
static struct signing *signing_new(lua_State *L)
{
  lun_ctx *ctx = lunL_ctx(L);
  struct signing *signing = lunL_box_new(L, &signing_type);

  lua_toclose(L, -1);
  lun_sigv4_result_init(&signing->result, ctx);
  signing->claim.ctx = ctx;
  signing->ready = true;
  return signing;
}

/* ------------------------------------------------------------- options -- */

struct options {
  const char *method;
  const char *url;
  struct lun_span target;
  struct lun_span body;
  const char *service;
  const char *region;
  int64_t expires;
  bool normalize;
  bool double_encode;
  bool sign_body;
  bool sign_token;
};

#define OPT(option, type)                                                      \
  {                                                                            \
    .name = #option, .kind = (type),                                           \
    .offset = offsetof(struct options, option)                                 \
  }

static const struct lunL_opt sign_options[] = {
    OPT(method, LUNL_OPT_STRING),
    OPT(url, LUNL_OPT_STRING),
    OPT(target, LUNL_OPT_BYTES),
    {.name = "headers", .kind = LUNL_OPT_TABLE},
    OPT(body, LUNL_OPT_BYTES),
    OPT(service, LUNL_OPT_STRING),
    OPT(region, LUNL_OPT_STRING),
    {.name = "region_set", .kind = LUNL_OPT_ANY},
    {.name = "credentials", .kind = LUNL_OPT_TABLE, .required = true},
    {.name = "time", .kind = LUNL_OPT_ANY},
    {.name = "expires",
     .kind = LUNL_OPT_INTEGER,
     .offset = offsetof(struct options, expires),
     .min = 1,
     .max = EXPIRES_MAX},
    OPT(normalize, LUNL_OPT_BOOLEAN),
    OPT(double_encode, LUNL_OPT_BOOLEAN),
    OPT(sign_body, LUNL_OPT_BOOLEAN),
    OPT(sign_token, LUNL_OPT_BOOLEAN),
};

#define SIGN_OPTIONS (sizeof(sign_options) / sizeof(sign_options[0]))

/* One call of ln.sign: what it is given, and where that lies on the stack. */
struct work {
  struct options options;
  struct lunL_request request;
  struct lun_sigv4_key key;
  struct lun_sigv4_options how;
  struct lun_uri uri;
  struct signing *signing;
  size_t front;      /* bytes of `url` before its path */
  int token;         /* slot of the session token, or nil */
  bool token_secret; /* it is a secret value */
  bool presign;
};

/* The credentials stay on the stack, the token behind them. */
static void read_key(lua_State *L, struct work *work)
{
  (void)lunL_readcred(L, OPTIONS, &work->key);
  (void)lunL_getopt(L, -1, "session_token");
  work->token = lua_gettop(L);
  work->token_secret = lunL_testsecret(L, work->token) != NULL;
}

/* The option `time`: seconds, a date, or now. */
static int64_t read_time(lua_State *L)
{
  struct lun_span text = {NULL, 0};
  int64_t seconds = 0;
  int good = 1;

  if (lunL_getopt(L, OPTIONS, "time") == LUA_TNIL) {
    seconds = lun_clock_wall_ms(lunL_ctx(L)) / 1000;
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    text.ptr = lua_tolstring(L, -1, &text.len);
    good = lun_text_date_basic(text, &seconds) ||
           lun_text_date_iso(text, &seconds);
  } else {
    seconds = lua_tointegerx(L, -1, &good);
  }
  if (!good)
    luaL_argerror(L, OPTIONS, "option 'time' is neither seconds nor a date");
  lua_pop(L, 1);
  return seconds;
}

/*
 * Path and query, from `url` or `target`; with a URL, its host is a header
 * unless the caller has one.
 */
static void read_url(lua_State *L, struct work *work)
{
  struct lun_sigv4_request *request = &work->request.request;
  const struct options *options = &work->options;
  struct lun_header host = {LUN_SPAN_LIT("Host"), {NULL, 0}};
  struct lun_error err = {0};

  if ((options->url == NULL) == (options->target.ptr == NULL))
    luaL_argerror(L, OPTIONS, "give either option 'url' or option 'target'");
  if (options->url == NULL) {
    lunL_splittarget(&work->request, options->target);
    return;
  }
  if (lun_uri_parse(&work->uri, lun_span_of(options->url), "url", &err))
    lunL_fail(L, &err);
  request->path = work->uri.path;
  request->query = work->uri.query;
  /* The host as it is written, brackets and port and all. */
  host.value.ptr = strstr(options->url, "://") + 3;
  host.value.len = strcspn(host.value.ptr, "/?");
  work->front = (size_t)(host.value.ptr - options->url) + host.value.len;
  if (!lunL_hasheader(&work->request, "host"))
    work->request.headers[request->nheaders++] = host;
}

static void read_options(lua_State *L, struct work *work)
{
  struct options *options = &work->options;

  options->method = "GET";
  options->normalize = true;
  options->double_encode = true;
  options->sign_token = true;
  options->expires = EXPIRES_DEFAULT;
  lunL_opts(L, OPTIONS, sign_options, SIGN_OPTIONS, options);
  if (lunL_getopt(L, OPTIONS, "region_set") != LUA_TNIL)
    lunL_failf(L, LUN_EINVALID, "sign for one region, with region",
               "region_set asks for SigV4a, which is not there yet");
  if (options->region == NULL || options->service == NULL)
    luaL_argerror(L, OPTIONS,
                  options->region == NULL ? "option 'region' is missing"
                                          : "option 'service' is missing");
  work->request.request.method = lun_span_of(options->method);
  work->request.request.body = options->body;
  work->how.region = lun_span_of(options->region);
  work->how.service = lun_span_of(options->service);
  work->how.time = read_time(L);
  work->how.expires = work->presign ? options->expires : 0;
  work->how.keep_path = !options->normalize;
  work->how.encode_once = !options->double_encode;
  work->how.sign_body = options->sign_body;
  work->how.token_after = !options->sign_token;
}

/* ------------------------------------------------------------- results -- */

/* Sets a field of the result, a table on top of the stack. */
static void set_bytes(lua_State *L, const char *name,
                      const struct lun_buf *bytes, bool secret)
{
  lunL_pushbytes(L, lun_buf_view(bytes), secret, name);
  lua_setfield(L, -2, name);
}

/* Takes a header's value off the stack into the table below it. */
static void put_header(lua_State *L, bool list, struct lun_span name)
{
  lua_pushlstring(L, name.ptr, name.len);
  lua_insert(L, -2);
  if (!list) {
    lua_rawset(L, -3);
    return;
  }
  lua_createtable(L, 2, 0);
  lua_insert(L, -3);
  lua_rawseti(L, -3, 2);
  lua_rawseti(L, -2, 1);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* The names that the signer writes itself. */
static bool own_header(struct lun_span name)
{
  static const char *const own[] = {"x-amz-date", "x-amz-security-token",
                                    "x-amz-content-sha256", "authorization"};
  size_t i = 0;

  for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
    if (lun_text_same(name, lun_span_of(own[i])))
      return true;
  return false;
}

static void put_text(lua_State *L, bool list, const char *name,
                     const char *text)
{
  lua_pushstring(L, text);
  put_header(L, list, lun_span_of(name));
}

/* Pushes the headers to send, in the form that the caller's have. */
static void push_headers(lua_State *L, const struct work *work)
{
  const struct lunL_request *request = &work->request;
  const struct lun_sigv4_result *result = &work->signing->result;
  bool list = request->list;
  size_t i = 0;

  lua_newtable(L);
  for (i = 0; i < request->request.nheaders; i++) {
    const struct lun_header *header = &request->headers[i];

    if (own_header(header->name))
      continue;
    lunL_pushbytes(L, header->value, request->secrets[i], "header");
    put_header(L, list, header->name);
  }
  if (work->presign)
    return;
  put_text(L, list, "X-Amz-Date", result->date);
  if (work->how.sign_body)
    put_text(L, list, "X-Amz-Content-Sha256", lun_buf_text(&result->body_hash));
  if (work->key.session_token.len > 0) {
    lua_pushvalue(L, work->token);
    put_header(L, list, LUN_SPAN_LIT("X-Amz-Security-Token"));
  }
  put_text(L, list, "Authorization", lun_buf_text(&result->authorization));
}

/* Pushes the URL or the target with the signature in its query. */
static void push_url(lua_State *L, const struct work *work)
{
  const struct lun_sigv4_request *request = &work->request.request;
  struct lun_buf *url = NULL;

  lua_pushnil(L);
  url = lunL_buf_new(L, SIZE_MAX);
  lun_buf_add(url, work->options.url, work->front);
  if (request->path.len == 0)
    lun_buf_addc(url, '/');
  lun_buf_add_span(url, request->path);
  lun_buf_addc(url, '?');
  lun_buf_add_span(url, lun_buf_view(&work->signing->result.query));
  lunL_buf_check(L, url, "the URL");
  lunL_pushbytes(L, lun_buf_view(url), work->token_secret, "presigned URL");
  lua_replace(L, -3);
  lunL_close(L);
}

static int sign(lua_State *L, bool presign)
{
  struct work work = {.presign = presign};
  struct lun_error err = {0};
  const struct lun_sigv4_result *result = NULL;

  lua_settop(L, OPTIONS);
  luaL_checkstack(L, 20, NULL);
  read_options(L, &work);
  lunL_readheaders(L, OPTIONS, &work.request);
  read_url(L, &work);
  read_key(L, &work);
  work.signing = signing_new(L);
  result = &work.signing->result;
  if (lun_sigv4_sign(&work.signing->result, &work.request.request, &work.key,
                     &work.how, &err))
    return lunL_fail(L, &err);
  lua_createtable(L, 0, 5);
  push_headers(L, &work);
  lua_setfield(L, -2, "headers");
  if (presign)
    push_url(L, &work);
  else
    (void)lunL_getopt(L, OPTIONS, work.options.url != NULL ? "url" : "target");
  lua_setfield(L, -2, "url");
  set_bytes(L, "canonical_request", &result->canonical_request,
            work.request.secret || work.token_secret);
  set_bytes(L, "string_to_sign", &result->string_to_sign, false);
  set_bytes(L, "signature", &result->signature, false);
  return 1;
}

/*
 * ln.sign{method=, url=, headers=, body=, service=, region=, credentials=,
 * time=, ...}: the headers to send, and what they were made from.
 */
static int l_sign(lua_State *L)
{
  return sign(L, false);
}

/* ln.presign{..., expires=900}: likewise, with the signature in the url. */
static int l_presign(lua_State *L)
{
  return sign(L, true);
}

void lunL_add_sign(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"sign", l_sign}, {"presign", l_presign}, {NULL, NULL}};

  luaL_setfuncs(L, functions, 0);
}

/* ----------------------------------------------------------- verifying -- */

static void set_span(lua_State *L, const char *name, struct lun_span span)
{
  if (span.len == 0)
    return;
  lua_pushlstring(L, span.ptr, span.len);
  lua_setfield(L, -2, name);
}

/* Pushes the names of a list joined by ';'. */
static void push_names(lua_State *L, struct lun_span names)
{
  lua_Integer count = 0;

  lua_newtable(L);
  while (names.len > 0) {
    const char *end = memchr(names.ptr, ';', names.len);
    size_t len = end == NULL ? names.len : (size_t)(end - names.ptr);
    size_t taken = end == NULL ? len : len + 1;

    lua_pushlstring(L, names.ptr, len);
    lua_rawseti(L, -2, ++count);
    names.ptr += taken;
    names.len -= taken;
  }
}

/* Reads the claim of the request at argument 1 into a box that it pushes. */
static struct signing *read_claim(lua_State *L, struct lunL_request *request)
{
  struct signing *signing = NULL;
  struct lun_error err = {0};

  lunL_readrequest(L, 1, request);
  signing = signing_new(L);
  if (lun_sigv4_claim_read(&signing->claim, lunL_ctx(L), &request->request,
                           &err))
    lunL_fail(L, &err);
  return signing;
}

/*
 * sigv4.parse{method=, target=, headers=, body=}: who says to have signed the
 * request, and how; raises if it does not say so properly.
 */
static int l_parse(lua_State *L)
{
  struct lunL_request request = {.list = false};
  const struct signing *signing = NULL;
  const struct lun_sigv4_claim *claim = NULL;

  lua_settop(L, 1);
  signing = read_claim(L, &request);
  claim = &signing->claim;
  lua_createtable(L, 0, 10);
  set_span(L, "access_key_id", claim->access_key_id);
  set_span(L, "date", claim->date);
  set_span(L, "region", claim->region);
  set_span(L, "service", claim->service);
  set_span(L, "signature", claim->signature);
  set_span(L, "session_token", claim->session_token);
  push_names(L, claim->signed_headers);
  lua_setfield(L, -2, "signed_headers");
  lua_pushinteger(L, claim->time);
  lua_setfield(L, -2, "time");
  lua_pushboolean(L, claim->presigned);
  lua_setfield(L, -2, "presigned");
  if (claim->presigned) {
    lua_pushinteger(L, claim->expires);
    lua_setfield(L, -2, "expires");
  }
  return 1;
}

/*
 * sigv4.verify(request, secret_access_key): whether the signature is the one
 * that it ought to be, and {canonical_request=, string_to_sign=, signature=}
 * as they ought to be.
 */
static int l_verify(lua_State *L)
{
  struct lunL_request request = {.list = false};
  struct lun_span secret = {NULL, 0};
  struct signing *signing = NULL;
  const struct lun_sigv4_result *result = NULL;
  struct lun_error err = {0};
  bool valid = false;

  lua_settop(L, 2);
  secret = lunL_tobytes(L, 2, NULL);
  signing = read_claim(L, &request);
  result = &signing->result;
  if (lun_sigv4_verify(&valid, &signing->result, &request.request,
                       &signing->claim, secret, &err))
    return lunL_fail(L, &err);
  lua_pushboolean(L, valid);
  lua_createtable(L, 0, 3);
  set_bytes(L, "canonical_request", &result->canonical_request, false);
  set_bytes(L, "string_to_sign", &result->string_to_sign, false);
  set_bytes(L, "signature", &result->signature, false);
  return 2;
}

int lunL_open_sigv4(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"parse", l_parse}, {"verify", l_verify}, {NULL, NULL}};

  luaL_newlib(L, functions);
  return 1;
}
