/*
 * Signing and checking are one computation: a request, the headers that
 * count, a scope and a key give a signature.  Signing chooses what goes in;
 * checking takes what the request claims, and compares.
 *
 * All that is derived from the secret key lies in one struct that is cleansed
 * on every way out.
 */
#include "sigv4.h"

#include "../base/error.h"

#define HEAD_MAX    ((size_t)1 << 20) /* bytes of any text made here */
#define SECRET_MAX  1024
#define EXPIRES_MAX 604800       /* a week */
#define TIME_MAX    253402300799 /* the last second of the year 9999 */
#define EXTRA       3            /* headers that signing itself adds */

struct keys {
  char secret[4 + SECRET_MAX]; /* "AWS4" and the secret key */
  unsigned char date[LUN_SHA256_LEN];
  unsigned char region[LUN_SHA256_LEN];
  unsigned char service[LUN_SHA256_LEN];
  unsigned char signing[LUN_SHA256_LEN];
  unsigned char signature[LUN_SHA256_LEN];
};

/* What the computation works on. */
struct job {
  struct lun_sigv4_result *result;
  const struct lun_sigv4_request *request;
  struct lun_span region;
  struct lun_span service;
  struct lun_header *headers; /* those that are signed */
  size_t nheaders;
  struct lun_span query; /* the whole query ... */
  struct lun_span but;   /* ... without the parameter of this name */
  bool keep_path;
  bool encode_once;
  struct lun_error *err;
};

void lun_sigv4_result_init(struct lun_sigv4_result *result, lun_ctx *ctx)
{
  memset(result, 0, sizeof(*result));
  lun_buf_init(&result->canonical_request, ctx, HEAD_MAX);
  lun_buf_init(&result->string_to_sign, ctx, HEAD_MAX);
  lun_buf_init(&result->signature, ctx, HEAD_MAX);
  lun_buf_init(&result->authorization, ctx, HEAD_MAX);
  lun_buf_init(&result->signed_headers, ctx, HEAD_MAX);
  lun_buf_init(&result->body_hash, ctx, HEAD_MAX);
  lun_buf_init(&result->query, ctx, HEAD_MAX);
}

void lun_sigv4_result_done(struct lun_sigv4_result *result)
{
  lun_buf_done(&result->canonical_request);
  lun_buf_done(&result->string_to_sign);
  lun_buf_done(&result->signature);
  lun_buf_done(&result->authorization);
  lun_buf_done(&result->signed_headers);
  lun_buf_done(&result->body_hash);
  lun_buf_done(&result->query);
}

/* ------------------------------------------------------ the computation -- */

static enum lun_code put_body_hash(struct job *job)
{
  unsigned char hash[LUN_SHA256_LEN] = {0};
  enum lun_code rc = lun_hash_sha256(hash, job->request->body, job->err);

  if (rc == LUN_OK)
    lun_text_hex(&job->result->body_hash, hash, sizeof(hash));
  return rc;
}

static enum lun_code put_canonical_request(struct job *job)
{
  enum lun_code rc = LUN_OK;
  struct lun_buf *out = &job->result->canonical_request;
  struct lun_buf lines = LUN_BUF_INIT(out->ctx, HEAD_MAX);
  struct lun_buf *names = &job->result->signed_headers;

  rc = lun_canon_headers(&lines, names, job->headers, job->nheaders, job->err);
  if (rc)
    goto done;
  lun_buf_add_span(out, job->request->method);
  lun_buf_addc(out, '\n');
  lun_canon_path(out, job->request->path, job->keep_path, job->encode_once);
  lun_buf_addc(out, '\n');
  rc = lun_canon_query(out, job->query, job->but, job->err);
  if (rc)
    goto done;
  lun_buf_addc(out, '\n');
  lun_buf_add_span(out, lun_buf_view(&lines));
  lun_buf_addc(out, '\n');
  lun_buf_add_span(out, lun_buf_view(names));
  lun_buf_addc(out, '\n');
  lun_buf_add_span(out, lun_buf_view(&job->result->body_hash));
  rc = lun_buf_status(&lines, "the head of a request", job->err);
  if (rc == LUN_OK)
    rc = lun_buf_status(names, "the list of signed headers", job->err);
  if (rc == LUN_OK)
    rc = lun_buf_status(out, "the head of a request", job->err);
done:
  lun_buf_done(&lines);
  return rc;
}

