/*
 * URLs are taken apart by hand and strictly: what this file and libcurl might
 * read differently (user information, a backslash, a blank) is refused, so
 * that the host that was checked is the host that is asked.
 */
#include "uri.h"

#include "../base/error.h"

#include <arpa/inet.h>

/* ------------------------------------------------------------- parsing -- */

/* Cuts TEXT before the first character of SET; gives what is behind it. */
static struct lun_span split(struct lun_span *text, const char *set)
{
  struct lun_span rest = {text->ptr, 0};
  size_t i = 0;

  while (i < text->len &&
         (text->ptr[i] == '\0' || strchr(set, text->ptr[i]) == NULL))
    i++;
  rest.ptr = text->ptr + i;
  rest.len = text->len - i;
  text->len = i;
  return rest;
}

static bool host_name(struct lun_span host)
{
  size_t i = 0;

  if (host.len == 0 || host.len > 255 || host.ptr[0] == '.')
    return false;
  for (i = 0; i < host.len; i++)
    if (!lun_text_alnum(host.ptr[i]) && strchr("-._", host.ptr[i]) == NULL)
      return false;
  return true;
}

static bool address_of(int family, struct lun_span host, unsigned char *out)
{
  char text[INET6_ADDRSTRLEN] = "";

  if (host.len >= sizeof(text) || memchr(host.ptr, '\0', host.len) != NULL)
    return false;
  memcpy(text, host.ptr, host.len);
  return inet_pton(family, text, out) == 1;
}

static bool host_ipv6(struct lun_span host)
{
  unsigned char bytes[16] = {0};

  return host.len > 0 && address_of(AF_INET6, host, bytes);
}

/* Host and port of AUTHORITY; NULL, or what is wrong with it. */
static const char *read_authority(struct lun_uri *uri,
                                  struct lun_span authority)
{
  struct lun_span port = {NULL, 0};
  int64_t number = 0;

  if (memchr(authority.ptr, '@', authority.len) != NULL)
    return "must not hold a user name or a password";
  if (authority.len > 0 && authority.ptr[0] == '[') {
    uri->ipv6 = true;
    uri->host = (struct lun_span){authority.ptr + 1, authority.len - 1};
    port = split(&uri->host, "]");
    if (port.len == 0 || !host_ipv6(uri->host))
      return "has no IPv6 address between its brackets";
    port.ptr++;
    port.len--;
  } else {
    uri->host = authority;
    port = split(&uri->host, ":");
    if (!host_name(uri->host))
      return "has no host name";
  }
  uri->port = uri->secure ? 443 : 80;
  if (port.len == 0)
    return NULL;
  uri->has_port = true;
  if (port.ptr[0] != ':' ||
      !lun_text_int((struct lun_span){port.ptr + 1, port.len - 1}, 1, 65535,
                    &number))
    return "has no port number from 1 to 65535 behind its colon";
  uri->port = (int)number;
  return NULL;
}

/* NULL, or what is wrong with URL. */
static const char *read_url(struct lun_uri *uri, struct lun_span url)
{
  struct lun_span rest = {NULL, 0};
  struct lun_span authority = {NULL, 0};
  size_t i = 0;

  if (url.len == 0)
    return "is empty";
  for (i = 0; i < url.len; i++)
    if ((unsigned char)url.ptr[i] <= 0x20 || url.ptr[i] == 0x7F)
      return "must not hold blanks or control characters";
  uri->scheme = url;
  rest = split(&uri->scheme, ":");
  uri->secure = lun_text_same(uri->scheme, LUN_SPAN_LIT("https"));
  if ((!uri->secure && !lun_text_same(uri->scheme, LUN_SPAN_LIT("http"))) ||
      !lun_text_prefix(rest, "://"))
    return "must begin with http:// or https://";
  if (memchr(rest.ptr, '#', rest.len) != NULL)
    return "must not hold a fragment (#)";
  authority = (struct lun_span){rest.ptr + 3, rest.len - 3};
  uri->path = split(&authority, "/?");
  uri->query = split(&uri->path, "?");
  if (uri->query.len > 0) {
    uri->query.ptr++;
    uri->query.len--;
  }
  return read_authority(uri, authority);
}

