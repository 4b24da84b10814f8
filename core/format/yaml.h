/*
 * What the files of the format yaml share.
 */
#ifndef LUN_YAML_H
#define LUN_YAML_H

#include "yamltext.h"

#define YAML_DEPTH 64

enum yaml_at {
  LINE,      /* in the blanks at the start of a line */
  NODE,      /* where a node may begin */
  INDICATOR, /* behind a first - ? or :, not yet known to be a sign */
  PLAIN,
  SINGLE,
  SINGLE_QUOTE, /* behind a ' in SINGLE */
  DOUBLE,
  AFTER,    /* behind a node that has its own end */
  JUNK,     /* text in which no value can stand */
  PROPERTY, /* &anchor, !tag */
  ALIAS,
  COMMENT,
  DIRECTIVE,
  HEADER, /* the line of | or > */
  BLOCK   /* the lines below it */
};

/* A block scalar. */
struct yaml_block {
  int parent;     /* the column of the collection it is in; -1: none */
  int indent;     /* of its lines; -1: not known yet */
  bool given;     /* the template's header has the indent */
  char chomp;     /* the header's '-' or '+'; else '\0' */
  bool folded;    /* > */
  size_t header;  /* where the header begins in the output */
  bool line_done; /* behind the indentation of the line */
  bool content;   /* there was more than empty lines */
  bool text;      /* there was text of the template */
  bool needs_indent;
  bool line_owed; /* a value ended in a newline: no indentation yet */
  size_t values;
  size_t newlines; /* at the end of the last value, if nothing follows */
  size_t tail;     /* where that value ends in the output */
};

struct yaml {
  enum yaml_at at;
  enum yaml_at behind; /* what a comment in flow context stands behind */
  int column;          /* of the next character */

  int columns[YAML_DEPTH]; /* of the block collections that are open */
  size_t ncolumns;
  bool mapping[YAML_DEPTH]; /* the flow collections that are open */
  size_t flow;
  bool in_value; /* the node is a mapping's value, not its key */
  bool first;    /* the node is the first of its line */

  /* the node at hand */
  int node_column;
  bool has_property; /* it begins with a tag or anchor */
  size_t start;      /* in the output */
  size_t end;        /* without blanks behind it */
  size_t values;
  bool literal; /* it has text of the template */
  enum lun_value_kind kind;
  bool colon;      /* behind a ':', not yet known to be a sign */
  bool escaped;    /* in DOUBLE: behind a backslash */
  bool line_start; /* in quotes: only blanks since the newline */
  bool blank_end;  /* in quotes: a value's blank, then only blanks */

  /* a plain scalar that ended with its line: the next may go on with it */
  bool open_plain;
  bool open_values; /* it had values */
  bool marker;      /* then - or . at a line's start: --- or ... or a mistake */
  int open_parent;

  struct yaml_block block;
};

/* A node begins at the current place. */
void lun_yaml_start_node(lun_writer *writer, enum yaml_at at);

/* A key is over: its value is due. */
LUN_NODISCARD enum lun_code lun_yaml_end_key(lun_writer *writer,
                                             struct lun_error *err);

/* True if a line that begins here goes on with the plain scalar before it. */
bool lun_yaml_goes_on(const struct yaml *s);

/* yamlvalue.c: the format's `value`. */
LUN_NODISCARD enum lun_code lun_yaml_value(lun_writer *writer,
                                           enum lun_value_kind kind,
                                           struct lun_span bytes,
                                           struct lun_error *err);

/* yamlblock.c: at the newline behind the header. */
void lun_yaml_block_start(lun_writer *writer);

/*
 * Follows a literal character and writes it.  False if it ends the scalar:
 * the caller goes on with it, at the start of a line.
 */
bool lun_yaml_block_text(lun_writer *writer, char c);

/* A value; *INSIDE is false if its line belongs to the scalar no more. */
LUN_NODISCARD enum lun_code lun_yaml_block_value(lun_writer *writer,
                                                 enum lun_value_kind kind,
                                                 struct lun_span bytes,
                                                 bool *inside,
                                                 struct lun_error *err);

/* The output ends. */
LUN_NODISCARD enum lun_code lun_yaml_block_end(lun_writer *writer,
                                               struct lun_error *err);

#endif
