#include "lib/stix/read.h"

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/stix/job.h"
#include "lib/stix/object.h"
#include "lib/stix/pattern.h"

#define SCRATCH_BYTES_MAX (1024 * 1024)
#define VALUE_BYTES_MAX (32 * 1024)
#define COUNT_MAX 999999999 // STIX 2.1 sections 4.14, 5.2

struct toc_stix_reader *toc_stix_reader_new(const struct toc_stix_options *options)
{
    struct toc_stix_reader *reader = toc_mem_alloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->options = *options;
    toc_stix_context_init(&reader->context);
    toc_arena_init(&reader->scratch, SCRATCH_BYTES_MAX);
    toc_buf_init(&reader->value, VALUE_BYTES_MAX);
    return reader;
}

void toc_stix_reader_free(struct toc_stix_reader *reader)
{
    if (reader == NULL)
        return;
    toc_stix_context_done(&reader->context);
    toc_arena_done(&reader->scratch);
    toc_buf_done(&reader->value);
    toc_mem_free(reader);
}

const struct toc_stix_counts *toc_stix_reader_counts(const struct toc_stix_reader *reader)
{
    return &reader->counts;
}

// What every statement of a domain object (SDO, SRO) has in common.
static const char *domain_object(struct toc_stix_job *job)
{
    struct toc_observation *obs = &job->draft.obs;
    const json_t *confidence = json_object_get(job->object, "confidence");
    int64_t created, modified;
    if (!toc_stix_time(job->object, "created", &created))
        return "created";
    if (!toc_stix_time(job->object, "modified", &modified) || modified < created)
        return "modified";
    if (confidence != NULL) {
        int64_t value = toc_json_int(job->object, "confidence", -1);
        if (value < 0 || value > 100)
            return "confidence";
        obs->confidence = (int32_t)value;
    }
    obs->first_seen = created;
    obs->last_seen = modified;
    return NULL;
}

// ---- types -----------------------------------------------------------------------------------

static bool is_benign(const json_t *words)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        const json_t *word = json_array_get(words, i);
        if (toc_slice_is(toc_json_string(word), "benign"))
            return true;
    }
    return false;
}

/*= STIX 2.1 section 4.7: pattern, pattern_type, valid_from are required; valid_until is later than
 *  valid_from. STIX 2.0 has no pattern_type: the language is STIX patterning. */
static const char *indicator_properties(struct toc_stix_job *job, bool *is_stix)
{
    struct toc_observation *obs = &job->draft.obs;
    struct toc_slice pattern_type = toc_json_text(job->object, "pattern_type");
    bool v21 = toc_slice_is(toc_json_text(job->object, "spec_version"), "2.1");
    int64_t from, until;
    *is_stix = pattern_type.ptr == NULL ? !v21 : toc_slice_is(pattern_type, "stix");
    if (pattern_type.ptr == NULL && v21)
        return "pattern_type";
    if (!toc_stix_time(job->object, "valid_from", &from))
        return "valid_from";
    if (!toc_stix_time_if(job->object, "valid_until", &until) || (until != 0 && until <= from))
        return "valid_until";
    obs->first_seen = from;
    obs->last_seen = from > obs->last_seen ? from : obs->last_seen;
    obs->valid_until = until;
    return NULL;
}

