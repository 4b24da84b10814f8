/*
 * Which certificates to trust.  OpenSSL reads a hashed folder certificate by
 * certificate as it needs them, and a bundle as a whole: 0.01 ms against
 * 36 ms (measured), the greater part of a short run.
 */
#ifndef LUN_TRUST_H
#define LUN_TRUST_H

#include "../base/error.h"

/* One of the two, or neither: what libcurl was built with. */
struct lun_trust {
  const char *file;
  const char *folder;
};

/*
 * Looks at what CA names, a bundle or a hashed folder; NULL is the system's
 * store.  LUN_ENETWORK names what cannot be used, for nothing else is trusted
 * in its place.  What CA points to is borrowed.
 */
LUN_NODISCARD enum lun_code
lun_trust_find(struct lun_trust *out, const char *ca, struct lun_error *err);

#endif
