/*
 * One pass over the lines, with the place that a continuation line would
 * belong to kept at hand: the open section, the open property and its value
 * so far.  What the dialect drops in silence (a section or a property with
 * an odd name) is read like the rest, for its mistakes are mistakes as well;
 * only nothing is kept of it.
 *
 * The wording of the errors is that of the other SDKs, so that a search for
 * it finds their explanations too.
 */
#include "ini.h"

#include "../base/error.h"
#include "index.h"

/* More than any file has that somebody wrote. */
#define LINE_MAX_BYTES ((size_t)64 << 10)
#define SECTIONS_MAX   10000
#define PROPERTIES_MAX 1000

/* Who a name belongs to, for the index: a kind of section has sections, and a
 * section has properties. */
#define OWNER_OF(section) ((uint32_t)LUN_INI_SERVICES + 1 + (uint32_t)(section))

struct parser {
  struct lun_ini ini;
  struct lun_index index; /* of the sections and of all their properties */
  enum lun_ini_kind kind;
  const char *name; /* of the file, for errors */
  int line;
  struct lun_error *err;
  bool in_section;      /* a header has been seen */
  size_t section;       /* the open one, if it is kept */
  bool section_kept;    /* it is in ini.sections */
  bool in_property;     /* a continuation line would belong to one */
  bool property_nested; /* its value is empty: sub-properties follow */
  struct lun_ini_property property; /* the open one; its value is in VALUE */
  struct lun_buf value;
};

/* ------------------------------------------------------------ releasing -- */

static void free_property(lun_ctx *ctx, struct lun_ini_property *property)
{
  size_t i = 0;

  for (i = 0; i < property->nsubs; i++) {
    lun_mem_free(ctx, property->subs[i].key);
    lun_mem_free(ctx, property->subs[i].value);
  }
  lun_mem_free(ctx, property->subs);
  lun_mem_free(ctx, property->key);
  lun_mem_free(ctx, property->value);
  *property = (struct lun_ini_property){.key = NULL};
}

static void empty_section(lun_ctx *ctx, struct lun_ini_section *section)
{
  size_t i = 0;

  for (i = 0; i < section->nproperties; i++)
    free_property(ctx, &section->properties[i]);
  lun_mem_free(ctx, section->properties);
  section->properties = NULL;
  section->nproperties = 0;
}

void lun_ini_done(struct lun_ini *ini)
{
  size_t i = 0;

  for (i = 0; i < ini->nsections; i++) {
    empty_section(ini->ctx, &ini->sections[i]);
    lun_mem_free(ini->ctx, ini->sections[i].name);
  }
  lun_mem_free(ini->ctx, ini->sections);
  *ini = (struct lun_ini){.ctx = ini->ctx};
}

/* -------------------------------------------------------------- helpers -- */

static enum lun_code refuse(struct parser *p, const char *wrong)
{
  return lun_error_set(p->err, LUN_EINVALID, "%s:%d: %s", p->name, p->line,
                       wrong);
}

/* What the index asks for. */
static const char *name_of(const void *data, uint32_t owner, uint32_t item)
{
  const struct lun_ini *ini = &((const struct parser *)data)->ini;
  const struct lun_ini_section *section = NULL;

  if (owner < OWNER_OF(0))
    return ini->sections[item].name;
  section = &ini->sections[owner - OWNER_OF(0)];
  return item < section->nproperties ? section->properties[item].key : NULL;
}

static bool comment_mark(char c)
{
  return c == '#' || c == ';';
}

/* LINE without the comment at its end, which may need a blank before it. */
static struct lun_span strip_comment(struct lun_span line, bool after_blank)
{
  size_t i = 0;

  line = lun_text_trim_blank(line);
  for (i = 0; i < line.len; i++)
    if (comment_mark(line.ptr[i]) &&
        (!after_blank || (i > 0 && lun_text_blank(line.ptr[i - 1])))) {
      line.len = i;
      break;
    }
  return lun_text_trim_blank(line);
}

/* True if all characters may stand in the name of a profile or a property. */
static bool plain_name(struct lun_span name)
{
  return lun_text_of(name, "-_/.%@:+");
}

/* Room for one more of ITEMS, which grow by doubling; NULL: no memory. */
static void *grow(lun_ctx *ctx, void *items, size_t count, size_t size)
{
  if ((count & (count - 1)) != 0)
    return items;
  return lun_mem_resize(ctx, items, (count == 0 ? 1 : 2 * count) * size);
}

