/*
 * Signing, reading a claim, verifying.  That the signatures are the right ones
 * is for the vectors and botocore to say; here it is what is refused, and
 * that nothing is left behind.
 */
#include "unit.h"

#include "../../core/sign/sigv4.h"

#define HEADER(name, value)                                                    \
  {                                                                            \
    LUN_SPAN_LIT(name), LUN_SPAN_LIT(value)                                    \
  }

static const struct lun_sigv4_key key = {
    {"AKIDEXAMPLE", 11}, {"not-a-real-secret", 17}, {"canary+token==", 14}};

static const struct lun_header plain_headers[] = {
    HEADER("Host", "secretsmanager.eu-west-1.amazonaws.com"),
    HEADER("X-Amz-Target", "secretsmanager.GetSecretValue"),
    HEADER("User-Agent", "lunette"),
    HEADER("Authorization", "old"),
    HEADER("x-amz-date", "old"),
};

static struct lun_sigv4_request plain_request(void)
{
  return (struct lun_sigv4_request){
      .method = LUN_SPAN_LIT("POST"),
      .path = LUN_SPAN_LIT("/"),
      .query = LUN_SPAN_LIT("b=2&a=1&X-Amz-Date=old"),
      .headers = plain_headers,
      .nheaders = 5,
      .body = LUN_SPAN_LIT("{}"),
  };
}

static struct lun_sigv4_options plain_options(void)
{
  return (struct lun_sigv4_options){.region = LUN_SPAN_LIT("eu-west-1"),
                                    .service = LUN_SPAN_LIT("secretsmanager"),
                                    .time = 1440938160};
}

/* -------------------------------------------------------------- signing -- */

static void header_form(void **state)
{
  struct lun_sigv4_request request = plain_request();
  struct lun_sigv4_options options = plain_options();
  struct lun_sigv4_result result;

  (void)state;
  lun_sigv4_result_init(&result, ctx);
  options.sign_body = true;
  assert_int_equal(lun_sigv4_sign(&result, &request, &key, &options, NULL),
                   LUN_OK);
  assert_string_equal(result.date, "20150830T123600Z");
  assert_string_equal(lun_buf_text(&result.signed_headers),
                      "host;x-amz-content-sha256;x-amz-date;"
                      "x-amz-security-token;x-amz-target");
  assert_string_equal(lun_buf_text(&result.body_hash),
                      "44136fa355b3678a1146ad16f7e8649e"
                      "94fb4fc21fe77e8310c060f61caaff8a");
  assert_int_equal(result.signature.len, 64);
  assert_int_equal(result.query.len, 0);
  assert_non_null(strstr(lun_buf_text(&result.authorization),
                         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/"
                         "eu-west-1/secretsmanager/aws4_request, "
                         "SignedHeaders=host;"));
  assert_null(strstr(lun_buf_text(&result.canonical_request), "old\n"));
  /* A result may be used again. */
  options.token_after = true;
  options.sign_body = false;
  assert_int_equal(lun_sigv4_sign(&result, &request, &key, &options, NULL),
                   LUN_OK);
  assert_string_equal(lun_buf_text(&result.signed_headers),
                      "host;x-amz-date;x-amz-target");
  lun_sigv4_result_done(&result);
}

static void query_form(void **state)
{
  struct lun_sigv4_request request = plain_request();
  struct lun_sigv4_options options = plain_options();
  struct lun_sigv4_result result;
  const char *query = NULL;

  (void)state;
  lun_sigv4_result_init(&result, ctx);
  options.expires = 60;
  assert_int_equal(lun_sigv4_sign(&result, &request, &key, &options, NULL),
                   LUN_OK);
  query = lun_buf_text(&result.query);
  assert_ptr_equal(strstr(query, "b=2&a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
                                 "X-Amz-Credential=AKIDEXAMPLE%2F20150830%2F"),
                   query);
  assert_non_null(strstr(query, "&X-Amz-Date=20150830T123600Z&"));
  assert_non_null(strstr(query, "&X-Amz-Expires=60&"));
  assert_non_null(strstr(query, "&X-Amz-Security-Token=canary%2Btoken%3D%3D&"
                                "X-Amz-Signature="));
  assert_null(strstr(query, "old"));
  assert_int_equal(result.authorization.len, 0);
  options.token_after = true;
  assert_int_equal(lun_sigv4_sign(&result, &request, &key, &options, NULL),
                   LUN_OK);
  query = lun_buf_text(&result.query);
  assert_non_null(strstr(query, "&X-Amz-Security-Token=canary%2Btoken%3D%3D"));
  assert_null(strstr(lun_buf_text(&result.canonical_request), "Token"));
  lun_sigv4_result_done(&result);
}

