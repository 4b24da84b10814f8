#include "route.h"

/* The first of two variables that is set and not empty, or "". */
static const char *either(const char *name, const char *other)
{
  const char *value = secure_getenv(name);

  if (value == NULL || value[0] == '\0')
    value = secure_getenv(other);
  return value == NULL ? "" : value;
}

static enum lun_code refuse_plain(const char *peer, struct lun_error *err)
{
  (void)lun_error_set(err, LUN_EINVALID,
                      "%s: http without TLS is for this machine alone", peer);
  lun_error_hint(err, "make it an https endpoint, or one on 127.0.0.1");
  return LUN_EINVALID;
}

enum lun_code lun_route_find(struct lun_route *out, const char *url,
                             bool direct, struct lun_error *err)
{
  struct lun_uri uri = {.port = 0};
  enum lun_code rc = LUN_OK;

  rc = lun_uri_parse(&uri, lun_span_of(url), "the endpoint", err);
  if (rc)
    return rc;
  (void)snprintf(out->peer, sizeof(out->peer),
                 uri.ipv6 ? "[%.*s]:%d" : "%.*s:%d", (int)uri.host.len,
                 uri.host.ptr, uri.port);
  out->secure = uri.secure;
  out->proxy = "";
  out->except = "*";
  if (direct || lun_uri_loopback(&uri))
    return LUN_OK;
  if (!uri.secure)
    return refuse_plain(out->peer, err);
  if (!lun_uri_link_local(&uri)) {
    out->proxy = either("https_proxy", "HTTPS_PROXY");
    out->except = either("no_proxy", "NO_PROXY");
  }
  return LUN_OK;
}
