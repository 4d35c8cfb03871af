// What the objects of a bundle say of each other, kept while it is read: a graph of ids, bounded by
// TOC_STIX_CONTEXT_BYTES_MAX. What does not fit is left out and counted; it costs tags, relations and
// sightings, never a marking: a marking that cannot be looked up is unknown. Inside lib/stix only.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "schemas/types.h"

#define TOC_STIX_UNMARKED (-1)
#define TOC_STIX_UNKNOWN 100 // above every marking

struct toc_stix_node;

enum toc_stix_link_type {
    TOC_STIX_LINK_TAG,             // from has the tag of to
    TOC_STIX_LINK_REPORT,          // from is listed in to
    TOC_STIX_LINK_MARKING,         // from is marked with to
    TOC_STIX_LINK_RESOLVES_TO,     // from -> values of to
    TOC_STIX_LINK_DOWNLOADED_FROM, // likewise
};

struct toc_stix_link {
    struct toc_stix_link *next;
    struct toc_stix_node *to;
    enum toc_stix_link_type type;
    int marking; // of the relationship itself
};

struct toc_stix_value {
    enum toc_kind kind;
    struct toc_slice value; // canonical
};

enum toc_stix_node_flag {
    TOC_STIX_NODE_LEARNT = 1,  // the object itself was seen
    TOC_STIX_NODE_HELD = 2,    // an observed-data holds it, or a name resolves to it
    TOC_STIX_NODE_ROLE = 4,    // one end of traffic or mail
    TOC_STIX_NODE_DEFINES = 8, // a marking-definition: `defines` counts
};

struct toc_stix_node {
    uint8_t key[16]; // of its id
    struct toc_stix_node *next;
    struct toc_stix_link *links, *last;
    struct toc_stix_value *values;
    size_t value_count, link_count;
    struct toc_slice tag;     // a name as a tag
    struct toc_slice id, url; // of a report
    int marking, defines;     // stated, without links; -1: none
    unsigned flags;
};

struct toc_stix_context {
    struct toc_arena arena;
    struct toc_stix_node **buckets;
    size_t bucket_count, node_count;
    uint64_t lost;
};

void toc_stix_context_init(struct toc_stix_context *context);
void toc_stix_context_done(struct toc_stix_context *context);

// The node of an id; NULL when there is none, or (make) when there is no room.
struct toc_stix_node *toc_stix_node_find(struct toc_stix_context *context, struct toc_slice id);
struct toc_stix_node *toc_stix_node_make(struct toc_stix_context *context, struct toc_slice id);

void toc_stix_node_link(struct toc_stix_context *context, struct toc_stix_node *from,
        struct toc_stix_node *to, enum toc_stix_link_type type, int marking);

// A copy that lives as long as the context; .ptr is NULL and the loss counted when there is no room.
struct toc_slice toc_stix_context_copy(struct toc_stix_context *context, struct toc_slice s);

// What an object is marked: the highest of its refs, granular ones and labels. UNMARKED or UNKNOWN
// when so. With `remember`, ids not known yet become links of that node and count when asked for.
int toc_stix_stated(
        struct toc_stix_context *context, const json_t *object, struct toc_stix_node *remember);
int toc_stix_node_marking(const struct toc_stix_node *node);