static void a_given_body_hash(void **state)
{
  const struct lun_header headers[] = {
      HEADER("Host", "h"), HEADER("X-Amz-Content-Sha256", " UNSIGNED-PAYLOAD")};
  struct lun_sigv4_request request = plain_request();
  struct lun_sigv4_options options = plain_options();
  struct lun_sigv4_result result;

  (void)state;
  request.headers = headers;
  request.nheaders = 2;
  lun_sigv4_result_init(&result, ctx);
  assert_int_equal(lun_sigv4_sign(&result, &request, &key, &options, NULL),
                   LUN_OK);
  assert_string_equal(lun_buf_text(&result.body_hash), "UNSIGNED-PAYLOAD");
  assert_non_null(
      strstr(lun_buf_text(&result.signed_headers), "x-amz-content-sha256"));
  lun_sigv4_result_done(&result);
}

static void check_sign(const struct lun_sigv4_key *with,
                       const struct lun_sigv4_options *options,
                       enum lun_code code, const char *why)
{
  struct lun_sigv4_request request = plain_request();
  struct lun_sigv4_result result;
  struct lun_error err = {.code = LUN_OK};

  lun_sigv4_result_init(&result, ctx);
  assert_int_equal(lun_sigv4_sign(&result, &request, with, options, &err),
                   code);
  if (strstr(err.message, why) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", err.message, why);
  assert_null(strstr(err.message, "canary"));
  lun_sigv4_result_done(&result);
}

static void signing_refuses(void **state)
{
  static const char long_secret[2000] = "canary";
  struct lun_sigv4_key bad = key;
  struct lun_sigv4_options options = plain_options();

  (void)state;
  bad.access_key_id.len = 0;
  check_sign(&bad, &options, LUN_ECREDENTIALS, "access key id");
  bad.access_key_id = LUN_SPAN_LIT("AKID/canary");
  check_sign(&bad, &options, LUN_ECREDENTIALS, "access key id");
  bad = key;
  bad.secret_access_key.len = 0;
  check_sign(&bad, &options, LUN_ECREDENTIALS, "secret access key");
  bad.secret_access_key = (struct lun_span){long_secret, sizeof(long_secret)};
  check_sign(&bad, &options, LUN_ECREDENTIALS, "longer than 1024 bytes");
  bad = key;
  bad.session_token = LUN_SPAN_LIT("canary\nx-amz-a:b");
  check_sign(&bad, &options, LUN_ECREDENTIALS, "session token");
  options.region.len = 0;
  check_sign(&key, &options, LUN_EINVALID, "region");
  options.region = LUN_SPAN_LIT("a/b");
  check_sign(&key, &options, LUN_EINVALID, "region");
  options = plain_options();
  options.service.len = 0;
  check_sign(&key, &options, LUN_EINVALID, "service");
  options = plain_options();
  options.time = -1;
  check_sign(&key, &options, LUN_EINVALID, "time");
  options.time = INT64_MAX;
  check_sign(&key, &options, LUN_EINVALID, "time");
  options = plain_options();
  options.expires = 604801;
  check_sign(&key, &options, LUN_EINVALID, "604800 seconds");
}

/* ------------------------------------------------------------ verifying -- */

/* A request that was signed, with room for a test to spoil it. */
struct signed_request {
  struct lun_header headers[12];
  struct lun_sigv4_request request;
  struct lun_sigv4_result result;
};

static enum lun_code sign_it(struct signed_request *out, bool query,
                             struct lun_error *err)
{
  struct lun_sigv4_options options = plain_options();
  enum lun_code rc = LUN_OK;

