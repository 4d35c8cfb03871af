// What a subscriber keeps in its state directory, one set of files for each output, named by a digest
// of its path:
//   ID.lock    held by the process that writes the output
//   ID.state   what stands in it (toc_output_save); may lag a minute behind after a crash
//   ID.accept  a person accepts what the brake holds; taken, and removed, by the running process
// @locality one thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "consumers/runner/output.h"
#include "lib/base/err.h"

#define TOC_STORE_STATE_BYTES_MAX ((size_t)4 << 30)
#define TOC_STORE_ACCEPT_MS                                                                        \
    INT64_C(3600000) // an acceptance that nobody took within the hour is void

struct toc_store_slot;

// dir is made when it is not there. BUSY: another process writes this output.
TOC_NODISCARD toc_rc toc_store_take(const char *dir, const struct toc_output *output,
        struct toc_store_slot **out, struct toc_err *err);
void toc_store_drop(struct toc_store_slot *slot); // NULL is fine

// NOTFOUND: nothing saved, or for another subscription or sink, or the output's own file is gone, so that it
// begins anew; SYNTAX: damaged, likewise.
TOC_NODISCARD toc_rc toc_store_load(const struct toc_store_slot *slot, struct toc_output *output,
        struct toc_slice subscription, struct toc_fresh *fresh, struct toc_err *err);
TOC_NODISCARD toc_rc toc_store_save(const struct toc_store_slot *slot,
        const struct toc_output *output, struct toc_slice subscription,
        const struct toc_fresh *fresh, struct toc_err *err);

// True once for each acceptance.
bool toc_store_accepted(const struct toc_store_slot *slot, int64_t now_ms);
// Leaves an acceptance for every output of the directory; *out_count: how many there are.
TOC_NODISCARD toc_rc toc_store_accept_all(const char *dir, size_t *out_count, struct toc_err *err);
