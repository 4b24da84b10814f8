/*
 * The INI dialect of AWS's config and credentials files, in the form that the
 * cross-SDK tests define (aws-behaviour.md section 1.4).  Pure: text in,
 * sections out.  Merging the two files is conf/files.
 */
#ifndef LUN_INI_H
#define LUN_INI_H

#include "text.h"

enum lun_ini_kind {
  LUN_INI_CONFIG,
  LUN_INI_CREDENTIALS
};

enum lun_ini_section_kind {
  LUN_INI_PROFILE,
  LUN_INI_SSO_SESSION,
  LUN_INI_SERVICES
};

struct lun_ini_property {
  char *key;   /* lower case */
  char *value; /* trimmed; continuation lines joined by '\n' */
  int line;    /* where it stands, from 1 */
  /* what stands below an empty value: "name = value", in order */
  struct lun_ini_property *subs;
  size_t nsubs;
};

struct lun_ini_section {
  enum lun_ini_section_kind kind;
  char *name;    /* "default", "dev" */
  bool prefixed; /* it was written [profile NAME] */
  int line;
  struct lun_ini_property *properties;
  size_t nproperties;
};

struct lun_ini {
  lun_ctx *ctx;
  struct lun_ini_section *sections; /* one for each kind and name */
  size_t nsections;
};

/*
 * Parses TEXT; NAME is the file's, for errors.  LUN_EINVALID says file and
 * line and what is wrong, and never quotes a value.
 */
LUN_NODISCARD enum lun_code
lun_ini_parse(struct lun_ini *out, lun_ctx *ctx, enum lun_ini_kind kind,
              struct lun_span text, const char *name, struct lun_error *err);
void lun_ini_done(struct lun_ini *ini);

const struct lun_ini_section *lun_ini_find(const struct lun_ini *ini,
                                           enum lun_ini_section_kind kind,
                                           const char *name);
/* NULL if it is not there; KEY is in lower case. */
const struct lun_ini_property *
lun_ini_get(const struct lun_ini_section *section, const char *key);
const char *lun_ini_sub(const struct lun_ini_property *property,
                        const char *name);

#endif
