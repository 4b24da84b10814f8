/*
 * Where a request may go, and by which proxy: HTTPS_PROXY and NO_PROXY alone,
 * for https alone, and never for this machine or the link.  ALL_PROXY and
 * http_proxy would send the metadata service's token to another machine
 * (measured).
 */
#ifndef LUN_ROUTE_H
#define LUN_ROUTE_H

#include "../base/error.h"
#include "../text/uri.h"

struct lun_route {
  char peer[288]; /* "host:port", for messages */
  bool secure;
  const char *proxy;  /* "": none; the environment's */
  const char *except; /* hosts that need none, in libcurl's form */
};

/*
 * LUN_EINVALID for what is no URL, and for one of http that is neither this
 * machine's nor DIRECT, which also says that no proxy may be used.
 */
LUN_NODISCARD enum lun_code lun_route_find(struct lun_route *out,
                                           const char *url, bool direct,
                                           struct lun_error *err);

#endif
