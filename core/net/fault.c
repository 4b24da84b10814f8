#include "fault.h"

#include "../text/text.h"

enum {
  RETRY = 1,   /* another try may help */
  DETAIL = 2,  /* the detail says more than the text */
  SERVICE = 4, /* the service's fault, not the network's */
  CLOCK = 8    /* may well be this machine's clock */
};

struct row {
  const char *text;
  const char *hint;
  int flags;
};

#define CHANGED "something between here and AWS may have changed it"

/* A failed check of a certificate stays so: it is never tried again. */
static const struct row rows[] = {
    [LUN_FAULT_NONE] = {"", "", 0},
    [LUN_FAULT_OTHER] = {"the request failed", "", RETRY | DETAIL},
    [LUN_FAULT_RESOLVE] =
        {"the name cannot be resolved",
         "check the region and the endpoint's name, and that this machine "
         "resolves names (/etc/resolv.conf)",
         RETRY},
    [LUN_FAULT_CONNECT] =
        {"cannot connect",
         "check that the endpoint is right and that something listens there, "
         "and routes, security groups and firewalls on the way",
         RETRY | DETAIL},
    [LUN_FAULT_PROXY] =
        {"the proxy of HTTPS_PROXY does not let the request through",
         "check HTTPS_PROXY, and put into NO_PROXY what needs no proxy",
         RETRY | DETAIL},
    [LUN_FAULT_PROXY_NAME] =
        {"the proxy of HTTPS_PROXY does not let the request through: its name "
         "cannot be resolved, or it is no URL",
         "check HTTPS_PROXY, and put into NO_PROXY what needs no proxy", RETRY},
    [LUN_FAULT_SLOW_RESOLVE] =
        {"the name was not resolved in time",
         "check that this machine's name servers answer (/etc/resolv.conf)",
         RETRY},
    [LUN_FAULT_SLOW_CONNECT] =
        {"no connection in time",
         "something drops the packets: check routes, security groups and "
         "firewalls, and the VPC endpoint if there is one",
         RETRY},
    [LUN_FAULT_SLOW_TLS] = {"no TLS connection in time",
                            "check that it is an https endpoint", RETRY},
    [LUN_FAULT_SLOW_ANSWER] = {"no complete answer in time", "", RETRY},
    [LUN_FAULT_TLS] =
        {"no TLS connection",
         "check that it is an https endpoint that speaks TLS 1.2 or newer",
         DETAIL},
    [LUN_FAULT_TLS_LOST] = {"the connection was lost while TLS was set up", "",
                            RETRY | DETAIL},
    [LUN_FAULT_CERT_EXPIRED] = {"the certificate has expired", "", CLOCK},
    [LUN_FAULT_CERT_EARLY] = {"the certificate is not valid yet", "", CLOCK},
    [LUN_FAULT_CERT_NAME] =
        {"the certificate is for another host",
         "check the endpoint's name; something on the way may answer in its "
         "place",
         0},
    [LUN_FAULT_CERT_UNKNOWN] =
        {"the certificate is signed by nobody whom this machine trusts",
         "install the package ca-certificates, or name the CA's certificates "
         "in AWS_CA_BUNDLE",
         0},
    [LUN_FAULT_CERT] = {"the certificate is not accepted", "", DETAIL},
    [LUN_FAULT_CA] =
        {"the trusted certificates cannot be read",
         "AWS_CA_BUNDLE (in a profile: ca_bundle) names a file of PEM "
         "certificates, or a folder of them that `openssl rehash` made",
         DETAIL},
    [LUN_FAULT_LOST] = {"the connection was lost", "", RETRY | DETAIL},
    [LUN_FAULT_CUT] = {"the answer was cut off", "", RETRY},
    [LUN_FAULT_NO_LENGTH] =
        {"the answer does not say how long it is, so it may be cut off",
         CHANGED, RETRY},
    [LUN_FAULT_TWOFOLD] = {"the answer says two different lengths, or one that "
                           "is no number",
                           CHANGED, SERVICE},
    [LUN_FAULT_ENCODED] = {"the answer is compressed, which was not asked for",
                           CHANGED, SERVICE},
    [LUN_FAULT_TOO_LARGE] = {"the answer is too large", "", SERVICE},
    [LUN_FAULT_HEAD_TOO_LARGE] = {"the answer's header is too large", "",
                                  SERVICE},
    [LUN_FAULT_INTERIM] = {"interim answers without an end", "", SERVICE},
    [LUN_FAULT_NOT_HTTP] = {"the answer is not HTTP",
                            "check that the endpoint is right", SERVICE},
};