static toc_rc read_indicator(struct toc_stix_job *job)
{
    struct toc_pattern pattern;
    bool is_stix, revoked = toc_json_true(job->object, "revoked");
    const char *wrong = domain_object(job);
    if (wrong == NULL)
        wrong = indicator_properties(job, &is_stix);
    if (wrong != NULL)
        return toc_stix_refuse_property(job, wrong);
    if (is_benign(json_object_get(job->object, "indicator_types")) ||
            is_benign(json_object_get(job->object, "labels")))
        return toc_stix_refuse(job, TOC_REFUSAL_STIX_BENIGN, "indicator", TOC_S(""));
    if (!is_stix)
        return toc_stix_refuse(job, TOC_REFUSAL_STIX_PATTERN_UNSUPPORTED, "pattern_type",
                toc_json_text(job->object, "pattern_type"));
    struct toc_slice text = toc_json_text(job->object, "pattern");
    if (text.ptr == NULL)
        return revoked ? toc_stix_refuse(
                                 job, TOC_REFUSAL_STIX_REVOKED_UNKNOWN, "pattern", TOC_S(""))
                       : toc_stix_refuse_property(job, "pattern");
    size_t at;
    enum toc_refusal refusal = toc_pattern_parse(text, job->arena, &pattern, &at);
    if (refusal != TOC_REFUSAL_NONE) {
        char where[48];
        snprintf(where, sizeof where, "pattern at byte %zu", at);
        return toc_stix_refuse(job, refusal, where, TOC_S(""));
    }
    toc_draft_tags(&job->draft, json_object_get(job->object, "indicator_types"));
    toc_draft_phases(&job->draft, json_object_get(job->object, "kill_chain_phases"));
    if (revoked)
        job->draft.obs.action = TOC_ACTION_WITHDRAW;
    for (size_t i = 0; i < pattern.count; i++)
        TOC_TRY(toc_stix_emit_raw(job, pattern.terms[i].kind, pattern.terms[i].value));
    return TOC_OK;
}

static toc_rc read_vulnerability(struct toc_stix_job *job)
{
    struct toc_slice cves[TOC_OBSERVATION_REFERENCES_MAX];
    const char *wrong = domain_object(job);
    if (wrong != NULL)
        return toc_stix_refuse_property(job, wrong);
    size_t count = toc_stix_cves(job->object, cves, sizeof cves / sizeof *cves);
    if (count == 0)
        return toc_stix_refuse_property(job, "external_references: no CVE");
    if (toc_json_true(job->object, "revoked"))
        job->draft.obs.action = TOC_ACTION_WITHDRAW;
    for (size_t i = 0; i < count; i++)
        TOC_TRY(toc_stix_emit_raw(job, TOC_KIND_CVE, cves[i]));
    return TOC_OK;
}

static toc_rc read_observable(struct toc_stix_job *job)
{
    unsigned flags = job->node == NULL ? 0 : job->node->flags;
    if ((flags & TOC_STIX_NODE_ROLE) != 0)
        return toc_stix_refuse(job, TOC_REFUSAL_STIX_ROLE, "", job->type);
    if ((flags & TOC_STIX_NODE_HELD) != 0) {
        job->reader->counts.context++;
        return TOC_OK;
    }
    return toc_stix_emit_observable(job, job->object);
}

// ---- what was seen ---------------------------------------------------------------------------

// first, last and how often; the last may be missing where `required` is not set.
static const char *seen_properties(struct toc_stix_job *job, const char *first, const char *last,
        const char *number, bool required)
{
    struct toc_observation *obs = &job->draft.obs;
    int64_t from, until, count = toc_json_int(job->object, number, required ? 0 : 1);
    if (required ? !toc_stix_time(job->object, first, &from)
                 : !toc_stix_time_if(job->object, first, &from))
        return first;
    if ((required ? !toc_stix_time(job->object, last, &until)
                  : !toc_stix_time_if(job->object, last, &until)) ||
            (until != 0 && until < from))
        return last;
    if (count < 1 || count > COUNT_MAX)
        return number;
    int64_t created = obs->first_seen;
    obs->first_seen = from != 0 ? from : until != 0 ? until : created;
    obs->last_seen = until != 0 ? until : obs->first_seen;
    obs->count = (int32_t)count;
    obs->action = TOC_ACTION_SIGHT;
    return NULL;
}

