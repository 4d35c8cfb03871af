#include "lib/stix/context.h"

#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/stix/object.h"
#include "lib/stix/read.h"

#define FIRST_BUCKETS 1024
#define LINKS_MAX                                                                                  \
    64 // of one object: more than an observation can hold of tags, references, relations

void toc_stix_context_init(struct toc_stix_context *context)
{
    *context = (struct toc_stix_context){.buckets = NULL};
    toc_arena_init(&context->arena, TOC_STIX_CONTEXT_BYTES_MAX);
}

void toc_stix_context_done(struct toc_stix_context *context)
{
    toc_arena_done(&context->arena);
    toc_mem_free(context->buckets);
    *context = (struct toc_stix_context){.buckets = NULL};
}

static struct toc_stix_node **bucket(const struct toc_stix_context *context, const uint8_t key[16])
{
    size_t hash;
    memcpy(&hash, key, sizeof hash);
    return &context->buckets[hash & (context->bucket_count - 1)];
}

static void key_of(struct toc_slice id, uint8_t key[16])
{
    uint8_t digest[TOC_SHA256_BYTES];
    toc_sha256(id.ptr, id.len, digest);
    memcpy(key, digest, 16);
}

static struct toc_stix_node *find(const struct toc_stix_context *context, const uint8_t key[16])
{
    if (context->bucket_count == 0)
        return NULL;
    struct toc_stix_node *node = *bucket(context, key);
    while (node != NULL && memcmp(node->key, key, 16) != 0)
        node = node->next;
    return node;
}

// Twice as many buckets; false when there is no memory: the old ones stay.
static bool grow(struct toc_stix_context *context)
{
    struct toc_stix_context wide = *context;
    wide.bucket_count = context->bucket_count == 0 ? FIRST_BUCKETS : context->bucket_count * 2;
    wide.buckets = toc_mem_alloc(wide.bucket_count, sizeof(struct toc_stix_node *));
    if (wide.buckets == NULL)
        return false;
    for (size_t i = 0; i < context->bucket_count; i++) {
        for (struct toc_stix_node *node = context->buckets[i], *next; node != NULL; node = next) {
            next = node->next;
            struct toc_stix_node **head = bucket(&wide, node->key);
            node->next = *head;
            *head = node;
        }
    }
    toc_mem_free(context->buckets);
    *context = wide;
    return true;
}

struct toc_stix_node *toc_stix_node_find(struct toc_stix_context *context, struct toc_slice id)
{
    uint8_t key[16];
    key_of(id, key);
    return find(context, key);
}

struct toc_stix_node *toc_stix_node_make(struct toc_stix_context *context, struct toc_slice id)
{
    uint8_t key[16];
    key_of(id, key);
    struct toc_stix_node *node = find(context, key);
    if (node != NULL)
        return node;
    bool room = context->node_count < context->bucket_count || grow(context);
    node = room ? toc_arena_alloc(&context->arena, 1, sizeof *node) : NULL;
    if (node == NULL) {
        context->lost++;
        return NULL;
    }
    memcpy(node->key, key, sizeof node->key);
    node->marking = TOC_STIX_UNMARKED;
    struct toc_stix_node **head = bucket(context, key);
    node->next = *head;
    *head = node;
    context->node_count++;
    return node;
}

void toc_stix_node_link(struct toc_stix_context *context, struct toc_stix_node *from,
        struct toc_stix_node *to, enum toc_stix_link_type type, int marking)
{
    if (from == NULL || to == NULL)
        return; // counted where it was not made
    for (const struct toc_stix_link *link = from->links; link != NULL; link = link->next)
        if (link->to == to && link->type == type && link->marking <= marking)
            return;
    struct toc_stix_link *link =
            from->link_count < LINKS_MAX ? toc_arena_alloc(&context->arena, 1, sizeof *link) : NULL;
    if (link == NULL) {
        context->lost++;
        return;
    }
    *link = (struct toc_stix_link){NULL, to, type, marking};
    if (from->last == NULL)
        from->links = link;
    else
        from->last->next = link;
    from->last = link;
    from->link_count++;
}

struct toc_slice toc_stix_context_copy(struct toc_stix_context *context, struct toc_slice s)
{
    struct toc_slice copy = toc_arena_copy(&context->arena, s);
    context->lost += copy.ptr == NULL;
    return copy;
}

// ---- markings --------------------------------------------------------------------------------

static int higher(int a, int b)
{
    return a > b ? a : b;
}

static int defined(const struct toc_stix_node *definition)
{
    bool known = definition != NULL && (definition->flags & TOC_STIX_NODE_DEFINES) != 0;
    return known && definition->defines != -2 ? definition->defines : TOC_STIX_UNKNOWN;
}

static int one_marking(
        struct toc_stix_context *context, struct toc_slice id, struct toc_stix_node *remember)
{
    int known = toc_stix_marking_known(id);
    if (known != -2)
        return known;
    if (remember == NULL || id.ptr == NULL)
        return id.ptr == NULL ? TOC_STIX_UNKNOWN : defined(toc_stix_node_find(context, id));
    struct toc_stix_node *definition = toc_stix_node_make(context, id);
    uint64_t lost = context->lost;
    toc_stix_node_link(context, remember, definition, TOC_STIX_LINK_MARKING, 0);
    return definition == NULL || context->lost != lost ? TOC_STIX_UNKNOWN : TOC_STIX_UNMARKED;
}

int toc_stix_stated(
        struct toc_stix_context *context, const json_t *object, struct toc_stix_node *remember)
{
    const json_t *refs = json_object_get(object, "object_marking_refs");
    const json_t *granular = json_object_get(object, "granular_markings");
    const json_t *labels = json_object_get(object, "labels");
    int stated = TOC_STIX_UNMARKED;
    if ((refs != NULL && !json_is_array(refs)) || (granular != NULL && !json_is_array(granular)))
        return TOC_STIX_UNKNOWN;
    for (size_t i = 0; i < json_array_size(refs); i++) {
        const json_t *ref = json_array_get(refs, i);
        struct toc_slice id = toc_json_string(ref);
        stated = higher(stated, one_marking(context, id, remember));
    }
    for (size_t i = 0; i < json_array_size(granular); i++) {
        const json_t *one = json_array_get(granular, i);
        if (json_object_get(one, "lang") == NULL || json_object_get(one, "marking_ref") != NULL)
            stated = higher(
                    stated, one_marking(context, toc_json_text(one, "marking_ref"), remember));
    }
    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *label = json_array_get(labels, i);
        stated = higher(stated, toc_stix_label_marking(toc_json_string(label)));
    }
    return stated;
}

int toc_stix_node_marking(const struct toc_stix_node *node)
{
    int marking = node->marking;
    for (const struct toc_stix_link *link = node->links; link != NULL; link = link->next)
        if (link->type == TOC_STIX_LINK_MARKING)
            marking = higher(marking, defined(link->to));
    return marking;
}
