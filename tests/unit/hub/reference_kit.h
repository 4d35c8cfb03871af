// Sets in force for a test: compiled from texts or files, kept in order of name, asked.
#pragma once

#include "tests/support/unit.h"

#include "hub/reference/reference.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"

#define KIT_SETS_MAX 64

struct kit {
    struct toc_reference_set *sets[KIT_SETS_MAX];
    size_t count;
};

static inline struct toc_reference_use kit_use(const char *name, enum toc_reference_type type,
        enum toc_reference_effect effect, struct toc_slice bytes)
{
    struct toc_reference_use use;
    toc_reference_use_init(&use);
    use.name = toc_slice_of(name);
    use.type = type;
    use.effect = effect;
    use.version = TOC_S("v1");
    use.length = (int64_t)bytes.len;
    toc_sha256(bytes.ptr, bytes.len, use.digest);
    return use;
}

static inline struct toc_reference_set *kit_put(struct kit *kit, struct toc_reference_set *set)
{
    size_t at = kit->count++;
    assert_true(kit->count <= KIT_SETS_MAX);
    for (; at > 0 && toc_slice_cmp(toc_reference_facts(kit->sets[at - 1])->name,
                             toc_reference_facts(set)->name) > 0;
            at--)
        kit->sets[at] = kit->sets[at - 1];
    kit->sets[at] = set;
    return set;
}

static inline struct toc_reference_set *kit_add(struct kit *kit, const char *name,
        enum toc_reference_type type, enum toc_reference_effect effect, struct toc_slice bytes)
{
    struct toc_err err;
    struct toc_reference_set *set;
    const struct toc_reference_use use = kit_use(name, type, effect, bytes);
    assert_ok(toc_reference_compile(&use, bytes, &set, &err), err);
    return kit_put(kit, set);
}

static inline struct toc_reference_set *kit_list(
        struct kit *kit, const char *name, enum toc_reference_effect effect, const char *json)
{
    return kit_add(kit, name, TOC_REFERENCE_TYPE_WARNINGLIST, effect, toc_slice_of(json));
}

static inline struct toc_reference_set *kit_file(struct kit *kit, const char *name,
        enum toc_reference_type type, enum toc_reference_effect effect, const char *path)
{
    struct toc_err err;
    struct toc_buf bytes;
    toc_buf_init(&bytes, UNIT_FILE_BYTES_MAX);
    assert_ok(toc_file_read(path, &bytes, &err), err);
    struct toc_reference_set *set = kit_add(kit, name, type, effect, toc_buf_slice(&bytes));
    toc_buf_done(&bytes);
    return set;
}

static inline void kit_done(struct kit *kit)
{
    for (size_t i = 0; i < kit->count; i++)
        toc_reference_unref(kit->sets[i]);
    kit->count = 0;
}

static inline void kit_judge(const struct kit *kit, enum toc_kind kind, const char *value,
        struct toc_reference_verdict *out)
{
    toc_reference_judge(kit->sets, kit->count, kind, toc_slice_of(value), out);
}

static inline const struct toc_reference_hit *kit_hit(
        const struct toc_reference_verdict *v, const char *set)
{
    for (size_t i = 0; i < v->hits_count; i++)
        if (toc_slice_is(v->hits[i].use->name, set))
            return &v->hits[i];
    return NULL;
}

// "never-block", "cap", "annotate", or "" without a hit: the strictest of all sets.
static inline const char *kit_effect(const struct kit *kit, enum toc_kind kind, const char *value)
{
    struct toc_reference_verdict v;
    kit_judge(kit, kind, value, &v);
    const struct toc_reference_hit *strictest = NULL;
    for (size_t i = 0; i < v.hits_count; i++)
        if (strictest == NULL || v.hits[i].effect > strictest->effect)
            strictest = &v.hits[i];
    return strictest == NULL ? "" : toc_reference_effect_spelling(strictest->effect);
}

// Cuts off what stands before the next tab; at the end all that is left.
static inline struct toc_slice kit_field(struct toc_slice *line)
{
    size_t end = toc_slice_find(*line, '\t');
    struct toc_slice field = toc_slice_sub(*line, 0, end);
    *line = toc_slice_sub(*line, end + 1, SIZE_MAX);
    return field;
}
