#include "hub/correlate/list.h"

#include <string.h>

#include "hub/correlate/sum.h"
#include "lib/base/digest.h"
#include "lib/indicator/limits.h"

#define WAYS 16u
// An inner node with no more than this below becomes a leaf again: half of what makes a leaf split, so that
// one posting coming and going does not do both each time. So the children of such a node are all leaves.
#define COLLAPSE_MAX (TOC_POSTINGS_NODE_MAX / 2)

static unsigned digit(const uint8_t indicator[16], unsigned depth)
{
    return depth % 2 == 0 ? indicator[depth / 2] >> 4 : indicator[depth / 2] & 15;
}

// --- entries ---------------------------------------------------------------------------------------

static void child_key(const uint8_t pivot[16], struct toc_slice path, uint8_t out[16])
{
    uint8_t digest[TOC_SHA256_BYTES];
    const struct toc_slice parts[] = {TOC_S("postings"), toc_slice(pivot, 16), path};
    toc_sha256_parts(parts, 3, digest);
    memcpy(out, digest, 16);
}

int64_t list_due(const struct toc_posting_node *node)
{
    int64_t due = 0;
    for (size_t i = 0; i < node->postings_count; i++)
        if (node->postings[i].until != 0 && (due == 0 || node->postings[i].until < due))
            due = node->postings[i].until;
    return due;
}

// An entry that is not there is an empty leaf.
static toc_rc load(const struct list *list, const uint8_t key[16], struct list_node *out, struct toc_err *err)
{
    const struct toc_entry *entry = toc_state_find(list->state, key);
    memset(out, 0, sizeof *out);
    memcpy(out->key, key, 16);
    toc_posting_node_init(&out->node);
    if (entry == NULL)
        return TOC_OK;
    // A copy: what is put later may free the state's own.
    struct toc_slice body = toc_arena_copy(list->arena, toc_slice(entry->body, entry->body_len));
    if (body.ptr == NULL)
        return sum_no_memory(err);
    if (toc_failed(toc_posting_node_decode(body, toc_posting_node_fingerprint, list->arena, &out->node, err)))
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE, "an entry of the state cannot be read");
    out->due = list_due(&out->node);
    return TOC_OK;
}

static toc_rc load_child(const struct list *list, const struct list_node *parent, unsigned depth, unsigned way,
        struct list_node *out, struct toc_err *err)
{
    uint8_t path[LIST_DEPTH_MAX];
    const uint8_t *pivot = depth == 0 ? parent->key : parent->node.place->pivot;
    if (depth != 0)
        memcpy(path, parent->node.place->path.ptr, depth);
    path[depth] = (uint8_t)way;
    uint8_t key[16];
    child_key(pivot, toc_slice(path, depth + 1), key);
    TOC_TRY(load(list, key, out, err));
    if (out->node.place != NULL)
        return TOC_OK;
    struct toc_posting_place *place = toc_arena_alloc(list->arena, 1, sizeof *place);
    struct toc_slice kept = toc_arena_copy(list->arena, toc_slice(path, depth + 1));
    if (place == NULL || kept.ptr == NULL)
        return sum_no_memory(err);
    memcpy(place->pivot, pivot, 16);
    place->path = kept;
    out->node.place = place;
    return TOC_OK;
}

static toc_rc store(const struct list *list, const struct list_node *n, struct toc_err *err)
{
    static const uint64_t nothing_said[TOC_ENTRY_SAID];
    bool published = n->node.title != NULL && n->node.title->published != 0;
    if (n->node.sum == NULL && n->node.postings_count == 0 && !published)
        return toc_state_drop(list->state, n->key, err);
    toc_buf_clear(list->encoded);
    toc_posting_node_encode(&n->node, list->encoded);
    TOC_TRY(toc_buf_check(list->encoded, "a posting list", err));
    TOC_TRY(toc_state_put(list->state, n->key, toc_buf_slice(list->encoded), 0, nothing_said, err));
    int64_t due = list_due(&n->node);
    return due != 0 && due != n->due ? toc_state_timer(list->state, LIST_LANE, due, n->key, err) : TOC_OK;
}