static char *copy_lower(lun_ctx *ctx, struct lun_span text)
{
  char *copy = lun_mem_copy(ctx, text.ptr, text.len);
  size_t i = 0;

  for (i = 0; copy != NULL && i < text.len; i++)
    copy[i] = lun_text_lower(copy[i]);
  return copy;
}

/* ----------------------------------------------------------- properties -- */

/* "key = value": NULL, or what is wrong, in the words for SUB or not. */
static const char *split_property(struct lun_span line, bool sub,
                                  struct lun_span *key, struct lun_span *value)
{
  const char *equals = NULL;

  line = strip_comment(line, true);
  equals = line.len == 0 ? NULL : memchr(line.ptr, '=', line.len);
  if (equals == NULL)
    return sub ? "Expected an '=' sign defining a sub-property"
               : "Expected an '=' sign defining a property";
  key->ptr = line.ptr;
  key->len = (size_t)(equals - line.ptr);
  value->ptr = equals + 1;
  value->len = line.len - key->len - 1;
  *key = lun_text_trim_blank(*key);
  *value = lun_text_trim_blank(*value);
  if (key->len == 0)
    return sub ? "Sub-property did not have a name"
               : "Property did not have a name";
  return NULL;
}

/* A new property of the open section, still empty, in *OUT. */
static enum lun_code add_property(struct parser *p, struct lun_span key,
                                  struct lun_ini_property **out)
{
  struct lun_ini_section *section = &p->ini.sections[p->section];
  size_t count = section->nproperties;
  struct lun_ini_property *grown = NULL;
  enum lun_code rc = LUN_OK;

  if (count == PROPERTIES_MAX)
    return refuse(p, "Too many properties in one section");
  grown = grow(p->ini.ctx, section->properties, count, sizeof(*grown));
  if (grown == NULL)
    return lun_error_nomem(p->err);
  section->properties = grown;
  rc = lun_index_add(&p->index, OWNER_OF(p->section), key, (uint32_t)count,
                     p->err);
  if (rc)
    return rc;
  section->nproperties++;
  grown[count] = (struct lun_ini_property){.key = NULL};
  *out = &grown[count];
  return LUN_OK;
}

/* Puts the open property, its value complete, into the open section. */
static enum lun_code store_property(struct parser *p)
{
  struct lun_ini_section *section = &p->ini.sections[p->section];
  struct lun_span key = lun_span_of(p->property.key);
  uint32_t at = lun_index_find(&p->index, OWNER_OF(p->section), key);
  struct lun_ini_property *slot = NULL;
  enum lun_code rc = LUN_OK;

  if (at == LUN_INDEX_NONE)
    rc = add_property(p, key, &slot);
  else
    slot = &section->properties[at];
  if (rc)
    return rc;
  free_property(p->ini.ctx, slot);
  *slot = p->property;
  p->property = (struct lun_ini_property){.key = NULL};
  return LUN_OK;
}

/* Ends the open property, if there is one. */
static enum lun_code close_property(struct parser *p)
{
  enum lun_code rc = LUN_OK;

  p->in_property = false;
  if (p->property.key == NULL) /* dropped, or none is open */
    return LUN_OK;
  rc = lun_buf_status(&p->value, "a value", p->err);
  if (rc)
    return rc;
  p->property.value = lun_buf_take(&p->value, NULL);
  if (p->property.value == NULL)
    return lun_error_nomem(p->err);
  return store_property(p);
}

static enum lun_code read_property(struct parser *p, struct lun_span line)
{
  enum lun_code rc = close_property(p);
  struct lun_span key = {NULL, 0};
  struct lun_span value = {NULL, 0};
  const char *wrong = NULL;

  if (rc)
    return rc;
  if (!p->in_section)
    return refuse(p, "Expected a profile definition");
  wrong = split_property(line, false, &key, &value);
  if (wrong != NULL)
    return refuse(p, wrong);
  p->in_property = true;
  p->property_nested = value.len == 0;
  if (!p->section_kept || !plain_name(key))
    return LUN_OK;
  p->property.line = p->line;
  p->property.key = copy_lower(p->ini.ctx, key);
  if (p->property.key == NULL)
    return lun_error_nomem(p->err);
  lun_buf_add_span(&p->value, value);
  return LUN_OK;
}

static enum lun_code add_sub(struct parser *p, struct lun_span key,
                             struct lun_span value)
{
  struct lun_ini_property *property = &p->property;
  struct lun_ini_property *grown = NULL;
  struct lun_ini_property *sub = NULL;