/* "20261123/us-east-1/secretsmanager/aws4_request" */
static void put_scope(struct lun_buf *out, const struct job *job)
{
  lun_buf_add(out, job->result->date, 8);
  lun_buf_addc(out, '/');
  lun_buf_add_span(out, job->region);
  lun_buf_addc(out, '/');
  lun_buf_add_span(out, job->service);
  lun_buf_adds(out, "/aws4_request");
}

static enum lun_code put_string_to_sign(struct job *job)
{
  unsigned char hash[LUN_SHA256_LEN] = {0};
  struct lun_buf *out = &job->result->string_to_sign;
  struct lun_span request = lun_buf_view(&job->result->canonical_request);
  enum lun_code rc = lun_hash_sha256(hash, request, job->err);

  if (rc)
    return rc;
  lun_buf_adds(out, LUN_SIGV4_ALGORITHM "\n");
  lun_buf_adds(out, job->result->date);
  lun_buf_addc(out, '\n');
  put_scope(out, job);
  lun_buf_addc(out, '\n');
  lun_text_hex(out, hash, sizeof(hash));
  return lun_buf_status(out, "a string to sign", job->err);
}

/* OUT = HMAC(KEY, TEXT), KEY being the last one's output. */
static enum lun_code chain(unsigned char out[LUN_SHA256_LEN],
                           const unsigned char key[LUN_SHA256_LEN],
                           struct lun_span text, struct lun_error *err)
{
  struct lun_span span = {(const char *)key, LUN_SHA256_LEN};

  return lun_hash_hmac_sha256(out, span, text, err);
}

static enum lun_code put_signature(struct job *job, struct lun_span secret)
{
  enum lun_code rc = LUN_OK;
  struct keys keys = {.secret = "AWS4"};
  struct lun_span first = {keys.secret, 4 + secret.len};
  struct lun_span date = {job->result->date, 8};
  struct lun_span text = lun_buf_view(&job->result->string_to_sign);

  if (secret.len > SECRET_MAX)
    return lun_error_set(job->err, LUN_ECREDENTIALS,
                         "the secret access key is longer than %d bytes",
                         SECRET_MAX);
  if (secret.len > 0)
    memcpy(keys.secret + 4, secret.ptr, secret.len);
  rc = lun_hash_hmac_sha256(keys.date, first, date, job->err);
  if (rc == LUN_OK)
    rc = chain(keys.region, keys.date, job->region, job->err);
  if (rc == LUN_OK)
    rc = chain(keys.service, keys.region, job->service, job->err);
  if (rc == LUN_OK)
    rc = chain(keys.signing, keys.service, LUN_SPAN_LIT("aws4_request"),
               job->err);
  if (rc == LUN_OK)
    rc = chain(keys.signature, keys.signing, text, job->err);
  if (rc == LUN_OK)
    lun_text_hex(&job->result->signature, keys.signature,
                 sizeof(keys.signature));
  lun_secret_wipe(&keys, sizeof(keys));
  if (rc == LUN_OK)
    rc = lun_buf_status(&job->result->signature, "a signature", job->err);
  return rc;
}

static enum lun_code compute(struct job *job, struct lun_span secret)
{
  enum lun_code rc = put_canonical_request(job);

  if (rc == LUN_OK)
    rc = put_string_to_sign(job);
  if (rc == LUN_OK)
    rc = put_signature(job, secret);
  return rc;
}

/* -------------------------------------------------------------- signing -- */

/* True if TEXT can be a word of the scope, or a value of a header. */
static bool word(struct lun_span text, bool slash)
{
  return text.len > 0 && lun_text_word(text) &&
         (slash || memchr(text.ptr, '/', text.len) == NULL);
}

