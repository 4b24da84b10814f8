/*
 * An id of AWS's own passes as it is; anything else that might stand in the
 * variable is encoded, so that it cannot end the header.
 */
#include "recursion.h"

#include "../text/uri.h"

bool lun_recursion_header(struct lun_buf *out, const char *function_name,
                          const char *trace_id)
{
  const char *at = trace_id;

  if (function_name == NULL || function_name[0] == '\0' || trace_id == NULL ||
      trace_id[0] == '\0')
    return false;
  for (; *at != '\0'; at++)
    if (strchr("-=;:+&[]{}\"',", *at) != NULL)
      lun_buf_addc(out, *at);
    else
      lun_uri_encode(out, (struct lun_span){at, 1}, false);
  return true;
}
