#include "lib/stix/job.h"

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/indicator/identity.h"
#include "lib/stix/object.h"

toc_rc toc_stix_refuse(
        struct toc_stix_job *job, enum toc_refusal refusal, const char *what, struct toc_slice name)
{
    char detail[128];
    bool both = what[0] != '\0' && name.len > 0;
    snprintf(detail, sizeof detail, "%s%s%s", what, both ? " " : "", TOC_SHOW(name));
    job->refused++;
    job->reader->counts.refused++;
    return job->sink->refuse(job->sink->ctx, refusal, detail, job->err);
}

toc_rc toc_stix_refuse_property(struct toc_stix_job *job, const char *name)
{
    return toc_stix_refuse(job, TOC_REFUSAL_STIX_PROPERTY, name, TOC_S(""));
}

// ---- markings --------------------------------------------------------------------------------

bool toc_stix_effective(const struct toc_stix_options *options, int stated, enum toc_marking *out,
        enum toc_refusal *why)
{
    if (stated == TOC_STIX_UNMARKED && !options->has_marking) {
        *why = TOC_REFUSAL_MARKING_MISSING;
        return false;
    }
    if (stated == TOC_STIX_UNMARKED)
        stated = (int)options->marking;
    if (stated < (int)options->floor)
        stated = (int)options->floor;
    *why = TOC_REFUSAL_READ_MARKING;
    if (stated > (int)options->limit)
        return false;
    *out = (enum toc_marking)stated;
    return true;
}

// May context with this stated marking stand at the object?
static bool may_tell(const struct toc_stix_job *job, int stated)
{
    return stated <= (int)job->marking;
}

// ---- echo ------------------------------------------------------------------------------------

bool toc_stix_is_echo(const struct toc_stix_job *job)
{
    const json_t *labels = json_object_get(job->object, "labels");
    if (job->reader->options.take_echo)
        return false;
    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *label = json_array_get(labels, i);
        if (toc_identity_tags(toc_json_string(label)))
            return true;
    }
    return toc_slice_is(toc_json_text(job->object, "created_by_ref"), TOC_IDENTITY_STIX);
}

// ---- emitting --------------------------------------------------------------------------------

// The draft with this canonical value.
static toc_rc emit(struct toc_stix_job *job, enum toc_kind kind, struct toc_slice value,
        enum toc_marking marking)
{
    struct toc_observation *obs = &job->draft.obs;
    uint8_t key[TOC_KEY_BYTES];
    obs->kind = kind;
    obs->value = toc_arena_copy(job->arena, value);
    TOC_ENSURE(obs->value.ptr != NULL && !job->draft.full, job->err, TOC_E_MEMORY, "STIX object");
    if (!job->reader->options.take_echo) {
        toc_indicator_key(kind, value, key);
        if (toc_identity_minted(job->id, key))
            return toc_stix_refuse(job, TOC_REFUSAL_READ_ECHO, "id of", job->type);
    }
    job->emitted++;
    job->reader->counts.observations++;
    return job->sink->emit(job->sink->ctx, obs, marking, job->err);
}

toc_rc toc_stix_emit_raw(struct toc_stix_job *job, enum toc_kind kind, struct toc_slice raw)
{
    enum toc_refusal refusal = toc_stix_canon(job->reader, &kind, raw);
    if (refusal != TOC_REFUSAL_NONE)
        return toc_stix_refuse(job, refusal, toc_kind_symbol(kind), TOC_S(""));
    return emit(job, kind, toc_buf_slice(&job->reader->value), job->marking);
}

// ---- context of the object -------------------------------------------------------------------

static void add_relations(
        struct toc_stix_job *job, const struct toc_stix_link *link, enum toc_relation_type type)
{
    if (!may_tell(job, toc_stix_node_marking(link->to)))
        return;
    for (size_t i = 0; i < link->to->value_count; i++)
        toc_draft_relation(&job->draft, type, link->to->values[i].kind, link->to->values[i].value);
}