  if (property->nsubs == PROPERTIES_MAX)
    return refuse(p, "Too many sub-properties in one property");
  grown = grow(p->ini.ctx, property->subs, property->nsubs, sizeof(*grown));
  if (grown == NULL)
    return lun_error_nomem(p->err);
  property->subs = grown;
  sub = &grown[property->nsubs++];
  *sub = (struct lun_ini_property){.line = p->line};
  sub->key = copy_lower(p->ini.ctx, key);
  sub->value = lun_mem_copy(p->ini.ctx, value.ptr, value.len);
  if (sub->key == NULL || sub->value == NULL)
    return lun_error_nomem(p->err);
  return LUN_OK;
}

/* A line that begins with a blank. */
static enum lun_code read_continuation(struct parser *p, struct lun_span line)
{
  enum lun_code rc = LUN_OK;
  struct lun_span text = lun_text_trim_blank(line);
  struct lun_span key = {NULL, 0};
  struct lun_span value = {NULL, 0};
  const char *wrong = NULL;

  /* Where only an error could follow, an indented comment is a comment. */
  if (comment_mark(text.ptr[0]) && (!p->in_property || p->property_nested))
    return LUN_OK;
  if (!p->in_section)
    return refuse(p, "Expected a profile definition");
  if (!p->in_property)
    return refuse(p, "Expected a property definition, found continuation");
  if (p->property_nested) {
    wrong = split_property(line, true, &key, &value);
    if (wrong != NULL)
      return refuse(p, wrong);
    if (p->property.key != NULL)
      rc = add_sub(p, key, value);
  }
  if (p->property.key != NULL) {
    lun_buf_addc(&p->value, '\n');
    lun_buf_add_span(&p->value, text);
  }
  return rc;
}

/* ------------------------------------------------------------- sections -- */

/* Takes the first word off TEXT; what is left is trimmed. */
static struct lun_span first_word(struct lun_span *text)
{
  struct lun_span word = {text->ptr, 0};

  while (word.len < text->len && !lun_text_blank(word.ptr[word.len]))
    word.len++;
  text->ptr += word.len;
  text->len -= word.len;
  *text = lun_text_trim_blank(*text);
  return word;
}

/*
 * What the header INSIDE its brackets names, into HEADER, whose name still
 * lies in the text; false for a section that is to be dropped.
 */
static bool read_header(enum lun_ini_kind kind, struct lun_span inside,
                        struct lun_ini_section *header, struct lun_span *name)
{
  struct lun_span rest = lun_text_trim_blank(inside);
  struct lun_span word = first_word(&rest);

  header->kind = LUN_INI_PROFILE;
  header->prefixed = rest.len > 0;
  *name = header->prefixed ? rest : word;
  if (!plain_name(*name))
    return false;
  if (kind == LUN_INI_CREDENTIALS)
    return !header->prefixed;
  if (!header->prefixed)
    return lun_span_is(word, "default");
  if (lun_span_is(word, "sso-session"))
    header->kind = LUN_INI_SSO_SESSION;
  else if (lun_span_is(word, "services"))
    header->kind = LUN_INI_SERVICES;
  else
    return lun_span_is(word, "profile");
  return true;
}

/* Appends a section; it becomes the open one. */
static enum lun_code add_section(struct parser *p,
                                 const struct lun_ini_section *header,
                                 struct lun_span name)
{
  struct lun_ini *ini = &p->ini;
  struct lun_ini_section *grown = NULL;
  enum lun_code rc = LUN_OK;
  char *copy = NULL;

  if (ini->nsections == SECTIONS_MAX)
    return refuse(p, "Too many sections in one file");
  grown = grow(ini->ctx, ini->sections, ini->nsections, sizeof(*grown));
  if (grown == NULL)
    return lun_error_nomem(p->err);
  ini->sections = grown;
  rc = lun_index_add(&p->index, header->kind, name, (uint32_t)ini->nsections,
                     p->err);
  if (rc)
    return rc;
  copy = lun_mem_copy(ini->ctx, name.ptr, name.len);
  if (copy == NULL)
    return lun_error_nomem(p->err);
  grown[ini->nsections] = *header;
  grown[ini->nsections].name = copy;
  grown[ini->nsections].line = p->line;
  p->section = ini->nsections++;
  p->section_kept = true;
  return LUN_OK;
}