toc_rc list_root(struct list *list, const uint8_t pivot[16], struct toc_err *err)
{
    list->depth = 0;
    return load(list, pivot, &list->way[0], err);
}

toc_rc list_open(struct list *list, const uint8_t pivot[16], const uint8_t indicator[16], struct toc_err *err)
{
    TOC_TRY(list_root(list, pivot, err));
    for (; list->way[list->depth].node.sum != NULL; list->depth++) {
        if (list->depth == LIST_DEPTH_MAX)
            return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE, "a posting list without end");
        TOC_TRY(load_child(list, &list->way[list->depth], list->depth, digit(indicator, list->depth),
                &list->way[list->depth + 1], err));
    }
    return TOC_OK;
}

struct toc_posting_title *list_title(struct list *list)
{
    return list->way[0].node.title;
}

static struct toc_posting *find(const struct list *list, const uint8_t indicator[16])
{
    const struct toc_posting_node *leaf = &list->way[list->depth].node;
    for (size_t i = 0; i < leaf->postings_count; i++)
        if (memcmp(leaf->postings[i].indicator, indicator, 16) == 0)
            return &leaf->postings[i];
    return NULL;
}

const struct toc_posting *list_find(const struct list *list, const uint8_t indicator[16])
{
    return find(list, indicator);
}

static toc_rc sum_of_node(const struct list *list, const struct toc_posting_node *node, struct toc_posting_sum *out,
        struct toc_err *err)
{
    if (node->sum == NULL)
        return sum_of(node->postings, node->postings_count, list->arena, out, err);
    *out = *node->sum;
    return TOC_OK;
}

toc_rc list_sum(const struct list *list, struct toc_posting_sum *out, struct toc_err *err)
{
    return sum_of_node(list, &list->way[0].node, out, err);
}

// --- growing and shrinking ---------------------------------------------------------------------------

// An overfull leaf hands its postings down; what is below is stored, the node itself is not.
static toc_rc split(const struct list *list, struct list_node *n, unsigned depth, struct toc_err *err)
{
    struct toc_posting_sum *sum = toc_arena_alloc(list->arena, 1, sizeof *sum);
    struct toc_posting *all = n->node.postings;
    size_t count = n->node.postings_count;
    if (sum == NULL)
        return sum_no_memory(err);
    TOC_TRY(sum_of(all, count, list->arena, sum, err));
    for (unsigned way = 0; way < WAYS; way++) {
        struct list_node child;
        TOC_TRY(load_child(list, n, depth, way, &child, err));
        child.node.postings = toc_arena_alloc(list->arena, count, sizeof *child.node.postings);
        if (child.node.postings == NULL)
            return sum_no_memory(err);
        for (size_t i = 0; i < count; i++)
            if (digit(all[i].indicator, depth) == way)
                child.node.postings[child.node.postings_count++] = all[i];
        if (child.node.postings_count > TOC_POSTINGS_NODE_MAX)
            TOC_TRY(split(list, &child, depth + 1, err));
        if (child.node.sum != NULL || child.node.postings_count != 0)
            TOC_TRY(store(list, &child, err));
    }
    n->node.sum = sum;
    n->node.postings = NULL;
    n->node.postings_count = 0;
    return TOC_OK;
}

// The postings of the children, all leaves by the rule above, come back.
static toc_rc collapse(const struct list *list, struct list_node *n, unsigned depth, struct toc_err *err)
{
    struct toc_posting *all = toc_arena_alloc(list->arena, TOC_POSTINGS_NODE_MAX, sizeof *all);
    size_t count = 0;
    if (all == NULL)
        return sum_no_memory(err);
    for (unsigned way = 0; way < WAYS; way++) {
        struct list_node child;
        TOC_TRY(load_child(list, n, depth, way, &child, err));
        if (child.node.sum != NULL || child.node.postings_count > TOC_POSTINGS_NODE_MAX - count)
            return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_STATE, "a posting list contradicts its sum");
        for (size_t i = 0; i < child.node.postings_count; i++)
            all[count++] = child.node.postings[i];
        TOC_TRY(toc_state_drop(list->state, child.key, err));
    }
    n->node.sum = NULL;
    n->node.postings = all;
    n->node.postings_count = count;
    return TOC_OK;
}

