// An observation under construction: lists that stop at the schema's limits, each item once, all text
// made safe. Inside lib/stix only.
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/indicator/limits.h"
#include "schemas/observation.h"

struct toc_draft {
    struct toc_observation obs;
    struct toc_arena *arena;
    struct toc_slice tags[TOC_OBSERVATION_TAGS_MAX];
    struct toc_relation relations[TOC_OBSERVATION_RELATIONS_MAX];
    struct toc_reference references[TOC_OBSERVATION_REFERENCES_MAX];
    bool full; // the arena is: what was built lacks something
};

// Starts from `base` (NULL: the schema's defaults). The draft must stay where it is.
void toc_draft_init(
        struct toc_draft *draft, const struct toc_observation *base, struct toc_arena *arena);

void toc_draft_tag(struct toc_draft *draft, struct toc_slice tag); // a valid tag; empty is ignored
// Texts of a JSON array as tags; markings ("tlp:green") are none.
void toc_draft_tags(struct toc_draft *draft, const json_t *texts);
void toc_draft_phases(struct toc_draft *draft, const json_t *phases); // kill_chain_phases

void toc_draft_relation(struct toc_draft *draft, enum toc_relation_type type, enum toc_kind kind,
        struct toc_slice value); // canonical; copied
// Raw texts. A URL that is none, or one longer than the schema allows, is left out; so is a reference
// with neither id nor URL.
void toc_draft_reference(struct toc_draft *draft, struct toc_slice source, struct toc_slice id,
        struct toc_slice url);
void toc_draft_references(struct toc_draft *draft, const json_t *references);
void toc_draft_description(struct toc_draft *draft, const json_t *object); // description, else name