/* Opens the section again that is there already. */
static void reopen_section(struct parser *p, size_t index, bool prefixed)
{
  struct lun_ini_section *section = &p->ini.sections[index];

  /* [profile default] silences [default], wherever it stands. */
  if (section->prefixed && !prefixed)
    return;
  if (prefixed && !section->prefixed) {
    empty_section(p->ini.ctx, section);
    section->prefixed = true;
    section->line = p->line;
  }
  p->section = index;
  p->section_kept = true;
}

static enum lun_code read_section(struct parser *p, struct lun_span line)
{
  enum lun_code rc = close_property(p);
  struct lun_ini_section header = {.kind = LUN_INI_PROFILE};
  struct lun_span name = {NULL, 0};
  uint32_t at = LUN_INDEX_NONE;

  if (rc)
    return rc;
  line = strip_comment(line, false);
  if (line.ptr[line.len - 1] != ']')
    return refuse(p, "Profile definition must end with ']'");
  line = (struct lun_span){line.ptr + 1, line.len - 2};
  p->in_section = true;
  p->section_kept = false;
  if (!read_header(p->kind, line, &header, &name))
    return LUN_OK;
  at = lun_index_find(&p->index, header.kind, name);
  if (at == LUN_INDEX_NONE)
    return add_section(p, &header, name);
  reopen_section(p, at, header.prefixed);
  return LUN_OK;
}

/* -------------------------------------------------------------- parsing -- */

static enum lun_code read_line(struct parser *p, struct lun_span line)
{
  if (line.len > 0 && line.ptr[line.len - 1] == '\r')
    line.len--;
  if (line.len > LINE_MAX_BYTES)
    return refuse(p, "The line is longer than 64 KiB");
  if (line.len > 0 && memchr(line.ptr, '\0', line.len) != NULL)
    return refuse(p, "A NUL byte cannot be in a configuration file");
  if (lun_text_trim_blank(line).len == 0 || comment_mark(line.ptr[0]))
    return LUN_OK;
  if (line.ptr[0] == '[')
    return read_section(p, line);
  if (lun_text_blank(line.ptr[0]))
    return read_continuation(p, line);
  return read_property(p, line);
}

enum lun_code lun_ini_parse(struct lun_ini *out, lun_ctx *ctx,
                            enum lun_ini_kind kind, struct lun_span text,
                            const char *name, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  struct parser p = {
      .ini = {.ctx = ctx},
      .index = {.ctx = ctx, .name = name_of, .data = &p},
      .kind = kind,
      .name = name,
      .err = err,
      .value = LUN_BUF_INIT(ctx, text.len),
  };

  if (lun_text_prefix(text, "\xEF\xBB\xBF")) { /* left by some editors */
    text.ptr += 3;
    text.len -= 3;
  }
  while (rc == LUN_OK && text.len > 0) {
    const char *end = memchr(text.ptr, '\n', text.len);
    struct lun_span line = {text.ptr, text.len};
    size_t used = text.len;

    if (end != NULL) {
      line.len = (size_t)(end - text.ptr);
      used = line.len + 1;
    }
    p.line++;
    rc = read_line(&p, line);
    text.ptr += used;
    text.len -= used;
  }
  if (rc == LUN_OK)
    rc = close_property(&p);
  if (rc == LUN_OK) {
    *out = p.ini;
    p.ini = (struct lun_ini){.ctx = ctx};
  }
  free_property(ctx, &p.property);
  lun_buf_done(&p.value);
  lun_index_done(&p.index);
  lun_ini_done(&p.ini);
  return rc;
}

/* -------------------------------------------------------------- looking -- */

const struct lun_ini_section *lun_ini_find(const struct lun_ini *ini,
                                           enum lun_ini_section_kind kind,
                                           const char *name)
{
  size_t i = 0;

  for (i = 0; i < ini->nsections; i++)
    if (ini->sections[i].kind == kind &&
        strcmp(ini->sections[i].name, name) == 0)
      return &ini->sections[i];
  return NULL;
}

/* The last of equal keys counts. */
static const struct lun_ini_property *
find_property(const struct lun_ini_property *items, size_t count,
              const char *key)
{
  while (count-- > 0)
    if (strcmp(items[count].key, key) == 0)
      return &items[count];
  return NULL;
}

const struct lun_ini_property *
lun_ini_get(const struct lun_ini_section *section, const char *key)
{
  if (section == NULL)
    return NULL;
  return find_property(section->properties, section->nproperties, key);
}

const char *lun_ini_sub(const struct lun_ini_property *property,
                        const char *name)
{
  const struct lun_ini_property *sub = NULL;

  if (property != NULL)
    sub = find_property(property->subs, property->nsubs, name);
  return sub == NULL ? NULL : sub->value;
}
