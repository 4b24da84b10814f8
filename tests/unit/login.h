/*
 * A session of `aws login` in the scene's home, and the answers of the
 * sign-in service, for the tests of creds/.  Its private key is made by the
 * test, once.
 */
#ifndef TEST_LOGIN_H
#define TEST_LOGIN_H

#include "aws.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define SESSION_NAME "arn:aws:sts::012345678910:assumed-role/Admin/admin"
#define SESSION_FILE                                                           \
  "4b0ba8f99f075c0633e122fd73346ce203a3faf18ea0310eb2d29df1bab2e255.json"

#define LOGIN_CONFIG "[profile signin]\nlogin_session = " SESSION_NAME "\n"

#define PAST           "2026-11-22T23:59:59Z"
#define IN_1_SECOND    "2026-11-23T00:00:01Z"
#define IN_5_MINUTES   "2026-11-23T00:05:00Z"
#define IN_301_SECONDS "2026-11-23T00:05:01Z"
#define IN_15_MINUTES  "2026-11-23T00:15:00Z"

static char session_folder[160];
static char session_path[256];
static char dpop_key[512]; /* PEM, as it stands in JSON */

static inline void make_dpop_key(void)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  BIO *bio = BIO_new(BIO_s_mem());
  char c = 0;
  size_t len = 0;

  assert_int_equal(
      PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
  while (BIO_read(bio, &c, 1) == 1 && len + 3 < sizeof(dpop_key)) {
    if (c == '\n')
      dpop_key[len++] = '\\';
    dpop_key[len++] = c == '\n' ? 'n' : c;
  }
  dpop_key[len] = '\0';
  BIO_free(bio);
  EVP_PKEY_free(key);
}

/* The text of the session's file: KEY ends at DATE. */
static inline const char *session_text(const char *key, const char *date)
{
  static char texts[4][2048];
  static int next;
  char *text = texts[next++ % 4];

  (void)snprintf(
      text, sizeof(texts[0]),
      "{\"accessToken\": {\"accessKeyId\": \"%s\", \"secretAccessKey\": "
      "\"canary-secret\", \"sessionToken\": \"token-%s\", \"accountId\": "
      "\"012345678901\", \"expiresAt\": \"%s\", \"mine\": [1]}, \"tokenType\": "
      "\"aws_sigv4\", \"clientId\": \"arn:aws:signin:::devtools/same-device\", "
      "\"refreshToken\": \"canary-refresh\", \"mine\": {\"a\": "
      "[1.50, \"b\\u0041\", null]}, \"dpopKey\": \"%s\"}",
      key, key, date, dpop_key);
  return text;
}

/* The same after a renewal that gave KEY. */
static inline const char *renewed_text(const char *key, const char *date)
{
  static char text[2048];

  (void)snprintf(
      text, sizeof(text),
      "{\"tokenType\": \"aws_sigv4\", \"clientId\": "
      "\"arn:aws:signin:::devtools/same-device\", \"mine\": {\"a\": "
      "[1.50, \"b\\u0041\", null]}, \"dpopKey\": \"%s\", \"accessToken\": "
      "{\"accountId\": \"012345678901\", \"mine\": [1], \"accessKeyId\": "
      "\"%s\", \"secretAccessKey\": \"canary-secret\", \"sessionToken\": "
      "\"token-%s\", \"expiresAt\": \"%s\"}, \"refreshToken\": "
      "\"canary-next \\\"refresh\\\"\"}",
      dpop_key, key, key, date);
  return text;
}

/* CreateOAuth2Token's answer with KEY, for a quarter of an hour. */
static inline const char *login_answer(const char *key)
{
  char body[512] = "";

  (void)snprintf(body, sizeof(body),
                 "{\"accessToken\":{\"accessKeyId\":\"%s\",\"secretAccessKey\":"
                 "\"canary-secret\",\"sessionToken\":\"token-%s\"},"
                 "\"tokenType\":\"aws_sigv4\",\"expiresIn\":900,"
                 "\"refreshToken\":\"canary-next \\\"refresh\\\"\"}",
                 key, key);
  return answer_text(200, "Content-Type: application/json\r\n", body);
}

/* An error of the sign-in service's. */
static inline const char *login_error(int status, const char *code,
                                      const char *word)
{
  char headers[128] = "";
  char body[256] = "";

  (void)snprintf(headers, sizeof(headers), "x-amzn-ErrorType: %s\r\n", code);
  (void)snprintf(body, sizeof(body),
                 "{\"error\":\"%s\",\"message\":\"words of AWS\"}", word);
  return answer_text(status, headers, body);
}

/* ------------------------------------------------------------------ file -- */

static inline const char *below_home(const char *path)
{
  static char text[4][160];
  static int next;
  char *out = text[next++ % 4];

  (void)snprintf(out, sizeof(text[0]), "%s/%s", scene.home, path);
  return out;
}

static inline void set_session(const char *text)
{
  write_file(session_path, text);
}

/* What the session's file has now. */
static inline const char *file_text(void)
{
  static char text[4096];
  FILE *file = fopen(session_path, "r");
  size_t len = 0;

  assert_non_null(file);
  len = fread(text, 1, sizeof(text) - 1, file);
  text[len] = '\0';
  assert_int_equal(fclose(file), 0);
  return text;
}

/* A scene with a home that has the folders, and a profile with the session. */
static inline int make_login(void **state)
{
  if (make_scene(state))
    return -1;
  if (dpop_key[0] == '\0')
    make_dpop_key();
  (void)mkdir(below_home(".aws"), 0700);
  (void)mkdir(below_home(".aws/login"), 0700);
  (void)mkdir(below_home(".aws/login/cache"), 0700);
  (void)snprintf(session_folder, sizeof(session_folder), "%s",
                 below_home(".aws/login/cache"));
  (void)snprintf(session_path, sizeof(session_path), "%s/%s", session_folder,
                 SESSION_FILE);
  set_config(LOGIN_CONFIG);
  set_env("AWS_PROFILE", "signin");
  set_env("AWS_REGION", "eu-central-1");
  return 0;
}

static inline void drop_login(void)
{
  (void)unlink(session_path);
  (void)rmdir(session_path);
  (void)rmdir(session_folder);
  (void)rmdir(below_home(".aws/login/cache"));
  (void)rmdir(below_home(".aws/login"));
  (void)rmdir(below_home(".aws"));
}

#endif