enum lun_fault lun_fault_framing(enum lun_framing framing)
{
  switch (framing) {
  case LUN_FRAMING_NONE: return LUN_FAULT_NO_LENGTH;
  case LUN_FRAMING_TWOFOLD: return LUN_FAULT_TWOFOLD;
  case LUN_FRAMING_ENCODED: return LUN_FAULT_ENCODED;
  default: return LUN_FAULT_NONE;
  }
}

/* OpenSSL's X509_V_ERR_*, of which libcurl hands on the number. */
enum {
  VERIFY_NOT_YET_VALID = 9,
  VERIFY_EXPIRED = 10,
  VERIFY_SELF_SIGNED = 18,
  VERIFY_SELF_SIGNED_IN_CHAIN = 19,
  VERIFY_NO_LOCAL_ISSUER = 20,
  VERIFY_NO_LEAF_ISSUER = 21
};

enum lun_fault lun_fault_cert(long verify_result, const char *problem)
{
  /* libcurl compares names itself, and has no number for that. */
  if (strstr(problem, "subject name") != NULL)
    return LUN_FAULT_CERT_NAME;
  switch (verify_result) {
  case VERIFY_NOT_YET_VALID: return LUN_FAULT_CERT_EARLY;
  case VERIFY_EXPIRED: return LUN_FAULT_CERT_EXPIRED;
  case VERIFY_SELF_SIGNED:
  case VERIFY_SELF_SIGNED_IN_CHAIN:
  case VERIFY_NO_LOCAL_ISSUER:
  case VERIFY_NO_LEAF_ISSUER: return LUN_FAULT_CERT_UNKNOWN;
  default: return LUN_FAULT_CERT;
  }
}

static void clock_hint(struct lun_error *err, const lun_ctx *ctx)
{
  struct lun_buf now = LUN_BUF_INIT(NULL, 64);

  lun_text_put_iso(&now, lun_clock_wall_ms(ctx) / 1000);
  lun_error_hint(err,
                 "this machine's clock says %s: set it if that is wrong, else "
                 "the certificate has to be renewed",
                 lun_buf_text(&now));
  lun_buf_done(&now);
}

enum lun_fault lun_fault_tls(const char *problem)
{
  return strstr(problem, "SSL_ERROR_SYSCALL") != NULL ||
                 strstr(problem, "reset by peer") != NULL
             ? LUN_FAULT_TLS_LOST
             : LUN_FAULT_TLS;
}

bool lun_fault_no_name(enum lun_fault fault)
{
  return fault == LUN_FAULT_RESOLVE || fault == LUN_FAULT_SLOW_RESOLVE ||
         fault == LUN_FAULT_PROXY_NAME;
}

enum lun_code lun_fault_set(struct lun_error *err, enum lun_fault fault,
                            const char *peer, const char *detail,
                            const lun_ctx *ctx)
{
  const struct row *row = &rows[fault];
  enum lun_code code = row->flags & SERVICE ? LUN_ESERVICE : LUN_ENETWORK;
  bool more = (row->flags & DETAIL) && detail[0] != '\0';

  if (fault == LUN_FAULT_NONE)
    return LUN_OK;
  (void)lun_error_set(err, code, "%s: %s%s%s", peer, row->text,
                      more ? ": " : "", more ? detail : "");
  if (row->flags & CLOCK)
    clock_hint(err, ctx);
  else
    lun_error_hint(err, "%s", row->hint);
  if (err != NULL)
    err->retryable = (row->flags & RETRY) != 0;
  return code;
}
