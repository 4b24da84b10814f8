/*
 * The XML of awsQuery answers, by expat: elements and their text; namespaces
 * and attributes are passed over.  No DTD, no entities but the five, at most
 * 32 levels.  All text lies in one wiped block, for it may hold credentials.
 */
#ifndef LUN_XML_H
#define LUN_XML_H

#include "text.h"

typedef struct lun_xml lun_xml;

LUN_NODISCARD enum lun_code lun_xml_parse(lun_xml **out, lun_ctx *ctx,
                                          struct lun_span text,
                                          const char *what,
                                          struct lun_error *err);
void lun_xml_free(lun_xml *xml);

/*
 * The text of the first element at PATH from the root's children, names
 * joined by '/': "AssumeRoleResult/Credentials/AccessKeyId".  False if it is
 * not there.  The root element's own name is lun_xml_root.
 */
bool lun_xml_find(const lun_xml *xml, const char *path, struct lun_span *out);
struct lun_span lun_xml_root(const lun_xml *xml);

#endif
