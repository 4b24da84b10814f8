/*
 * The distance is Levenshtein's with swapped neighbours as one edit, ASCII
 * case aside, over three rows.
 */
#include "near.h"

static size_t smaller(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Edits between A and B, both of at most LUN_NEAR_MAX bytes. */
static size_t distance(struct lun_span a, struct lun_span b)
{
  size_t rows[3][LUN_NEAR_MAX + 1] = {{0}};
  size_t i = 0;
  size_t j = 0;

  for (j = 0; j <= b.len; j++)
    rows[0][j] = j;
  for (i = 1; i <= a.len; i++) {
    size_t *row = rows[i % 3];
    const size_t *above = rows[(i - 1) % 3];
    const size_t *before = rows[(i + 1) % 3];

    row[0] = i;
    for (j = 1; j <= b.len; j++) {
      char ca = lun_text_lower(a.ptr[i - 1]);
      char cb = lun_text_lower(b.ptr[j - 1]);

      row[j] = smaller(above[j], row[j - 1]) + 1;
      row[j] = smaller(row[j], above[j - 1] + (ca != cb));
      if (i > 1 && j > 1 && ca == lun_text_lower(b.ptr[j - 2]) &&
          cb == lun_text_lower(a.ptr[i - 2]))
        row[j] = smaller(row[j], before[j - 2] + 1);
    }
  }
  return rows[a.len % 3][b.len];
}

void lun_near_init(struct lun_near *near, struct lun_span want)
{
  near->want = want;
  near->name = NULL;
  /* A third of the word may be wrong; of a very short one, one letter. */
  near->distance = want.len / 3 + (want.len < 3 ? 2 : 1);
}

void lun_near_try(struct lun_near *near, const char *name)
{
  struct lun_span span = lun_span_of(name);
  size_t edits = 0;

  if (near->want.len > LUN_NEAR_MAX || span.len > LUN_NEAR_MAX)
    return;
  edits = distance(near->want, span);
  if (edits >= near->distance)
    return;
  near->distance = edits;
  near->name = name;
}