enum lun_code lun_uri_parse(struct lun_uri *out, struct lun_span url,
                            const char *what, struct lun_error *err)
{
  struct lun_uri uri = {.port = 0};
  const char *wrong = read_url(&uri, url);

  if (wrong != NULL)
    return lun_error_set(err, LUN_EINVALID, "%s is no usable URL: it %s", what,
                         wrong);
  *out = uri;
  return LUN_OK;
}

/* ------------------------------------------------------------ encoding -- */

static bool unreserved(char c)
{
  return lun_text_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

void lun_uri_encode(struct lun_buf *out, struct lun_span text, bool keep_slash)
{
  static const char digits[] = "0123456789ABCDEF";
  size_t i = 0;

  for (i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    char escape[3] = {'%', digits[c >> 4], digits[c & 15]};

    if (unreserved((char)c) || (keep_slash && c == '/'))
      lun_buf_addc(out, (char)c);
    else
      lun_buf_add(out, escape, sizeof(escape));
  }
}

int lun_uri_escape(struct lun_span text)
{
  int high =
      text.len >= 3 && text.ptr[0] == '%' ? lun_text_unhex(text.ptr[1]) : -1;
  int low = high >= 0 ? lun_text_unhex(text.ptr[2]) : -1;

  return low < 0 ? -1 : high * 16 + low;
}

bool lun_uri_decode(struct lun_buf *out, struct lun_span text)
{
  size_t i = 0;

  for (i = 0; i < text.len; i++) {
    struct lun_span rest = {text.ptr + i, text.len - i};
    int byte = lun_uri_escape(rest);

    if (byte < 0 && text.ptr[i] == '%')
      return false;
    lun_buf_addc(out, byte < 0 ? text.ptr[i] : (char)byte);
    if (byte >= 0)
      i += 2;
  }
  return true;
}

/* Drops the last segment of what OUT got since START, and its slash. */
static void drop_segment(struct lun_buf *out, size_t start)
{
  struct lun_span view = lun_buf_view(out);
  size_t len = view.len;

  while (len > start && view.ptr[len - 1] != '/')
    len--;
  lun_buf_cut(out, len > start ? len - 1 : start);
}

void lun_uri_normalize(struct lun_buf *out, struct lun_span path)
{
  size_t start = out->len;
  size_t i = 0;

  while (i < path.len) {
    struct lun_span segment = {path.ptr + i, path.len - i};

    (void)split(&segment, "/");
    i += segment.len + 1;
    if (segment.len == 0 || lun_span_is(segment, "."))
      continue;
    if (lun_span_is(segment, "..")) {
      drop_segment(out, start);
      continue;
    }
    lun_buf_addc(out, '/');
    lun_buf_add_span(out, segment);
  }
  if (out->len == start || path.ptr[path.len - 1] == '/')
    lun_buf_addc(out, '/');
}

/* -------------------------------------------------------------- places -- */

/*
 * The address that a host is, as 16 bytes (an IPv4 one in the mapped form);
 * false if it is a name.
 */
static bool literal(const struct lun_uri *uri, unsigned char out[16])
{
  static const unsigned char mapped[12] = {0, 0, 0, 0, 0,    0,
                                           0, 0, 0, 0, 0xFF, 0xFF};

  if (uri->ipv6)
    return address_of(AF_INET6, uri->host, out);
  memcpy(out, mapped, sizeof(mapped));
  return address_of(AF_INET, uri->host, out + 12);
}

static bool is_mapped(const unsigned char bytes[16])
{
  size_t i = 0;

  for (i = 0; i < 10; i++)
    if (bytes[i] != 0)
      return false;
  return bytes[10] == 0xFF && bytes[11] == 0xFF;
}

bool lun_uri_loopback(const struct lun_uri *uri)
{
  unsigned char bytes[16] = {0};
  size_t i = 0;

  if (!literal(uri, bytes))
    return lun_text_same(uri->host, LUN_SPAN_LIT("localhost"));
  if (is_mapped(bytes))
    return bytes[12] == 127;
  for (i = 0; i < 15; i++)
    if (bytes[i] != 0)
      return false;
  return bytes[15] == 1;
}

bool lun_uri_link_local(const struct lun_uri *uri)
{
  unsigned char bytes[16] = {0};

  if (!literal(uri, bytes))
    return false;
  if (is_mapped(bytes))
    return bytes[12] == 169 && bytes[13] == 254;
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80)
    return true;
  return bytes[0] == 0xFD && bytes[1] == 0 && bytes[2] == 0x0E &&
         bytes[3] == 0xC2;
}
