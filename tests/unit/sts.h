/*
 * What the tests of roles share: a token of an identity provider, a device
 * with codes, and what STS answers to them.
 */
#ifndef TEST_STS_H
#define TEST_STS_H

#include "aws.h"

/* ----------------------------------------------------------------- token -- */

static inline const char *token_file(void)
{
  static char path[96];

  (void)snprintf(path, sizeof(path), "%s/token", scene.home);
  return path;
}

static inline void set_token(const char *text)
{
  write_file(token_file(), text);
}

/* Before the scene ends, whose folder has to be empty then. */
static inline void drop_token(void)
{
  (void)unlink(token_file());
}

/* STS's answer for a web identity, as of AssumeRole. */
static inline const char *web_assumed(const char *account,
                                      const char *role_session, const char *key,
                                      const char *expiration)
{
  char body[1024] = "";

  (void)snprintf(
      body, sizeof(body),
      "<AssumeRoleWithWebIdentityResponse "
      "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<AssumeRoleWithWebIdentityResult><Audience>a</Audience>"
      "<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId>"
      "<Arn>arn:aws:sts::%s:assumed-role/%s</Arn></AssumedRoleUser>"
      "<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>canary-secret"
      "</SecretAccessKey><SessionToken>token-%s</SessionToken>"
      "<Expiration>%s</Expiration></Credentials>"
      "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
      account, role_session, key, key, expiration);
  return answer_text(200, "Content-Type: text/xml\r\n", body);
}

/* An error of STS's, with its words. */
static inline const char *sts_error_says(int status, const char *code,
                                         const char *message)
{
  char body[768] = "";

  (void)snprintf(body, sizeof(body),
                 "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code>"
                 "<Message>%s</Message></Error><RequestId>r-1</RequestId>"
                 "</ErrorResponse>",
                 code, message);
  return answer_text(status, "Content-Type: text/xml\r\n", body);
}

/* ---------------------------------------------------------------- device -- */

#define SERIAL "arn:aws:iam::111122223333:mfa/somebody"

struct device {
  const char *code;
  enum lun_code rc; /* what it fails with */
  const char *says; /* and how; NULL: it does not say */
  int asked;
  char serial[64]; /* the last that it was asked for */
};

static inline enum lun_code read_device(void *data, const char *serial,
                                        char *code, size_t size,
                                        struct lun_error *err)
{
  struct device *device = data;

  device->asked++;
  (void)snprintf(device->serial, sizeof(device->serial), "%s", serial);
  if (device->rc)
    return device->says == NULL
               ? device->rc
               : lun_error_set(err, device->rc, "%s", device->says);
  (void)snprintf(code, size, "%s", device->code);
  return LUN_OK;
}

#endif
