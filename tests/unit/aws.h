/*
 * Answers as AWS gives them, for the tests of creds/ and aws/, and what those
 * look for in a request.
 */
#ifndef TEST_AWS_H
#define TEST_AWS_H

#include "scene.h"

#define ROLE    "arn:aws:iam::444455556666:role/path/reader"
#define SESSION "lunette-1795392000" /* the default name, at NOW */

#define SECRET_ARN                                                             \
  "arn:aws:secretsmanager:eu-central-1:444455556666:secret:prod/db-AbCdEf"

/* STS's answer for the session "ROLE/SESSION" of ACCOUNT; its token is
 * "token-" and KEY. */
static inline const char *assumed(const char *account, const char *role_session,
                                  const char *key, const char *expiration)
{
  char body[1024] = "";

  (void)snprintf(
      body, sizeof(body),
      "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:x"
      "</AssumedRoleId><Arn>arn:aws:sts::%s:assumed-role/%s</Arn>"
      "</AssumedRoleUser><Credentials><AccessKeyId>%s</AccessKeyId>"
      "<SecretAccessKey>canary-secret</SecretAccessKey><SessionToken>token-%s"
      "</SessionToken><Expiration>%s</Expiration></Credentials>"
      "</AssumeRoleResult></AssumeRoleResponse>",
      account, role_session, key, key, expiration);
  return answer_text(200, "Content-Type: text/xml\r\n", body);
}

/* An error of STS's. */
static inline const char *sts_error(int status, const char *code)
{
  char body[512] = "";

  (void)snprintf(body, sizeof(body),
                 "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code>"
                 "<Message>words of AWS</Message></Error><RequestId>r-1"
                 "</RequestId></ErrorResponse>",
                 code);
  return answer_text(status, "Content-Type: text/xml\r\n", body);
}

#define JSON_HEADER "Content-Type: application/x-amz-json-1.1\r\n"

/* An error of a JSON service's. */
static inline const char *json_error(int status, const char *code)
{
  char body[256] = "";

  (void)snprintf(body, sizeof(body),
                 "{\"__type\":\"%s\",\"message\":\"words of AWS\"}", code);
  return answer_text(status, JSON_HEADER, body);
}

/* GetSecretValue's answer for SECRET_ARN; STRING is JSON inside its quotes. */
static inline const char *secret_answer(const char *string)
{
  char body[1024] = "";

  (void)snprintf(body, sizeof(body),
                 "{\"ARN\":\"" SECRET_ARN "\",\"Name\":\"prod/db\","
                 "\"VersionId\":\"11111111-2222-3333-4444-555555555555\","
                 "\"VersionStages\":[\"AWSCURRENT\"],"
                 "\"CreatedDate\":1.523477145713E9,\"SecretString\":\"%s\"}",
                 string);
  return answer_text(200, JSON_HEADER, body);
}

/* The metadata service's answers for a role "app" with KEY. */
static inline const char *imds_token(void)
{
  return answer_text(200, "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\n",
                     "canary-token==");
}

static inline const char *imds_keys(const char *key, const char *expiration)
{
  char body[512] = "";

  (void)snprintf(body, sizeof(body),
                 "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\","
                 "\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"canary-secret\","
                 "\"Token\":\"token-%s\",\"Expiration\":\"%s\"}",
                 key, key, expiration);
  return answer_text(200, "Content-Type: text/plain\r\n", body);
}

/* The request was signed with the access key KEY. */
static inline void assert_signed_by(const char *text, const char *key)
{
  char part[128] = "";

  (void)snprintf(part, sizeof(part), " Credential=%s/", key);
  assert_has(text, part);
}

#endif
