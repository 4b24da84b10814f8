/*
 * What the fuzzers of credentials' documents share: the reader of them all,
 * and what has to hold of whatever it comes to.
 */
#ifndef FUZZ_CREDENTIALS_H
#define FUZZ_CREDENTIALS_H

#include "../../core/creds/document.c"
#include "../../core/text/text.c"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

/* A member of a good document, and its value as it stands there. */
struct member {
  const char *name;
  const char *value;
};

/*
 * The document to read: the input as it is, or, if its first byte is the
 * number of a member, a good document with the rest of the input as the value
 * of that one.
 */
static void make_document(struct lun_buf *out, const uint8_t *data, size_t size,
                          const struct member *members, size_t count)
{
  size_t i = 0;

  if (size == 0 || data[0] >= count) {
    lun_buf_add(out, data, size);
    return;
  }
  for (i = 0; i < count; i++) {
    lun_buf_addf(out, "%c\"%s\":", i == 0 ? '{' : ',', members[i].name);
    if (i == data[0])
      lun_buf_add(out, data + 1, size - 1);
    else
      lun_buf_adds(out, members[i].value);
  }
  lun_buf_addc(out, '}');
}

/* One line that cannot steer a terminal. */
static void must_be_line(const char *text)
{
  must(lun_text_is_utf8(lun_span_of(text)));
  for (; *text != '\0'; text++)
    must((unsigned char)*text >= ' ' && *text != '\x7f');
}

/* Either whole credentials or an error that says so. */
static void must_be_whole(enum lun_code rc, const struct lun_cred *cred,
                          const struct lun_error *err)
{
  if (rc == LUN_OK) {
    must(cred != NULL && cred->refs == 1);
    must(cred->access_key_id[0] != '\0');
    must(lun_text_word(lun_span_of(cred->access_key_id)));
    must(lun_secret_view(cred->secret_access_key).len > 0);
    must(lun_text_word(lun_secret_view(cred->secret_access_key)));
    must(lun_text_word(lun_secret_view(cred->session_token)));
    must(cred->expires_at >= 0);
    must(cred->account_id == NULL ||
         lun_text_of(lun_span_of(cred->account_id), ""));
  } else {
    must(rc == LUN_ECREDENTIALS && err->code == rc && cred == NULL);
    must(err->message[0] != '\0');
    must_be_line(err->message);
    must_be_line(err->hint);
  }
}

#endif
