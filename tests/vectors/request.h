/*
 * HTTP requests as the signature suites write them: raw paths, folded
 * headers, "\n" at the end of a line.
 */
#ifndef LUN_VECTORS_REQUEST_H
#define LUN_VECTORS_REQUEST_H

#include "vectors.h"

#include "../../core/sign/sigv4.h"

#define REQUEST_HEADERS 64

struct raw_request {
  struct lun_buf text; /* what the spans point into */
  struct lun_header headers[REQUEST_HEADERS];
  struct lun_sigv4_request request;
};

/* False if the file is missing or is no request; the case failed then. */
bool read_request(struct raw_request *out, struct tally *tally,
                  const char *path, const char *name);
void request_done(struct raw_request *raw);

/* The value of a header, or of length 0. */
struct lun_span request_header(const struct lun_sigv4_request *request,
                               const char *name);

/* Takes out the headers of a name. */
void request_drop(struct raw_request *raw, const char *name);
void request_add(struct raw_request *raw, const char *name,
                 struct lun_span value);

/*
 * Appends a request so that two equal ones give equal bytes: parameters and
 * headers sorted, names of headers in lower case.
 */
void request_sorted(struct lun_buf *out,
                    const struct lun_sigv4_request *request);

#endif