  memset(out, 0, sizeof(*out));
  lun_sigv4_result_init(&out->result, ctx);
  memcpy(out->headers, plain_headers, 3 * sizeof(out->headers[0]));
  out->request = plain_request();
  out->request.query = LUN_SPAN_LIT("b=2&a=1");
  out->request.headers = out->headers;
  out->request.nheaders = 3;
  options.expires = query ? 60 : 0;
  rc = lun_sigv4_sign(&out->result, &out->request, &key, &options, err);
  if (rc)
    return rc;
  if (query) {
    out->request.query = lun_buf_view(&out->result.query);
    return LUN_OK;
  }
  out->headers[3] = (struct lun_header){LUN_SPAN_LIT("X-Amz-Date"),
                                        lun_span_of(out->result.date)};
  out->headers[4] = (struct lun_header){LUN_SPAN_LIT("X-Amz-Security-Token"),
                                        key.session_token};
  out->headers[5] = (struct lun_header){
      LUN_SPAN_LIT("Authorization"), lun_buf_view(&out->result.authorization)};
  out->request.nheaders = 6;
  return LUN_OK;
}

static enum lun_code verify_it(const struct lun_sigv4_request *request,
                               bool *valid, struct lun_error *err)
{
  struct lun_sigv4_claim claim = {.ctx = ctx};
  struct lun_sigv4_result result;
  enum lun_code rc = LUN_OK;

  lun_sigv4_result_init(&result, ctx);
  rc = lun_sigv4_claim_read(&claim, ctx, request, err);
  if (rc == LUN_OK)
    rc = lun_sigv4_verify(valid, &result, request, &claim,
                          key.secret_access_key, err);
  lun_sigv4_claim_done(&claim);
  lun_sigv4_result_done(&result);
  return rc;
}

static void what_was_signed_is_valid(void **state)
{
  struct signed_request it;
  bool valid = false;

  (void)state;
  assert_int_equal(sign_it(&it, false, NULL), LUN_OK);
  assert_int_equal(verify_it(&it.request, &valid, NULL), LUN_OK);
  assert_true(valid);
  it.request.body = LUN_SPAN_LIT("{ }");
  assert_int_equal(verify_it(&it.request, &valid, NULL), LUN_OK);
  assert_false(valid);
  lun_sigv4_result_done(&it.result);
  assert_int_equal(sign_it(&it, true, NULL), LUN_OK);
  assert_int_equal(verify_it(&it.request, &valid, NULL), LUN_OK);
  assert_true(valid);
  lun_sigv4_result_done(&it.result);
}

static void a_claim(void **state)
{
  struct signed_request it;
  struct lun_sigv4_claim claim = {.ctx = ctx};

  (void)state;
  assert_int_equal(sign_it(&it, false, NULL), LUN_OK);
  assert_int_equal(lun_sigv4_claim_read(&claim, ctx, &it.request, NULL),
                   LUN_OK);
  assert_span(claim.access_key_id, "AKIDEXAMPLE");
  assert_span(claim.date, "20150830T123600Z");
  assert_span(claim.region, "eu-west-1");
  assert_span(claim.service, "secretsmanager");
  assert_span(claim.session_token, "canary+token==");
  assert_false(claim.presigned);
  assert_true(claim.time == 1440938160 && claim.expires == 0);
  lun_sigv4_claim_done(&claim);
  lun_sigv4_result_done(&it.result);
  assert_int_equal(sign_it(&it, true, NULL), LUN_OK);
  assert_int_equal(lun_sigv4_claim_read(&claim, ctx, &it.request, NULL),
                   LUN_OK);
  assert_span(claim.session_token, "canary+token==");
  assert_span(claim.signed_headers, "host;x-amz-target");
  assert_true(claim.presigned && claim.expires == 60);
  lun_sigv4_claim_done(&claim);
  lun_sigv4_result_done(&it.result);
}

static void check_verify(const struct lun_sigv4_request *request,
                         const char *why)
{
  struct lun_error err = {.code = LUN_OK};
  bool valid = true;

  assert_int_equal(verify_it(request, &valid, &err), LUN_EINVALID);
  if (strstr(err.message, why) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", err.message, why);
}

/* An Authorization header in place of the right one. */
static void check_authorization(const char *text, const char *why)
{
  struct signed_request it;

  assert_int_equal(sign_it(&it, false, NULL), LUN_OK);
  it.headers[5].value = lun_span_of(text);
  check_verify(&it.request, why);
  lun_sigv4_result_done(&it.result);
}

#define SCOPE "AKID/20150830/eu-west-1/secretsmanager/aws4_request"
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void malformed_authorization(void **state)
{
  (void)state;
  check_authorization("", "does not begin with AWS4-HMAC-SHA256");
  check_authorization("Bearer x", "does not begin with AWS4-HMAC-SHA256");
  check_authorization("AWS4-HMAC-SHA256", "does not begin with");
  check_authorization("AWS4-HMAC-SHA256 Signature=", "lacks a Credential");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE, "lacks");
  check_authorization("AWS4-HMAC-SHA256 x", "has a part without '='");
  check_authorization("AWS4-HMAC-SHA256 Credential=a, Credential=b",
                      "has other parts");
  check_authorization("AWS4-HMAC-SHA256 X=a", "has other parts");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=host;x-amz-date,Signature=" HEX64 "0",
                      "Signature is not 64 hexadecimal digits");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=x-amz-date;host,Signature=" HEX64,
                      "SignedHeaders is not sorted");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=host;host,Signature=" HEX64,
                      "SignedHeaders is not sorted");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=Host,Signature=" HEX64,
                      "SignedHeaders is not in lower case");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=,Signature=" HEX64,
                      "SignedHeaders is empty");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=host;,Signature=" HEX64,
                      "SignedHeaders is not sorted");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=host,Signature=" HEX64,
                      "must be among the signed headers");
  check_authorization("AWS4-HMAC-SHA256 Credential=" SCOPE
                      ",SignedHeaders=a;host;x-amz-date;x-amz-security-token;"
                      "x-amz-target,Signature=" HEX64,
                      "is said to be signed is missing");
  check_authorization("AWS4-HMAC-SHA256 Credential=AKID/20150830/x/aws4_request"
                      ",SignedHeaders=host,Signature=" HEX64,
                      "Credential is not KEY/DATE/REGION/SERVICE");
  check_authorization("AWS4-HMAC-SHA256 Credential=A/" SCOPE
                      ",SignedHeaders=host,Signature=" HEX64,
                      "Credential is not KEY/DATE/REGION/SERVICE");
  check_authorization("AWS4-HMAC-SHA256 Credential=AKID/20150831/eu-west-1/"
                      "secretsmanager/aws4_request"
                      ",SignedHeaders=host,Signature=" HEX64,
                      "Credential has another date than X-Amz-Date");
}

