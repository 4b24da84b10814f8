/*
 * Open addressing with linear probing, never more than three quarters full.
 * Nothing is taken out: a thing that is gone stays as a slot that matches no
 * name.
 */
#include "index.h"

#include "../base/error.h"

#define FIRST_ROOM 64

struct lun_index_slot {
  uint32_t hash;
  uint32_t owner;
  uint32_t item; /* plus one; 0: the slot is free */
};

/* FNV-1a, of the owner's bytes and the name's. */
static uint32_t hash_of(uint32_t owner, struct lun_span name)
{
  uint32_t hash = UINT32_C(2166136261);
  size_t i = 0;

  for (i = 0; i < 4; i++)
    hash = (hash ^ (owner >> 8 * i & 0xFF)) * UINT32_C(16777619);
  for (i = 0; i < name.len; i++)
    hash = (hash ^ (unsigned char)name.ptr[i]) * UINT32_C(16777619);
  return hash;
}

static bool matches(const struct lun_index *index,
                    const struct lun_index_slot *slot, uint32_t hash,
                    uint32_t owner, struct lun_span name)
{
  const char *own = NULL;

  if (slot->hash != hash || slot->owner != owner)
    return false;
  own = index->name(index->data, owner, slot->item - 1);
  return own != NULL && lun_span_is(name, own);
}

uint32_t lun_index_find(const struct lun_index *index, uint32_t owner,
                        struct lun_span name)
{
  uint32_t hash = hash_of(owner, name);
  size_t at = hash;

  if (index->room == 0)
    return LUN_INDEX_NONE;
  for (;; at++) {
    const struct lun_index_slot *slot = &index->slots[at & (index->room - 1)];

    if (slot->item == 0)
      return LUN_INDEX_NONE;
    if (matches(index, slot, hash, owner, name))
      return slot->item - 1;
  }
}

/* Puts a slot where it belongs; there is room. */
static void put(struct lun_index_slot *slots, size_t room,
                struct lun_index_slot slot)
{
  size_t at = slot.hash;

  while (slots[at & (room - 1)].item != 0)
    at++;
  slots[at & (room - 1)] = slot;
}

static enum lun_code grow(struct lun_index *index, struct lun_error *err)
{
  size_t room = index->room == 0 ? FIRST_ROOM : 2 * index->room;
  struct lun_index_slot *slots = NULL;
  size_t i = 0;

  if (4 * (index->used + 1) <= 3 * index->room)
    return LUN_OK;
  slots = lun_mem_alloc(index->ctx, room * sizeof(*slots));
  if (slots == NULL)
    return lun_error_nomem(err);
  for (i = 0; i < index->room; i++)
    if (index->slots[i].item != 0)
      put(slots, room, index->slots[i]);
  lun_mem_free(index->ctx, index->slots);
  index->slots = slots;
  index->room = room;
  return LUN_OK;
}

enum lun_code lun_index_add(struct lun_index *index, uint32_t owner,
                            struct lun_span name, uint32_t item,
                            struct lun_error *err)
{
  enum lun_code rc = grow(index, err);

  if (rc)
    return rc;
  put(index->slots, index->room,
      (struct lun_index_slot){hash_of(owner, name), owner, item + 1});
  index->used++;
  return LUN_OK;
}

void lun_index_done(struct lun_index *index)
{
  lun_mem_free(index->ctx, index->slots);
  index->slots = NULL;
  index->room = 0;
  index->used = 0;
}