static enum lun_code check_options(const struct lun_sigv4_key *key,
                                   const struct lun_sigv4_options *options,
                                   struct lun_error *err)
{
  if (!word(key->access_key_id, false))
    return lun_error_set(err, LUN_ECREDENTIALS,
                         "there is no usable access key id to sign with");
  if (key->secret_access_key.len == 0)
    return lun_error_set(err, LUN_ECREDENTIALS,
                         "there is no secret access key to sign with");
  if (key->session_token.len > 0 && !word(key->session_token, true))
    return lun_error_set(err, LUN_ECREDENTIALS,
                         "the session token has a blank or a control "
                         "character");
  if (!word(options->region, false))
    return lun_error_set(err, LUN_EINVALID, "there is no region to sign for");
  if (!word(options->service, false))
    return lun_error_set(err, LUN_EINVALID, "there is no service to sign for");
  if (options->time < 0 || options->time > TIME_MAX)
    return lun_error_set(err, LUN_EINVALID,
                         "the time to sign is not between 1970 and 9999");
  if (options->expires < 0 || options->expires > EXPIRES_MAX)
    return lun_error_set(err, LUN_EINVALID,
                         "a signed URL can be valid for 1 to %d seconds",
                         EXPIRES_MAX);
  return LUN_OK;
}

/* True if NAME, in any case, is one of NAMES, which end with NULL. */
static bool among(struct lun_span name, const char *const *names)
{
  for (; *names != NULL; names++)
    if (lun_text_same(name, lun_span_of(*names)))
      return true;
  return false;
}

/* Headers that signing sets itself, and those that change on the way. */
static bool passed_over(struct lun_span name)
{
  static const char *const names[] = {"authorization",
                                      "x-amz-date",
                                      "x-amz-security-token",
                                      "connection",
                                      "expect",
                                      "keep-alive",
                                      "proxy-authenticate",
                                      "proxy-authorization",
                                      "te",
                                      "trailer",
                                      "transfer-encoding",
                                      "upgrade",
                                      "user-agent",
                                      "x-amzn-trace-id",
                                      NULL};

  return among(name, names);
}

static void add_header(struct job *job, struct lun_span name,
                       struct lun_span value)
{
  job->headers[job->nheaders++] = (struct lun_header){name, value};
}

/*
 * Chooses the headers that are signed, and finds the body's hash.  A request
 * that brings its own x-amz-content-sha256 has decided what the hash is.
 */
static enum lun_code choose_headers(struct job *job,
                                    const struct lun_sigv4_key *key,
                                    const struct lun_sigv4_options *options)
{
  const struct lun_span hash_name = LUN_SPAN_LIT("x-amz-content-sha256");
  struct lun_sigv4_result *result = job->result;
  const struct lun_span date = {result->date, sizeof(result->date) - 1};
  bool query_form = options->expires > 0;
  size_t i = 0;

  for (i = 0; i < job->request->nheaders; i++) {
    const struct lun_header *header = &job->request->headers[i];
    bool hash = lun_text_same(header->name, hash_name);

    if (passed_over(header->name) || (hash && options->sign_body))
      continue;
    if (hash && result->body_hash.len == 0)
      lun_buf_add_span(&result->body_hash, lun_text_trim_blank(header->value));
    add_header(job, header->name, header->value);
  }
  if (result->body_hash.len == 0) {
    enum lun_code rc = put_body_hash(job);

    if (rc == LUN_OK)
      rc = lun_buf_status(&result->body_hash, "a hash", job->err);
    if (rc)
      return rc;
  }
  if (query_form)
    return LUN_OK;
  add_header(job, LUN_SPAN_LIT("x-amz-date"), date);
  if (options->sign_body)
    add_header(job, hash_name, lun_buf_view(&result->body_hash));
  if (key->session_token.len > 0 && !options->token_after)
    add_header(job, LUN_SPAN_LIT("x-amz-security-token"), key->session_token);
  return LUN_OK;
}

static void add_param(struct lun_buf *out, const char *name,
                      struct lun_span value)
{
  lun_buf_adds(out, out->len > 0 ? "&" : "");
  lun_buf_adds(out, name);
  lun_buf_addc(out, '=');
  lun_uri_encode(out, value, false);
}

/* The request's own parameters, as they stand, without an old signature. */
static void put_own_query(struct lun_buf *out, struct lun_span query)
{
  static const char *const names[] = {
      "X-Amz-Algorithm",      "X-Amz-Credential",
      "X-Amz-Date",           "X-Amz-Expires",
      "X-Amz-SignedHeaders",  "X-Amz-Signature",
      "X-Amz-Security-Token", NULL};
  struct lun_span name = {NULL, 0};
  struct lun_span value = {NULL, 0};

  while (lun_canon_param(&query, &name, &value)) {
    if (among(name, names))
      continue;
    lun_buf_adds(out, out->len > 0 ? "&" : "");
    /* Name, "=" and value stand together in the query. */
    lun_buf_add(out, name.ptr, (size_t)(value.ptr - name.ptr) + value.len);
  }
}

