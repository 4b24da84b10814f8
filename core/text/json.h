/*
 * A strict JSON scanner (RFC 8259).  It decodes nothing: it makes an array of
 * nodes that say where each value stands in the text, so that a secret can be
 * taken from there straight into protected memory, and a number keeps its
 * exact text.  The text is borrowed and has to outlive the document; nodes
 * hold positions, never bytes.
 */
#ifndef LUN_JSON_H
#define LUN_JSON_H

#include "../base/secret.h"
#include "jstring.h"
#include "text.h"

#define LUN_JSON_DEPTH 64      /* nesting; more is refused */
#define LUN_JSON_NODES 1000000 /* values and keys; more are refused */

enum lun_json_kind {
  LUN_JSON_NULL,
  LUN_JSON_FALSE,
  LUN_JSON_TRUE,
  LUN_JSON_NUMBER,
  LUN_JSON_STRING,
  LUN_JSON_ARRAY,
  LUN_JSON_OBJECT
};

/*
 * In document order; an object's children are key, value, key, value.  A
 * string's start and len are what stands between its quotes.
 */
struct lun_json_node {
  uint32_t start;
  uint32_t len;
  uint32_t next;  /* index behind this value and all that is in it */
  uint32_t count; /* elements of an array, members of an object */
  uint8_t kind;
  bool escaped; /* the string has escapes: it must be decoded */
};

/* Counted, immutable. */
struct lun_json {
  lun_ctx *ctx;
  int refs;
  size_t count;
  struct lun_json_node *nodes; /* the root is node 0 */
};

/*
 * Scans TEXT (at most 4 GiB).  Refuses what RFC 8259 refuses, invalid UTF-8,
 * lone surrogates, a byte order mark, anything behind the value.  LUN_EINVALID
 * names WHAT, the line and the column, never the bytes.  Duplicate keys pass
 * here: lun_json_member says what they mean.
 */
LUN_NODISCARD enum lun_code lun_json_parse(struct lun_json **out, lun_ctx *ctx,
                                           struct lun_span text,
                                           const char *what,
                                           struct lun_error *err);
struct lun_json *lun_json_ref(struct lun_json *json);
void lun_json_unref(struct lun_json *json);

/*
 * The value of the member KEY (decoded bytes) of the object at node OBJECT,
 * as a node index; 0 if there is none, or if it is no object (the root is
 * nobody's member).  Of two equal keys the last counts; *TWICE says so.
 */
size_t lun_json_member(const struct lun_json *json, struct lun_span text,
                       size_t object, struct lun_span key, bool *twice);

/* The element at INDEX (from 0) of the array at node ARRAY; 0 if none. */
size_t lun_json_element(const struct lun_json *json, size_t array,
                        size_t index);

/* What stands in TEXT for a node: a number's text, a string's raw inside. */
struct lun_span lun_json_raw(const struct lun_json *json, struct lun_span text,
                             size_t node);

/* Appends the decoded string of a string node (UTF-8), or a number's text. */
void lun_json_decode(struct lun_buf *out, const struct lun_json *json,
                     struct lun_span text, size_t node);

/*
 * The decoded string of a string node, or the text of a number, as a secret:
 * a part of SOURCE (whose bytes are TEXT) where there is nothing to decode,
 * else bytes of its own.
 */
LUN_NODISCARD enum lun_code lun_json_secret(lun_secret **out,
                                            const struct lun_json *json,
                                            lun_secret *source, size_t node,
                                            struct lun_error *err);

#endif
