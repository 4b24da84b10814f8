/*
 * Lambda counts calls that come back to the function they began in by a trace
 * id, which every call hands on (aws-behaviour.md section 5).  Pure.
 */
#ifndef LUN_RECURSION_H
#define LUN_RECURSION_H

#include "../base/buf.h"

/*
 * Appends the value of X-Amzn-Trace-Id.  False if there is to be none: in a
 * Lambda function both FUNCTION_NAME and TRACE_ID have a value, elsewhere one
 * of them is NULL or "".
 */
bool lun_recursion_header(struct lun_buf *out, const char *function_name,
                          const char *trace_id);

#endif
