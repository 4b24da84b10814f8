/*
 * Absolute URLs of http and https, taken apart (RFC 3986), and percent
 * encoding as AWS wants it: everything but A-Z a-z 0-9 - _ . ~ is encoded.
 */
#ifndef LUN_URI_H
#define LUN_URI_H

#include "text.h"

struct lun_uri {
  struct lun_span scheme; /* "http" or "https", as written */
  struct lun_span host;   /* without brackets */
  bool ipv6;              /* it stood in brackets */
  int port;               /* the scheme's own where none is given */
  bool has_port;
  struct lun_span path;  /* with its slash; empty if there is none */
  struct lun_span query; /* without the '?'; empty if there is none */
  bool secure;           /* https */
};

/*
 * Takes URL apart; spans point into it.  LUN_EINVALID names WHAT (a setting,
 * never the value) if it is no absolute http(s) URL, has user information, a
 * fragment, a blank, or a control character.
 */
LUN_NODISCARD enum lun_code lun_uri_parse(struct lun_uri *out,
                                          struct lun_span url, const char *what,
                                          struct lun_error *err);

/* Appends TEXT percent-encoded; KEEP_SLASH leaves '/' as it is. */
void lun_uri_encode(struct lun_buf *out, struct lun_span text, bool keep_slash);

/* Appends TEXT decoded; false for a broken escape. */
LUN_NODISCARD bool lun_uri_decode(struct lun_buf *out, struct lun_span text);

/*
 * The byte that the escape ("%2F") at the start of TEXT stands for, or -1 if
 * there is none.
 */
int lun_uri_escape(struct lun_span text);

/*
 * Appends a path without dot segments and double slashes, as all AWS SDKs do
 * it before they sign: other than RFC 3986, a path that ends in a dot segment
 * gets no slash for it.
 */
void lun_uri_normalize(struct lun_buf *out, struct lun_span path);

/* True for 127.0.0.0/8, ::1 and "localhost". */
bool lun_uri_loopback(const struct lun_uri *uri);

/* True for 169.254.0.0/16, fe80::/10 and fd00:ec2::/32 literals. */
bool lun_uri_link_local(const struct lun_uri *uri);

#endif
