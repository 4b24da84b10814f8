/*
 * One UTF-8 sequence, decoded strictly.  It lies in base because an error's
 * text has to be valid as well; everyone else uses lun_text_utf8.
 */
#ifndef LUN_UTF8_H
#define LUN_UTF8_H

#include "base.h"

/*
 * The length (1 to 4) of the valid sequence at the start of TEXT, 0 if there
 * is none: no overlong form, no surrogate, nothing above U+10FFFF.  CODEPOINT
 * may be NULL.
 */
size_t lun_utf8(struct lun_span text, uint32_t *codepoint);

#endif
