// One object under way, from its JSON to the caller's sink: what may leave, what is refused, what other
// objects say of it. Inside lib/stix only.
#pragma once

#include "lib/stix/draft.h"
#include "lib/stix/reader.h"

struct toc_stix_job {
    struct toc_stix_reader *reader;
    const json_t *object;
    const struct toc_stix_sink *sink;
    struct toc_arena *arena;
    struct toc_err *err;
    struct toc_slice type, id;
    const struct toc_stix_node *node; // NULL: nothing was learnt of it
    enum toc_marking marking;
    struct toc_draft draft;
    size_t emitted, refused;
};

// `what` is text of ours, `name` may come from outside.
toc_rc toc_stix_refuse(struct toc_stix_job *job, enum toc_refusal refusal, const char *what,
        struct toc_slice name);
toc_rc toc_stix_refuse_property(struct toc_stix_job *job, const char *name);

// What counts for an object that states `stated`; false: refused (*why).
bool toc_stix_effective(const struct toc_stix_options *options, int stated, enum toc_marking *out,
        enum toc_refusal *why);

// It carries Tocsin's identity or tags (toc_stix_emit_* know our ids besides).
bool toc_stix_is_echo(const struct toc_stix_job *job);

// Adds what other objects say of the one of this node (NULL: nothing) to the draft.
void toc_stix_add_context(struct toc_stix_job *job, const struct toc_stix_node *node);

// The draft with a raw value.
toc_rc toc_stix_emit_raw(struct toc_stix_job *job, enum toc_kind kind, struct toc_slice raw);
// With all values of one cyber observable, each of a file with the others as the same file.
toc_rc toc_stix_emit_observable(struct toc_stix_job *job, const json_t *object);
// A sight of what another object of the bundle holds, at the stricter of the two markings and with
// what is said of that one.
toc_rc toc_stix_emit_held(
        struct toc_stix_job *job, const struct toc_stix_node *node, bool same_file);
