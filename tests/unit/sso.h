/*
 * The cache of `aws sso login` in the scene's home, and the answers of IAM
 * Identity Center, for the tests of creds/.
 */
#ifndef TEST_SSO_H
#define TEST_SSO_H

#include "aws.h"

#define CONFIG                                                                 \
  "[profile dev]\n"                                                            \
  "sso_session = corp\n"                                                       \
  "sso_account_id = 012345678901\n"                                            \
  "sso_role_name = Reader\n"                                                   \
  "[sso-session corp]\n"                                                       \
  "sso_start_url = https://corp.awsapps.com/start\n"                           \
  "sso_region = eu-west-2\n"

#define CONFIG_OLD                                                             \
  "[profile dev]\n"                                                            \
  "sso_account_id = 012345678901\n"                                            \
  "sso_role_name = Reader\n"                                                   \
  "sso_start_url = https://ssotest.awsapps.com/start\n"                        \
  "sso_region = eu-west-2\n"

/* SHA-1 of "corp", and of the older form's URL. */
#define FILE_NEW "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
#define FILE_OLD "dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json"

/* A token that ends at DATE, and all that a renewal needs. */
#define TOKEN_OLD(date)                                                        \
  "{\"accessToken\": \"canary-token\", \"expiresAt\": \"" date "\"}"
#define TOKEN_NEW(date)                                                        \
  "{\"startUrl\": \"https://corp.awsapps.com/start\", "                        \
  "\"accessToken\": \"canary-token\", \"expiresAt\": \"" date "\", "           \
  "\"mine\": {\"a\": [1, \"b\\u0041\", null, true]}, "                         \
  "\"clientId\": \"canary-client\", \"clientSecret\": \"canary-secret\", "     \
  "\"registrationExpiresAt\": \"2026-12-24T00:00:00Z\", "                      \
  "\"refreshToken\": \"canary-refresh\"}"

#define IN_20_MINUTES "2026-11-23T00:20:00Z"
#define IN_10_MINUTES "2026-11-23T00:10:00Z"
#define PAST          "2026-11-22T23:59:59Z"

static char cache_file[160];

static inline const char *in_home(const char *path)
{
  static char text[4][160];
  static int next;
  char *out = text[next++ % 4];

  (void)snprintf(out, sizeof(text[0]), "%s/%s", scene.home, path);
  return out;
}

/* Puts TEXT into the cache's file NAME; the profile is "dev". */
static inline void set_cache(const char *name, const char *text)
{
  (void)mkdir(in_home(".aws"), 0700);
  (void)mkdir(in_home(".aws/sso"), 0700);
  (void)mkdir(in_home(".aws/sso/cache"), 0700);
  (void)snprintf(cache_file, sizeof(cache_file), "%s/%s",
                 in_home(".aws/sso/cache"), name);
  write_file(cache_file, text);
  set_env("AWS_PROFILE", "dev");
}

/* What the cache's file has now. */
static inline const char *cache_text(void)
{
  static char text[4096];
  FILE *file = fopen(cache_file, "r");
  size_t len = 0;

  assert_non_null(file);
  len = fread(text, 1, sizeof(text) - 1, file);
  text[len] = '\0';
  assert_int_equal(fclose(file), 0);
  return text;
}

static inline void drop_cache(void)
{
  (void)unlink(cache_file);
  (void)rmdir(in_home(".aws/sso/cache"));
  (void)rmdir(in_home(".aws/sso"));
  (void)rmdir(in_home(".aws"));
}

/* CreateToken's answer; MORE is further members. */
static inline const char *token_answer(const char *more)
{
  char body[256] = "";

  (void)snprintf(body, sizeof(body),
                 "{\"accessToken\":\"canary-renewed\",\"tokenType\":\"Bearer\","
                 "\"expiresIn\":28800%s}",
                 more);
  return answer_text(200, "Content-Type: application/json\r\n", body);
}

/* GetRoleCredentials' answer. */
static inline const char *role_answer(const char *headers, const char *key,
                                      int64_t expiration_s)
{
  char body[512] = "";

  (void)snprintf(body, sizeof(body),
                 "{\"roleCredentials\":{\"accessKeyId\":\"%s\","
                 "\"secretAccessKey\":\"canary-secret\",\"sessionToken\":"
                 "\"token-%s\",\"expiration\":%lld000}}",
                 key, key, (long long)expiration_s);
  return answer_text(200, headers, body);
}

/* An error of IAM Identity Center's. */
static inline const char *sso_error(int status, const char *code)
{
  char headers[128] = "";

  (void)snprintf(headers, sizeof(headers), "x-amzn-ErrorType: %s\r\n", code);
  return answer_text(status, headers, "{\"message\":\"words of AWS\"}");
}

#endif