static void spoilt_headers(void **state)
{
  struct signed_request it;

  (void)state;
  assert_int_equal(sign_it(&it, false, NULL), LUN_OK);
  it.headers[6] = it.headers[5];
  it.request.nheaders = 7;
  check_verify(&it.request, "Authorization is given twice");
  it.headers[6] = it.headers[3];
  check_verify(&it.request, "X-Amz-Date is given twice");
  it.headers[6] = (struct lun_header)HEADER("x-amz-new", "1");
  check_verify(&it.request, "x-amz-new must be among the signed headers");
  it.request.nheaders = 6;
  it.headers[3].value = LUN_SPAN_LIT("2015-08-30T12:36:00Z");
  check_verify(&it.request, "X-Amz-Date is not of the form");
  it.headers[3].name = LUN_SPAN_LIT("Date");
  check_verify(&it.request, "X-Amz-Date is missing");
  it.request.nheaders = 3;
  check_verify(&it.request, "the request has no signature");
  lun_sigv4_result_done(&it.result);
}

static void spoilt_queries(void **state)
{
  static const struct {
    const char *query;
    const char *why;
  } cases[] = {
      {"X-Amz-Signature=" HEX64, "X-Amz-Algorithm is missing"},
      {"X-Amz-Algorithm=A&X-Amz-Algorithm=A", "is given twice"},
      {"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%",
       "X-Amz-Credential has a broken escape"},
      {"X-Amz-Algorithm=A&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=1&"
       "X-Amz-SignedHeaders=host&X-Amz-Signature=s",
       "X-Amz-Algorithm is not AWS4-HMAC-SHA256"},
      {"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Date=d&"
       "X-Amz-Expires=0&X-Amz-SignedHeaders=host&X-Amz-Signature=s",
       "X-Amz-Expires is not a number from 1 to 604800"},
  };
  struct signed_request it;
  size_t i = 0;

  (void)state;
  assert_int_equal(sign_it(&it, true, NULL), LUN_OK);
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct lun_sigv4_request request = it.request;

    request.query = lun_span_of(cases[i].query);
    check_verify(&request, cases[i].why);
  }
  it.headers[3] = (struct lun_header)HEADER("Authorization", "x");
  it.request.nheaders = 4;
  check_verify(&it.request, "in its headers and one in its query");
  lun_sigv4_result_done(&it.result);
}

static enum lun_code round_trip(bool query, struct lun_error *err)
{
  struct signed_request it;
  bool valid = false;
  enum lun_code rc = sign_it(&it, query, err);

  if (rc == LUN_OK)
    rc = verify_it(&it.request, &valid, err);
  if (rc == LUN_OK)
    assert_true(valid);
  lun_sigv4_result_done(&it.result);
  return rc;
}

static enum lun_code by_header(struct lun_error *err)
{
  return round_trip(false, err);
}

static enum lun_code by_query(struct lun_error *err)
{
  return round_trip(true, err);
}

static void allocation_failures(void **state)
{
  (void)state;
  sweep(by_header);
  sweep(by_query);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(header_form),
      TEST(query_form),
      TEST(a_given_body_hash),
      TEST(signing_refuses),
      TEST(what_was_signed_is_valid),
      TEST(a_claim),
      TEST(malformed_authorization),
      TEST(spoilt_headers),
      TEST(spoilt_queries),
      TEST(allocation_failures),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
