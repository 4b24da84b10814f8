/*
 * expat parses; this file keeps a list of elements in document order, each
 * with its parent and its text.  Only elements without children keep their
 * text: what stands between children is layout.
 *
 * A document type declaration ends the parse at once, so that no entity is
 * ever declared and nothing can grow.
 */
#include "xml.h"

#include "../base/error.h"

#include <expat.h>
#include <limits.h>

#define DEPTH_MAX    32
#define ELEMENTS_MAX 100000
#define NO_PARENT    SIZE_MAX

struct element {
  size_t name; /* places in the text block */
  size_t name_len;
  size_t text;
  size_t text_len;
  size_t parent;
  size_t depth;  /* of the root: 0 */
  bool parental; /* it has children */
};

struct lun_xml {
  lun_ctx *ctx;
  char *block; /* names and texts */
  struct element *elements;
  size_t count;
};

struct builder {
  XML_Parser parser;
  lun_ctx *ctx;
  struct lun_buf block;
  struct element *elements;
  size_t count;
  size_t open[DEPTH_MAX]; /* the elements around this place */
  size_t depth;
  enum lun_code fail;
  const char *wrong;
};

/* -------------------------------------------------------------- handlers -- */

/* expat's own blocks may hold credentials as well: they are wiped, too. */
static void *expat_alloc(size_t size)
{
  return lun_mem_alloc(NULL, size);
}

static void *expat_resize(void *ptr, size_t size)
{
  return lun_mem_resize(NULL, ptr, size);
}

static void expat_free(void *ptr)
{
  lun_mem_free(NULL, ptr);
}

static void stop(struct builder *b, enum lun_code fail, const char *wrong)
{
  b->fail = fail;
  b->wrong = wrong;
  (void)XML_StopParser(b->parser, XML_FALSE);
}

static bool add_element(struct builder *b)
{
  struct element *grown = b->elements;

  if ((b->count & (b->count - 1)) == 0)
    grown = lun_mem_resize(b->ctx, b->elements,
                           (b->count == 0 ? 1 : 2 * b->count) * sizeof(*grown));
  if (grown == NULL)
    return false;
  b->elements = grown;
  grown[b->count++] = (struct element){.parent = NO_PARENT};
  return true;
}

static void XMLCALL on_start(void *data, const XML_Char *name,
                             const XML_Char **attributes)
{
  struct builder *b = data;
  const char *colon = strrchr(name, ':');
  const char *local = colon == NULL ? name : colon + 1;
  struct element *element = NULL;

  (void)attributes;
  if (b->fail != LUN_OK) /* expat may go on a little after a stop */
    return;
  if (b->depth == DEPTH_MAX) {
    stop(b, LUN_EINVALID, "the nesting is too deep");
    return;
  }
  if (b->count == ELEMENTS_MAX) {
    stop(b, LUN_EINVALID, "there are too many elements");
    return;
  }
  if (!add_element(b)) {
    stop(b, LUN_ENOMEM, "");
    return;
  }
  element = &b->elements[b->count - 1];
  if (b->depth > 0) {
    struct element *parent = NULL;

    element->parent = b->open[b->depth - 1];
    parent = &b->elements[element->parent];
    if (!parent->parental)
      lun_buf_cut(&b->block, parent->text); /* layout before a child */
    parent->parental = true;
  }
  element->depth = b->depth;
  element->name = b->block.len;
  element->name_len = strlen(local);
  lun_buf_adds(&b->block, local);
  element->text = b->block.len;
  b->open[b->depth++] = b->count - 1;
}

static void XMLCALL on_end(void *data, const XML_Char *name)
{
  struct builder *b = data;
  struct element *element = NULL;

  (void)name;
  if (b->fail != LUN_OK)
    return;
  element = &b->elements[b->open[--b->depth]];
  if (!element->parental)
    element->text_len = b->block.len - element->text;
}

static void XMLCALL on_text(void *data, const XML_Char *text, int len)
{
  struct builder *b = data;

  if (b->fail != LUN_OK)
    return;
  if (!b->elements[b->open[b->depth - 1]].parental)
    lun_buf_add(&b->block, text, (size_t)len);
  if (b->block.fail != LUN_OK)
    stop(b, b->block.fail, "the text is too long");
}

static void XMLCALL on_doctype(void *data, const XML_Char *name,
                               const XML_Char *system, const XML_Char *public,
                               int internal)
{
  (void)name;
  (void)system;
  (void)public;
  (void)internal;
  stop(data, LUN_EINVALID, "a document type declaration is not allowed");
}

/* -------------------------------------------------------------- parsing -- */