/* The whole query but for the signature. */
static enum lun_code put_query(struct job *job, const struct lun_sigv4_key *key,
                               const struct lun_sigv4_options *options)
{
  enum lun_code rc = LUN_OK;
  struct lun_sigv4_result *result = job->result;
  lun_ctx *ctx = result->query.ctx;
  struct lun_buf text = LUN_BUF_INIT(ctx, HEAD_MAX);
  struct lun_buf lines = LUN_BUF_INIT(ctx, HEAD_MAX);
  struct lun_buf names = LUN_BUF_INIT(ctx, HEAD_MAX);

  rc = lun_canon_headers(&lines, &names, job->headers, job->nheaders, job->err);
  if (rc)
    goto done;
  put_own_query(&result->query, job->request->query);
  add_param(&result->query, "X-Amz-Algorithm",
            LUN_SPAN_LIT(LUN_SIGV4_ALGORITHM));
  lun_buf_add_span(&text, key->access_key_id);
  lun_buf_addc(&text, '/');
  put_scope(&text, job);
  add_param(&result->query, "X-Amz-Credential", lun_buf_view(&text));
  add_param(&result->query, "X-Amz-Date", lun_span_of(result->date));
  add_param(&result->query, "X-Amz-SignedHeaders", lun_buf_view(&names));
  lun_buf_cut(&text, 0);
  lun_buf_addf(&text, "%lld", (long long)options->expires);
  add_param(&result->query, "X-Amz-Expires", lun_buf_view(&text));
  if (key->session_token.len > 0 && !options->token_after)
    add_param(&result->query, "X-Amz-Security-Token", key->session_token);
  rc = lun_buf_status(&text, "a credential scope", job->err);
  if (rc == LUN_OK)
    rc = lun_buf_status(&lines, "the head of a request", job->err);
  if (rc == LUN_OK)
    rc = lun_buf_status(&names, "the list of signed headers", job->err);
  if (rc == LUN_OK)
    rc = lun_buf_status(&result->query, "the query of a request", job->err);
  job->query = lun_buf_view(&result->query);
done:
  lun_buf_done(&text);
  lun_buf_done(&lines);
  lun_buf_done(&names);
  return rc;
}

/* What the caller puts into its request. */
static enum lun_code put_answer(struct job *job,
                                const struct lun_sigv4_key *key,
                                const struct lun_sigv4_options *options)
{
  struct lun_sigv4_result *result = job->result;
  struct lun_buf *out = &result->authorization;

  if (options->expires > 0) {
    add_param(&result->query, "X-Amz-Signature",
              lun_buf_view(&result->signature));
    if (key->session_token.len > 0 && options->token_after)
      add_param(&result->query, "X-Amz-Security-Token", key->session_token);
    return lun_buf_status(&result->query, "the query of a request", job->err);
  }
  lun_buf_adds(out, LUN_SIGV4_ALGORITHM " Credential=");
  lun_buf_add_span(out, key->access_key_id);
  lun_buf_addc(out, '/');
  put_scope(out, job);
  lun_buf_adds(out, ", SignedHeaders=");
  lun_buf_add_span(out, lun_buf_view(&result->signed_headers));
  lun_buf_adds(out, ", Signature=");
  lun_buf_add_span(out, lun_buf_view(&result->signature));
  return lun_buf_status(out, "an Authorization header", job->err);
}

/* Empties the result and puts the date in. */
static enum lun_code start(struct lun_sigv4_result *result, int64_t time,
                           struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = result->query.ctx;
  struct lun_buf date = LUN_BUF_INIT(ctx, sizeof(result->date) - 1);

  lun_sigv4_result_done(result);
  lun_sigv4_result_init(result, ctx);
  lun_text_put_basic(&date, time);
  rc = lun_buf_status(&date, "a date", err);
  if (rc == LUN_OK)
    memcpy(result->date, lun_buf_text(&date), date.len);
  lun_buf_done(&date);
  return rc;
}

