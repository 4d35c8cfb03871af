// A hash table of things that begin with an indicator's key. It holds pointers and owns nothing.
// Keys are SHA-256 cut short, so their own bytes are the hash; a sender who grinds keys into one place
// only makes his own look-ups slow.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/indicator/key.h"

struct toc_keymap {
    uint8_t **slots;    // each NULL, or something whose first TOC_KEY_BYTES bytes are its key
    size_t count, mask; // mask: slots - 1; 0 = none yet
};

// All zero is an empty map. Frees the table, not what it points at; twice is fine.
void toc_keymap_done(struct toc_keymap *map);

// NULL when there is none.
void *toc_keymap_get(const struct toc_keymap *map, const uint8_t key[TOC_KEY_BYTES]);
// The key must not be in it yet. MEMORY.
TOC_NODISCARD toc_rc toc_keymap_add(struct toc_keymap *map, void *item, struct toc_err *err);
// Nothing happens when it is not there.
void toc_keymap_remove(struct toc_keymap *map, const uint8_t key[TOC_KEY_BYTES]);

// Walks over all: start with *at = 0; NULL at the end. Add nothing meanwhile, and remove at most the
// item just returned, with --*at behind it: then some may be met twice, none is left out.
void *toc_keymap_next(const struct toc_keymap *map, size_t *at);
