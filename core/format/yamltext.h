/*
 * YAML's scalars, as the readers of YAML 1.1 and 1.2 read alike.  Private to
 * the format yaml.
 */
#ifndef LUN_YAMLTEXT_H
#define LUN_YAMLTEXT_H

#include "format.h"

#define LUN_YAML_KEY_MAX 1000 /* readers give up on keys beyond 1024 */

/* "TEXT" with its quotes, escaped where needed; TEXT is valid UTF-8. */
void lun_yaml_quote(struct lun_buf *out, struct lun_span text);

/*
 * The inside of a double-quoted scalar; blanks at the ends are escaped,
 * because line folding would eat them.
 */
void lun_yaml_escape(struct lun_buf *out, struct lun_span text);

/*
 * A JSON number in a form that YAML 1.1 takes for a number as well: 1e5
 * becomes 1.0e+5.  LUN_EINVALID for one that readers take for infinite.
 */
LUN_NODISCARD enum lun_code lun_yaml_number(struct lun_buf *out,
                                            struct lun_span text,
                                            struct lun_error *err);

/* The JSON text of an object or array as a flow collection. */
LUN_NODISCARD enum lun_code lun_yaml_flow(struct lun_buf *out, lun_ctx *ctx,
                                          struct lun_span text,
                                          struct lun_error *err);

/*
 * LUN_OK if every character of TEXT can stand unescaped WHERE; LUN_EINVALID
 * names the first kind that cannot.  Newlines only if NEWLINE_OK.
 */
LUN_NODISCARD enum lun_code lun_yaml_plain_chars(struct lun_span text,
                                                 bool newline_ok,
                                                 const char *where,
                                                 struct lun_error *err);

#endif