static toc_rc read_sighting(struct toc_stix_job *job)
{
    struct toc_slice of = toc_json_text(job->object, "sighting_of_ref");
    const char *wrong = domain_object(job);
    if (wrong == NULL)
        wrong = seen_properties(job, "first_seen", "last_seen", "count", false);
    if (wrong == NULL && !toc_stix_id_valid(of))
        wrong = "sighting_of_ref";
    if (wrong != NULL)
        return toc_stix_refuse_property(job, wrong);
    if (toc_json_true(job->object, "revoked"))
        return toc_stix_refuse(job, TOC_REFUSAL_STIX_REVOKED_UNKNOWN, "sighting", TOC_S(""));
    const struct toc_stix_node *node = toc_stix_node_find(&job->reader->context, of);
    if (node == NULL || node->value_count == 0 || !toc_slice_starts(of, TOC_S("indicator--")))
        return toc_stix_refuse(job, TOC_REFUSAL_STIX_REFERENCE, "sighting_of_ref", TOC_S(""));
    return toc_stix_emit_held(job, node, false);
}

// Does an id name a type that holds values?
static bool holds_values(struct toc_slice id)
{
    static const char *const types[] = {
            "ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file", "artifact"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (toc_stix_id_is(id, types[i]))
            return true;
    return false;
}

static toc_rc read_object_ref(struct toc_stix_job *job, struct toc_slice id)
{
    if (!toc_stix_id_valid(id))
        return toc_stix_refuse_property(job, "object_refs");
    if (!holds_values(id))
        return TOC_OK;
    const struct toc_stix_node *node = toc_stix_node_find(&job->reader->context, id);
    if (node == NULL || (node->flags & TOC_STIX_NODE_LEARNT) == 0)
        return toc_stix_refuse(job, TOC_REFUSAL_STIX_REFERENCE, "object_refs", TOC_S(""));
    if ((node->flags & TOC_STIX_NODE_ROLE) != 0)
        return TOC_OK; // refused where it stands itself
    return toc_stix_emit_held(job, node, true);
}

static bool refers_to(const json_t *refs, const char *key)
{
    size_t count = json_is_array(refs) ? json_array_size(refs) : json_is_string(refs);
    for (size_t i = 0; i < count; i++) {
        const json_t *ref = json_is_array(refs) ? json_array_get(refs, i) : refs;
        if (json_is_string(ref) && strcmp(json_string_value(ref), key) == 0)
            return true;
    }
    return false;
}

// STIX 2.0 (and 2.1, deprecated): the observables stand inside, and refer to each other by key.
static bool has_role_in(json_t *objects, const char *key)
{
    const char *other;
    const json_t *object;
    json_object_foreach(objects, other, object)
    {
        for (size_t i = 0; toc_stix_ends[i] != NULL; i++)
            if (refers_to(json_object_get(object, toc_stix_ends[i]), key))
                return true;
    }
    return false;
}

static toc_rc read_embedded(struct toc_stix_job *job, json_t *objects)
{
    const char *key;
    const json_t *object;
    json_object_foreach(objects, key, object)
    {
        struct toc_slice type = toc_json_text(object, "type");
        if (type.ptr == NULL)
            TOC_TRY(toc_stix_refuse_property(job, "objects: type"));
        else if (has_role_in(objects, key))
            TOC_TRY(toc_stix_refuse(job, TOC_REFUSAL_STIX_ROLE, "objects:", type));
        else
            TOC_TRY(toc_stix_emit_observable(job, object));
    }
    return TOC_OK;
}

static toc_rc read_observed_data(struct toc_stix_job *job)
{
    const json_t *refs = json_object_get(job->object, "object_refs");
    json_t *objects = json_object_get(job->object, "objects");
    const char *wrong = domain_object(job);
    if (wrong == NULL)
        wrong = seen_properties(job, "first_observed", "last_observed", "number_observed", true);
    if (wrong == NULL && !json_is_array(refs) && !json_is_object(objects))
        wrong = "object_refs";
    if (wrong == NULL && (json_array_size(refs) > TOC_STIX_VALUES_MAX ||
                                 json_object_size(objects) > TOC_STIX_VALUES_MAX))
        wrong = "object_refs: too many";
    if (wrong != NULL)
        return toc_stix_refuse_property(job, wrong);
    for (size_t i = 0; i < json_array_size(refs); i++) {
        const json_t *ref = json_array_get(refs, i);
        TOC_TRY(read_object_ref(job, toc_json_string(ref)));
    }
    if (json_is_object(objects))
        TOC_TRY(read_embedded(job, objects));
    // What it holds without a value is refused where that stands itself.
    job->reader->counts.context += job->emitted + job->refused == 0;
    return TOC_OK;
}

// ---- dispatch --------------------------------------------------------------------------------

static const struct {
    const char *type;
    toc_rc (*read)(struct toc_stix_job
                    *); // NULL: context of others, or nothing an indicator could come from
} readers[] = {
        {"indicator", read_indicator},
        {"vulnerability", read_vulnerability},
        {"observed-data", read_observed_data},
        {"sighting", read_sighting},
        {"ipv4-addr", read_observable},
        {"ipv6-addr", read_observable},
        {"domain-name", read_observable},
        {"url", read_observable},
        {"email-addr", read_observable},
        {"file", read_observable},
        {"artifact", read_observable},
        {"attack-pattern", NULL},
        {"campaign", NULL},
        {"course-of-action", NULL},
        {"extension-definition", NULL},
        {"grouping", NULL},
        {"identity", NULL},
        {"incident", NULL},
        {"infrastructure", NULL},
        {"intrusion-set", NULL},
        {"language-content", NULL},
        {"location", NULL},
        {"malware", NULL},
        {"malware-analysis", NULL},
        {"marking-definition", NULL},
        {"note", NULL},
        {"opinion", NULL},
        {"relationship", NULL},
        {"report", NULL},
        {"threat-actor", NULL},
        {"tool", NULL},
};

// What holds for every object that speaks: an id of its type, a marking that may leave, no echo.
static toc_rc read_speaking(struct toc_stix_job *job, toc_rc (*read)(struct toc_stix_job *))
{
    struct toc_stix_reader *r = job->reader;
    char type[64];
    enum toc_refusal why;
    snprintf(type, sizeof type, "%.*s", TOC_SLICE_ARG(job->type)); // one of the table
    if (!toc_stix_id_is(job->id, type))
        return toc_stix_refuse_property(job, "id");
    if (toc_stix_is_echo(job))
        return toc_stix_refuse(job, TOC_REFUSAL_READ_ECHO, "", job->type);
    if (!toc_stix_effective(
                &r->options, toc_stix_stated(&r->context, job->object, NULL), &job->marking, &why))
        return toc_stix_refuse(job, why, "", job->type);
    job->node = toc_stix_node_find(&r->context, job->id);
    toc_draft_init(&job->draft, r->options.base, job->arena);
    job->draft.obs.origin = toc_arena_copy(job->arena, job->id);
    job->draft.full = job->draft.full || job->draft.obs.origin.ptr == NULL;
    toc_draft_tags(&job->draft, json_object_get(job->object, "labels"));
    toc_draft_description(&job->draft, job->object);
    toc_draft_references(&job->draft, json_object_get(job->object, "external_references"));
    toc_stix_add_context(job, job->node);
    return read(job);
}

toc_rc toc_stix_read(struct toc_stix_reader *reader, const json_t *object, struct toc_arena *arena,
        const struct toc_stix_sink *sink, struct toc_err *err)
{
    struct toc_stix_job job = {.reader = reader,
            .object = object,
            .sink = sink,
            .arena = arena,
            .err = err,
            .type = toc_json_text(object, "type"),
            .id = toc_json_text(object, "id")};
    reader->counts.objects++;
    if (job.type.ptr == NULL)
        return toc_stix_refuse_property(&job, "type");
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (!toc_slice_is(job.type, readers[i].type))
            continue;
        if (readers[i].read != NULL)
            return read_speaking(&job, readers[i].read);
        reader->counts.context++;
        return TOC_OK;
    }
    return toc_stix_refuse(&job, TOC_REFUSAL_STIX_TYPE, "", job.type);
}