static toc_rc join_children(const struct list *list, struct list_node *n, unsigned depth, struct toc_err *err)
{
    *n->node.sum = (struct toc_posting_sum){0};
    for (unsigned way = 0; way < WAYS; way++) {
        struct list_node child;
        struct toc_posting_sum sum;
        TOC_TRY(load_child(list, n, depth, way, &child, err));
        TOC_TRY(sum_of_node(list, &child.node, &sum, err));
        TOC_TRY(sum_join(n->node.sum, &sum, list->arena, err));
    }
    return TOC_OK;
}

// The leaf has changed: stores it and brings the sums above it up to date. The root stays to be stored.
static toc_rc carry_up(struct list *list, const struct toc_posting *before, const struct toc_posting *after,
        int64_t held, struct toc_err *err)
{
    for (unsigned depth = list->depth; depth > 0; depth--) {
        struct list_node *parent = &list->way[depth - 1];
        bool exact;
        TOC_TRY(store(list, &list->way[depth], err));
        parent->node.sum->held += held;
        TOC_TRY(sum_change(parent->node.sum, before, after, list->arena, &exact, err));
        if (parent->node.sum->held <= COLLAPSE_MAX)
            TOC_TRY(collapse(list, parent, depth - 1, err));
        else if (!exact)
            TOC_TRY(join_children(list, parent, depth - 1, err));
    }
    return TOC_OK;
}

toc_rc list_put(struct list *list, const struct toc_posting *posting, struct toc_err *err)
{
    struct list_node *leaf = &list->way[list->depth];
    struct toc_posting *known = find(list, posting->indicator), before;
    if (list->depth == 0 && leaf->node.title == NULL) {
        leaf->node.title = toc_arena_alloc(list->arena, 1, sizeof *leaf->node.title);
        if (leaf->node.title == NULL)
            return sum_no_memory(err);
        toc_posting_title_init(leaf->node.title);
    }
    if (known != NULL) {
        before = *known;
        *known = *posting;
        return carry_up(list, &before, posting, 0, err);
    }
    size_t count = leaf->node.postings_count;
    struct toc_posting *grown = toc_arena_alloc(list->arena, count + 1, sizeof *grown);
    if (grown == NULL)
        return sum_no_memory(err);
    if (count != 0)
        memcpy(grown, leaf->node.postings, count * sizeof *grown);
    grown[count] = *posting;
    leaf->node.postings = grown;
    leaf->node.postings_count = count + 1;
    if (count + 1 > TOC_POSTINGS_NODE_MAX)
        TOC_TRY(split(list, leaf, list->depth, err));
    return carry_up(list, NULL, posting, 1, err);
}

toc_rc list_close(struct list *list, struct toc_err *err)
{
    return store(list, &list->way[0], err);
}

// --- forgetting ----------------------------------------------------------------------------------------

toc_rc list_forget(struct list *list, const uint8_t entry_key[16], int64_t now, uint64_t *forgotten, struct toc_err *err)
{
    struct list_node at;
    const struct toc_posting *over = NULL;
    TOC_TRY(load(list, entry_key, &at, err));
    for (size_t i = 0; i < at.node.postings_count && over == NULL; i++)
        if (at.node.postings[i].until != 0 && at.node.postings[i].until <= now)
            over = &at.node.postings[i];
    if (over == NULL)
        return TOC_OK;
    TOC_TRY(list_open(list, at.node.place == NULL ? entry_key : at.node.place->pivot, over->indicator, err));
    struct toc_posting_node *leaf = &list->way[list->depth].node;
    size_t kept = 0, count = leaf->postings_count;
    for (size_t i = 0; i < count; i++)
        if (leaf->postings[i].until == 0 || leaf->postings[i].until > now)
            leaf->postings[kept++] = leaf->postings[i];
    leaf->postings_count = kept;
    *forgotten += count - kept;
    TOC_TRY(carry_up(list, NULL, NULL, -(int64_t)(count - kept), err));
    return list_close(list, err);
}
