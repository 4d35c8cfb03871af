// Free text made fit to leave: NFC (the hub has no tables of Unicode), one line, no control or
// invisible characters, cut at a character.
#pragma once

#include "lib/base/arena.h"
#include "lib/base/slice.h"

// In the arena; empty when there is no room.
struct toc_slice toc_clean_text(struct toc_slice raw, size_t max, struct toc_arena *arena);
