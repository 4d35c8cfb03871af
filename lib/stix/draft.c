#include "lib/stix/draft.h"

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/stix/object.h"

// schemas/types.avsc, Reference
#define SOURCE_BYTES_MAX 128
#define ID_BYTES_MAX 256

void toc_draft_init(
        struct toc_draft *draft, const struct toc_observation *base, struct toc_arena *arena)
{
    *draft = (struct toc_draft){.arena = arena};
    toc_observation_init(&draft->obs);
    if (base != NULL)
        draft->obs = *base;
    struct toc_observation *obs = &draft->obs;
    const struct toc_observation given = *obs;
    obs->tags = draft->tags;
    obs->relations = draft->relations;
    obs->references = draft->references;
    obs->tags_count = obs->relations_count = obs->references_count = 0;
    for (size_t i = 0; i < given.tags_count; i++)
        toc_draft_tag(draft, given.tags[i]);
    for (size_t i = 0; i < given.relations_count; i++)
        toc_draft_relation(
                draft, given.relations[i].type, given.relations[i].kind, given.relations[i].value);
    for (size_t i = 0; i < given.references_count; i++)
        toc_draft_reference(
                draft, given.references[i].source, given.references[i].id, given.references[i].url);
}

void toc_draft_tag(struct toc_draft *draft, struct toc_slice tag)
{
    struct toc_observation *obs = &draft->obs;
    if (tag.len == 0 || obs->tags_count == TOC_OBSERVATION_TAGS_MAX || !toc_tag_valid(tag))
        return;
    for (size_t i = 0; i < obs->tags_count; i++)
        if (toc_slice_eq(obs->tags[i], tag))
            return;
    obs->tags[obs->tags_count++] = tag;
}

static void add_name(struct toc_draft *draft, const char *prefix, struct toc_slice name)
{
    // misp:type="md5", misp:to_ids="False": an exporter's own bookkeeping
    if (name.len == 0 || toc_stix_label_marking(name) >= 0 ||
            toc_slice_starts(name, TOC_S("misp:")))
        return;
    struct toc_slice tag = toc_stix_tag(draft->arena, prefix, name);
    if (tag.ptr == NULL)
        draft->full = true;
    else
        toc_draft_tag(draft, tag);
}

void toc_draft_tags(struct toc_draft *draft, const json_t *texts)
{
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const json_t *text = json_array_get(texts, i);
        add_name(draft, "", toc_json_string(text));
    }
}

void toc_draft_phases(struct toc_draft *draft, const json_t *phases)
{
    for (size_t i = 0; i < json_array_size(phases); i++)
        add_name(draft, "phase:", toc_json_text(json_array_get(phases, i), "phase_name"));
}

void toc_draft_relation(struct toc_draft *draft, enum toc_relation_type type, enum toc_kind kind,
        struct toc_slice value)
{
    struct toc_observation *obs = &draft->obs;
    if (obs->relations_count == TOC_OBSERVATION_RELATIONS_MAX)
        return;
    struct toc_slice copy = toc_arena_copy(draft->arena, value);
    draft->full = draft->full || copy.ptr == NULL;
    obs->relations[obs->relations_count++] = (struct toc_relation){type, kind, copy};
}

static struct toc_slice text(struct toc_draft *draft, struct toc_slice raw, size_t max)
{
    struct toc_slice safe = toc_stix_text(draft->arena, raw, max);
    draft->full = draft->full || safe.ptr == NULL;
    return safe;
}

static bool is_link(struct toc_slice url)
{
    return url.len <= TOC_VALUE_BYTES_MAX && toc_text_is_safe(url) &&
           (toc_slice_starts(url, TOC_S("https://")) || toc_slice_starts(url, TOC_S("http://")));
}

void toc_draft_reference(
        struct toc_draft *draft, struct toc_slice source, struct toc_slice id, struct toc_slice url)
{
    struct toc_observation *obs = &draft->obs;
    bool link = is_link(url);
    if (obs->references_count == TOC_OBSERVATION_REFERENCES_MAX || (id.len == 0 && !link))
        return;
    struct toc_reference ref = {text(draft, source, SOURCE_BYTES_MAX),
            text(draft, id, ID_BYTES_MAX),
            link ? text(draft, url, TOC_VALUE_BYTES_MAX) : TOC_S("")};
    for (size_t i = 0; i < obs->references_count; i++)
        if (toc_slice_eq(obs->references[i].source, ref.source) &&
                toc_slice_eq(obs->references[i].id, ref.id) &&
                toc_slice_eq(obs->references[i].url, ref.url))
            return;
    obs->references[obs->references_count++] = ref;
}

void toc_draft_references(struct toc_draft *draft, const json_t *references)
{
    for (size_t i = 0; i < json_array_size(references); i++) {
        const json_t *ref = json_array_get(references, i);
        toc_draft_reference(draft, toc_json_text(ref, "source_name"),
                toc_json_text(ref, "external_id"), toc_json_text(ref, "url"));
    }
}

void toc_draft_description(struct toc_draft *draft, const json_t *object)
{
    struct toc_slice raw = toc_json_text(object, "description");
    if (raw.len == 0)
        raw = toc_json_text(object, "name");
    if (raw.len > 0)
        draft->obs.description = text(draft, raw, TOC_DESCRIPTION_BYTES_MAX);
}