enum lun_code lun_sigv4_sign(struct lun_sigv4_result *result,
                             const struct lun_sigv4_request *request,
                             const struct lun_sigv4_key *key,
                             const struct lun_sigv4_options *options,
                             struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = result->query.ctx;
  struct job job = {
      .result = result,
      .request = request,
      .region = options->region,
      .service = options->service,
      .query = request->query,
      .keep_path = options->keep_path,
      .encode_once = options->encode_once,
      .err = err,
  };

  rc = check_options(key, options, err);
  if (rc == LUN_OK)
    rc = lun_canon_check(request, err);
  if (rc == LUN_OK)
    rc = start(result, options->time, err);
  if (rc)
    return rc;
  job.headers =
      lun_mem_alloc(ctx, (request->nheaders + EXTRA) * sizeof(*job.headers));
  if (job.headers == NULL)
    return lun_error_nomem(err);
  rc = choose_headers(&job, key, options);
  if (rc == LUN_OK && options->expires > 0)
    rc = put_query(&job, key, options);
  if (rc == LUN_OK)
    rc = compute(&job, key->secret_access_key);
  if (rc == LUN_OK)
    rc = put_answer(&job, key, options);
  lun_mem_free(ctx, job.headers);
  return rc;
}

/* ------------------------------------------------------------- checking -- */

/* True if NAME, in any case, is in LIST, which is "a;b;c". */
static bool listed(struct lun_span name, struct lun_span list)
{
  while (list.len > 0) {
    const char *end = memchr(list.ptr, ';', list.len);
    struct lun_span item = list;

    if (end != NULL)
      item.len = (size_t)(end - list.ptr);
    if (lun_text_same(item, name))
      return true;
    list.ptr += item.len + (end != NULL);
    list.len -= item.len + (end != NULL);
  }
  return false;
}

/* The headers that the claim names; all that must be signed have to be. */
static enum lun_code claimed_headers(struct job *job,
                                     struct lun_span signed_headers)
{
  size_t i = 0;

  for (i = 0; i < job->request->nheaders; i++) {
    const struct lun_header *header = &job->request->headers[i];
    struct lun_span head = {header->name.ptr, 6};

    if (listed(header->name, signed_headers))
      add_header(job, header->name, header->value);
    else if (lun_text_same(header->name, LUN_SPAN_LIT("host")) ||
             (header->name.len > head.len &&
              lun_text_same(head, LUN_SPAN_LIT("x-amz-"))))
      return lun_error_set(job->err, LUN_EINVALID,
                           "header %.*s must be among the signed headers",
                           (int)header->name.len, header->name.ptr);
  }
  return LUN_OK;
}

static enum lun_code verify(bool *valid, struct job *job,
                            const struct lun_sigv4_claim *claim,
                            struct lun_span secret)
{
  enum lun_code rc = claimed_headers(job, claim->signed_headers);

  if (rc == LUN_OK)
    rc = put_body_hash(job);
  if (rc == LUN_OK)
    rc = lun_buf_status(&job->result->body_hash, "a hash", job->err);
  if (rc == LUN_OK)
    rc = compute(job, secret);
  if (rc)
    return rc;
  /* A header that the claim names may not be there. */
  if (!lun_span_same(lun_buf_view(&job->result->signed_headers),
                     claim->signed_headers))
    return lun_error_set(job->err, LUN_EINVALID,
                         "a header that is said to be signed is missing");
  *valid =
      lun_secret_equal(lun_buf_view(&job->result->signature), claim->signature);
  return LUN_OK;
}

enum lun_code lun_sigv4_verify(bool *valid, struct lun_sigv4_result *result,
                               const struct lun_sigv4_request *request,
                               const struct lun_sigv4_claim *claim,
                               struct lun_span secret_access_key,
                               struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_ctx *ctx = result->query.ctx;
  struct job job = {
      .result = result,
      .request = request,
      .region = claim->region,
      .service = claim->service,
      .query = request->query,
      .err = err,
  };

  *valid = false;
  if (claim->presigned)
    job.but = LUN_SPAN_LIT("X-Amz-Signature");
  rc = lun_canon_check(request, err);
  if (rc == LUN_OK)
    rc = start(result, claim->time, err);
  if (rc)
    return rc;
  job.headers = lun_mem_alloc(ctx, request->nheaders * sizeof(*job.headers));
  if (job.headers == NULL)
    return lun_error_nomem(err);
  rc = verify(valid, &job, claim, secret_access_key);
  lun_mem_free(ctx, job.headers);
  return rc;
}