void toc_stix_add_context(struct toc_stix_job *job, const struct toc_stix_node *node)
{
    for (const struct toc_stix_link *l = node == NULL ? NULL : node->links; l != NULL;
            l = l->next) {
        if (!may_tell(job, l->marking))
            continue;
        if (l->type == TOC_STIX_LINK_RESOLVES_TO)
            add_relations(job, l, TOC_RELATION_TYPE_RESOLVES_TO);
        else if (l->type == TOC_STIX_LINK_DOWNLOADED_FROM)
            add_relations(job, l, TOC_RELATION_TYPE_DOWNLOADED_FROM);
        else if (l->type == TOC_STIX_LINK_TAG && may_tell(job, toc_stix_node_marking(l->to)))
            toc_draft_tag(&job->draft, l->to->tag);
        else if (l->type == TOC_STIX_LINK_REPORT && may_tell(job, toc_stix_node_marking(l->to)))
            toc_draft_reference(&job->draft, TOC_S("report"), l->to->id, l->to->url);
    }
}

// ---- several values --------------------------------------------------------------------------

// Values of one object: of a file each has the others as the same file.
static toc_rc emit_values(struct toc_stix_job *job, const struct toc_stix_value *values,
        size_t count, bool same_file, enum toc_marking marking)
{
    const size_t relations = job->draft.obs.relations_count;
    for (size_t i = 0; i < count; i++) {
        job->draft.obs.relations_count = relations;
        for (size_t k = 0; same_file && k < count; k++)
            if (k != i)
                toc_draft_relation(&job->draft, TOC_RELATION_TYPE_SAME_FILE_AS, values[k].kind,
                        values[k].value);
        TOC_TRY(emit(job, values[i].kind, values[i].value, marking));
    }
    job->draft.obs.relations_count = relations;
    return TOC_OK;
}

toc_rc toc_stix_emit_observable(struct toc_stix_job *job, const json_t *object)
{
    struct toc_stix_raw raw[TOC_STIX_HASHES_MAX];
    struct toc_stix_value values[TOC_STIX_HASHES_MAX];
    const char *wrong;
    size_t count = toc_stix_observable(object, raw, &wrong), good = 0;
    if (wrong != NULL)
        return toc_stix_refuse_property(job, wrong);
    if (count == 0) // a file by its name alone, a process
        return toc_stix_refuse(
                job, TOC_REFUSAL_STIX_TYPE, "no value in", toc_json_text(object, "type"));
    for (size_t i = 0; i < count; i++) {
        enum toc_refusal refusal = toc_stix_canon(job->reader, &raw[i].kind, raw[i].value);
        if (refusal != TOC_REFUSAL_NONE) {
            TOC_TRY(toc_stix_refuse(job, refusal, toc_kind_symbol(raw[i].kind), TOC_S("")));
            continue;
        }
        struct toc_slice value = toc_arena_copy(job->arena, toc_buf_slice(&job->reader->value));
        TOC_ENSURE(value.ptr != NULL, job->err, TOC_E_MEMORY, "STIX object");
        values[good++] = (struct toc_stix_value){raw[i].kind, value};
    }
    return emit_values(job, values, good, true, job->marking);
}

toc_rc toc_stix_emit_held(
        struct toc_stix_job *job, const struct toc_stix_node *node, bool same_file)
{
    struct toc_observation *obs = &job->draft.obs;
    const struct toc_observation own = *obs;
    enum toc_marking marking = job->marking;
    enum toc_refusal why;
    int stated = toc_stix_node_marking(node);
    if (stated > (int)job->marking &&
            !toc_stix_effective(&job->reader->options, stated, &marking, &why))
        return toc_stix_refuse(job, why, "object referred to by", job->type);
    toc_stix_add_context(job, node);
    TOC_TRY(emit_values(job, node->values, node->value_count, same_file, marking));
    obs->tags_count = own.tags_count;
    obs->relations_count = own.relations_count;
    obs->references_count = own.references_count;
    return TOC_OK;
}
