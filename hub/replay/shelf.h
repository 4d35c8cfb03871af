// Reference sets from a folder of files, found by the SHA-256 of their bytes.
#pragma once

#include "hub/reference/reference.h"

struct shelf;

TOC_NODISCARD toc_rc shelf_open(const char *dir, struct shelf **out, struct toc_err *err); // NULL dir: empty
void shelf_close(struct shelf *shelf);
struct toc_reference_set *shelf_find(void *shelf, const struct toc_reference_use *use); // for toc_replay_conf