static enum lun_code explain(const struct builder *b, const char *what,
                             struct lun_error *err)
{
  const char *wrong = b->wrong;
  enum XML_Error code = XML_GetErrorCode(b->parser);

  if (b->fail == LUN_ENOMEM || code == XML_ERROR_NO_MEMORY)
    return lun_error_nomem(err);
  if (wrong == NULL)
    wrong = XML_ErrorString(code);
  return lun_error_set(
      err, LUN_EINVALID, "%s is no valid XML: line %lu, column %lu: %s", what,
      (unsigned long)XML_GetCurrentLineNumber(b->parser),
      (unsigned long)XML_GetCurrentColumnNumber(b->parser) + 1, wrong);
}

static enum lun_code build(struct builder *b, struct lun_span text,
                           const char *what, struct lun_error *err)
{
  static const XML_Memory_Handling_Suite memory = {expat_alloc, expat_resize,
                                                   expat_free};

  b->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
  if (b->parser == NULL)
    return lun_error_nomem(err);
  if (text.len > INT_MAX)
    return lun_error_set(err, LUN_EINVALID, "%s is too long", what);
  XML_SetUserData(b->parser, b);
  XML_SetElementHandler(b->parser, on_start, on_end);
  XML_SetCharacterDataHandler(b->parser, on_text);
  XML_SetStartDoctypeDeclHandler(b->parser, on_doctype);
  if (XML_Parse(b->parser, text.len == 0 ? "" : text.ptr, (int)text.len,
                XML_TRUE) != XML_STATUS_OK)
    return explain(b, what, err);
  return lun_buf_status(&b->block, what, err);
}

enum lun_code lun_xml_parse(lun_xml **out, lun_ctx *ctx, struct lun_span text,
                            const char *what, struct lun_error *err)
{
  enum lun_code rc = LUN_OK;
  lun_xml *xml = NULL;
  struct builder b = {
      .ctx = ctx,
      /* UTF-8 of what may be Latin-1: at most twice as long. */
      .block = LUN_BUF_INIT(ctx, 2 * text.len),
  };

  rc = build(&b, text, what, err);
  if (rc)
    goto done;
  xml = lun_mem_alloc(ctx, sizeof(*xml));
  if (xml == NULL) {
    rc = lun_error_nomem(err);
    goto done;
  }
  xml->ctx = ctx;
  xml->elements = b.elements;
  xml->count = b.count;
  b.elements = NULL;
  xml->block = lun_buf_take(&b.block, NULL);
  if (xml->block == NULL) {
    rc = lun_error_nomem(err);
    goto done;
  }
  *out = xml;
  xml = NULL;
done:
  if (b.parser != NULL)
    XML_ParserFree(b.parser);
  lun_buf_done(&b.block);
  lun_mem_free(ctx, b.elements);
  lun_xml_free(xml);
  return rc;
}

void lun_xml_free(lun_xml *xml)
{
  if (xml == NULL)
    return;
  lun_mem_free(xml->ctx, xml->block);
  lun_mem_free(xml->ctx, xml->elements);
  lun_mem_free(xml->ctx, xml);
}

/* -------------------------------------------------------------- looking -- */

static struct lun_span name_of(const lun_xml *xml,
                               const struct element *element)
{
  return (struct lun_span){xml->block + element->name, element->name_len};
}

/* The number of names in PATH. */
static size_t path_depth(const char *path)
{
  size_t depth = 1;

  for (; *path != '\0'; path++)
    depth += *path == '/';
  return depth;
}

/* True if the names from the root's child down to ELEMENT are PATH. */
static bool at_path(const lun_xml *xml, const struct element *element,
                    struct lun_span path)
{
  for (;;) {
    struct lun_span name = path;

    while (name.len > 0 && path.ptr[name.len - 1] != '/')
      name.len--;
    name = (struct lun_span){path.ptr + name.len, path.len - name.len};
    if (!lun_span_same(name, name_of(xml, element)))
      return false;
    if (name.len == path.len)
      return element->depth == 1;
    path.len -= name.len + 1;
    if (element->parent == NO_PARENT)
      return false;
    element = &xml->elements[element->parent];
  }
}

bool lun_xml_find(const lun_xml *xml, const char *path, struct lun_span *out)
{
  size_t depth = path_depth(path);
  size_t i = 0;

  for (i = 0; i < xml->count; i++) {
    const struct element *element = &xml->elements[i];

    if (element->depth != depth || !at_path(xml, element, lun_span_of(path)))
      continue;
    *out = (struct lun_span){xml->block + element->text, element->text_len};
    return true;
  }
  return false;
}

struct lun_span lun_xml_root(const lun_xml *xml)
{
  return name_of(xml, &xml->elements[0]);
}
