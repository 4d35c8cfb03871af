#include "lib/stix/read.h"

#include <stdio.h>

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/identity.h"
#include "lib/indicator/limits.h"
#include "lib/stix/draft.h"
#include "lib/stix/object.h"
#include "lib/stix/pattern.h"
#include "lib/stix/reader.h"

#define SCRATCH_BYTES_MAX (1024 * 1024)
#define VALUE_BYTES_MAX (32 * 1024)
#define COUNT_MAX 999999999 // STIX 2.1 sections 4.14, 5.2

// One object under way.
struct job {
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

// `what` is text of ours, `name` may come from outside.
static toc_rc refuse(struct job *job, enum toc_refusal refusal, const char *what, struct toc_slice name)
{
    char detail[128];
    bool both = what[0] != '\0' && name.len > 0;
    snprintf(detail, sizeof detail, "%s%s%s", what, both ? " " : "", TOC_SHOW(name));
    job->refused++;
    job->reader->counts.refused++;
    return job->sink->refuse(job->sink->ctx, refusal, detail, job->err);
}

static toc_rc refuse_property(struct job *job, const char *name)
{
    return refuse(job, TOC_REFUSAL_STIX_PROPERTY, name, TOC_S(""));
}

// ---- markings --------------------------------------------------------------------------------

// What counts for an object that states `stated`; false: refused (*why).
static bool effective(const struct toc_stix_options *options, int stated, enum toc_marking *out,
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
static bool may_tell(const struct job *job, int stated)
{
    return stated <= (int)job->marking;
}

// ---- echo ------------------------------------------------------------------------------------

static bool is_echo(const struct job *job)
{
    const json_t *labels = json_object_get(job->object, "labels");
    if (job->reader->options.take_echo)
        return false;
    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *label = json_array_get(labels, i);
        if (toc_identity_tags(toc_slice(json_string_value(label), json_string_length(label))))
            return true;
    }
    return toc_slice_is(toc_json_text(job->object, "created_by_ref"), TOC_IDENTITY_STIX);
}

// ---- emitting --------------------------------------------------------------------------------

// The draft with this canonical value.
static toc_rc emit(struct job *job, enum toc_kind kind, struct toc_slice value, enum toc_marking marking)
{
    struct toc_observation *obs = &job->draft.obs;
    uint8_t key[TOC_KEY_BYTES];
    obs->kind = kind;
    obs->value = toc_arena_copy(job->arena, value);
    TOC_ENSURE(obs->value.ptr != NULL && !job->draft.full, job->err, TOC_E_MEMORY, "STIX object");
    if (!job->reader->options.take_echo) {
        toc_indicator_key(kind, value, key);
        if (toc_identity_minted(job->id, key))
            return refuse(job, TOC_REFUSAL_READ_ECHO, "id of", job->type);
    }
    job->emitted++;
    job->reader->counts.observations++;
    return job->sink->emit(job->sink->ctx, obs, marking, job->err);
}

// The same with a raw value.
static toc_rc emit_raw(struct job *job, enum toc_kind kind, struct toc_slice raw)
{
    enum toc_refusal refusal = toc_stix_canon(job->reader, &kind, raw);
    if (refusal != TOC_REFUSAL_NONE)
        return refuse(job, refusal, toc_kind_symbol(kind), TOC_S(""));
    return emit(job, kind, toc_buf_slice(&job->reader->value), job->marking);
}

// ---- context of the object -------------------------------------------------------------------

static void add_relations(struct job *job, const struct toc_stix_link *link, enum toc_relation_type type)
{
    if (!may_tell(job, toc_stix_node_marking(link->to)))
        return;
    for (size_t i = 0; i < link->to->value_count; i++)
        toc_draft_relation(&job->draft, type, link->to->values[i].kind, link->to->values[i].value);
}

// What other objects say of the one of this node.
static void add_context(struct job *job, const struct toc_stix_node *node)
{
    for (const struct toc_stix_link *l = node == NULL ? NULL : node->links; l != NULL; l = l->next) {
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
static toc_rc emit_values(struct job *job, const struct toc_stix_value *values, size_t count,
        bool same_file, enum toc_marking marking)
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

// All values of one cyber observable.
static toc_rc emit_observable(struct job *job, const json_t *object)
{
    struct toc_stix_raw raw[TOC_STIX_HASHES_MAX];
    struct toc_stix_value values[TOC_STIX_HASHES_MAX];
    const char *wrong;
    size_t count = toc_stix_observable(object, raw, &wrong), good = 0;
    if (wrong != NULL)
        return refuse_property(job, wrong);
    if (count == 0) // a file by its name alone, a process
        return refuse(job, TOC_REFUSAL_STIX_TYPE, "no value in", toc_json_text(object, "type"));
    for (size_t i = 0; i < count; i++) {
        enum toc_refusal refusal = toc_stix_canon(job->reader, &raw[i].kind, raw[i].value);
        if (refusal != TOC_REFUSAL_NONE)
            TOC_TRY(refuse(job, refusal, toc_kind_symbol(raw[i].kind), TOC_S("")));
        else
            values[good++] = (struct toc_stix_value){
                    raw[i].kind, toc_arena_copy(job->arena, toc_buf_slice(&job->reader->value))};
    }
    return emit_values(job, values, good, true, job->marking);
}

// A sight of what another object of the bundle holds, at the stricter of the two markings and with
// what is said of that one.
static toc_rc emit_held(struct job *job, const struct toc_stix_node *node, bool same_file)
{
    struct toc_observation *obs = &job->draft.obs;
    const struct toc_observation own = *obs;
    enum toc_marking marking = job->marking;
    enum toc_refusal why;
    int stated = toc_stix_node_marking(node);
    if (stated > (int)job->marking && !effective(&job->reader->options, stated, &marking, &why))
        return refuse(job, why, "object referred to by", job->type);
    add_context(job, node);
    TOC_TRY(emit_values(job, node->values, node->value_count, same_file, marking));
    obs->tags_count = own.tags_count;
    obs->relations_count = own.relations_count;
    obs->references_count = own.references_count;
    return TOC_OK;
}

// What every statement of a domain object (SDO, SRO) has in common.
static const char *domain_object(struct job *job)
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
        if (toc_slice_is(toc_slice(json_string_value(word), json_string_length(word)), "benign"))
            return true;
    }
    return false;
}

/*= STIX 2.1 section 4.7: pattern, pattern_type, valid_from are required; valid_until is later than
 *  valid_from. STIX 2.0 has no pattern_type: the language is STIX patterning. */
static const char *indicator_properties(struct job *job, bool *is_stix)
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

static toc_rc read_indicator(struct job *job)
{
    struct toc_pattern pattern;
    bool is_stix, revoked = toc_json_true(job->object, "revoked");
    const char *wrong = domain_object(job);
    if (wrong == NULL)
        wrong = indicator_properties(job, &is_stix);
    if (wrong != NULL)
        return refuse_property(job, wrong);
    if (is_benign(json_object_get(job->object, "indicator_types")) ||
            is_benign(json_object_get(job->object, "labels")))
        return refuse(job, TOC_REFUSAL_STIX_BENIGN, "indicator", TOC_S(""));
    if (!is_stix)
        return refuse(job, TOC_REFUSAL_STIX_PATTERN_UNSUPPORTED, "pattern_type",
                toc_json_text(job->object, "pattern_type"));
    struct toc_slice text = toc_json_text(job->object, "pattern");
    if (text.ptr == NULL)
        return revoked ? refuse(job, TOC_REFUSAL_STIX_REVOKED_UNKNOWN, "pattern", TOC_S(""))
                       : refuse_property(job, "pattern");
    size_t at;
    enum toc_refusal refusal = toc_pattern_parse(text, job->arena, &pattern, &at);
    if (refusal != TOC_REFUSAL_NONE) {
        char where[48];
        snprintf(where, sizeof where, "pattern at byte %zu", at);
        return refuse(job, refusal, where, TOC_S(""));
    }
    toc_draft_tags(&job->draft, json_object_get(job->object, "indicator_types"));
    toc_draft_phases(&job->draft, json_object_get(job->object, "kill_chain_phases"));
    if (revoked)
        job->draft.obs.action = TOC_ACTION_WITHDRAW;
    for (size_t i = 0; i < pattern.count; i++)
        TOC_TRY(emit_raw(job, pattern.terms[i].kind, pattern.terms[i].value));
    return TOC_OK;
}

static toc_rc read_vulnerability(struct job *job)
{
    struct toc_slice cves[TOC_OBSERVATION_REFERENCES_MAX];
    const char *wrong = domain_object(job);
    if (wrong != NULL)
        return refuse_property(job, wrong);
    size_t count = toc_stix_cves(job->object, cves, sizeof cves / sizeof *cves);
    if (count == 0)
        return refuse_property(job, "external_references: no CVE");
    if (toc_json_true(job->object, "revoked"))
        job->draft.obs.action = TOC_ACTION_WITHDRAW;
    for (size_t i = 0; i < count; i++)
        TOC_TRY(emit_raw(job, TOC_KIND_CVE, cves[i]));
    return TOC_OK;
}

static toc_rc read_observable(struct job *job)
{
    unsigned flags = job->node == NULL ? 0 : job->node->flags;
    if ((flags & TOC_STIX_NODE_ROLE) != 0)
        return refuse(job, TOC_REFUSAL_STIX_ROLE, "", job->type);
    if ((flags & TOC_STIX_NODE_HELD) != 0) {
        job->reader->counts.context++;
        return TOC_OK;
    }
    return emit_observable(job, job->object);
}

// ---- what was seen ---------------------------------------------------------------------------

// first, last and how often; the last may be missing where `required` is not set.
static const char *seen_properties(
        struct job *job, const char *first, const char *last, const char *number, bool required)
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

static toc_rc read_sighting(struct job *job)
{
    struct toc_slice of = toc_json_text(job->object, "sighting_of_ref");
    const char *wrong = domain_object(job);
    if (wrong == NULL)
        wrong = seen_properties(job, "first_seen", "last_seen", "count", false);
    if (wrong == NULL && !toc_stix_id_valid(of))
        wrong = "sighting_of_ref";
    if (wrong != NULL)
        return refuse_property(job, wrong);
    if (toc_json_true(job->object, "revoked"))
        return refuse(job, TOC_REFUSAL_STIX_REVOKED_UNKNOWN, "sighting", TOC_S(""));
    const struct toc_stix_node *node = toc_stix_node_find(&job->reader->context, of);
    if (node == NULL || node->value_count == 0 || !toc_slice_starts(of, TOC_S("indicator--")))
        return refuse(job, TOC_REFUSAL_STIX_REFERENCE, "sighting_of_ref", TOC_S(""));
    return emit_held(job, node, false);
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

static toc_rc read_object_ref(struct job *job, struct toc_slice id)
{
    if (!toc_stix_id_valid(id))
        return refuse_property(job, "object_refs");
    if (!holds_values(id))
        return TOC_OK;
    const struct toc_stix_node *node = toc_stix_node_find(&job->reader->context, id);
    if (node == NULL || (node->flags & TOC_STIX_NODE_LEARNT) == 0)
        return refuse(job, TOC_REFUSAL_STIX_REFERENCE, "object_refs", TOC_S(""));
    if ((node->flags & TOC_STIX_NODE_ROLE) != 0)
        return TOC_OK; // refused where it stands itself
    return emit_held(job, node, true);
}

// STIX 2.0 (and 2.1, deprecated): the observables stand inside, and refer to each other by key.
static bool has_role_in(const json_t *objects, const char *key)
{
    static const char *const ends[] = {
            "src_ref", "dst_ref", "from_ref", "sender_ref", "to_refs", "cc_refs", "bcc_refs"};
    const char *other;
    const json_t *object;
    json_object_foreach((json_t *)(uintptr_t)objects, other, object)
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
            const json_t *refs = json_object_get(object, ends[i]);
            if (toc_slice_is(toc_json_text(object, ends[i]), key))
                return true;
            for (size_t k = 0; k < json_array_size(refs); k++)
                if (strcmp(json_string_value(json_array_get(refs, k)) == NULL
                                    ? ""
                                    : json_string_value(json_array_get(refs, k)),
                            key) == 0)
                    return true;
        }
    return false;
}

static toc_rc read_embedded(struct job *job, const json_t *objects)
{
    const char *key;
    const json_t *object;
    json_object_foreach((json_t *)(uintptr_t)objects, key, object)
    {
        struct toc_slice type = toc_json_text(object, "type");
        if (type.ptr == NULL)
            TOC_TRY(refuse_property(job, "objects: type"));
        else if (has_role_in(objects, key))
            TOC_TRY(refuse(job, TOC_REFUSAL_STIX_ROLE, "objects:", type));
        else
            TOC_TRY(emit_observable(job, object));
    }
    return TOC_OK;
}

static toc_rc read_observed_data(struct job *job)
{
    const json_t *refs = json_object_get(job->object, "object_refs");
    const json_t *objects = json_object_get(job->object, "objects");
    const char *wrong = domain_object(job);
    if (wrong == NULL)
        wrong = seen_properties(job, "first_observed", "last_observed", "number_observed", true);
    if (wrong == NULL && !json_is_array(refs) && !json_is_object(objects))
        wrong = "object_refs";
    if (wrong == NULL &&
            (json_array_size(refs) > TOC_STIX_VALUES_MAX || json_object_size(objects) > TOC_STIX_VALUES_MAX))
        wrong = "object_refs: too many";
    if (wrong != NULL)
        return refuse_property(job, wrong);
    for (size_t i = 0; i < json_array_size(refs); i++) {
        const json_t *ref = json_array_get(refs, i);
        TOC_TRY(read_object_ref(job, toc_slice(json_string_value(ref), json_string_length(ref))));
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
    toc_rc (*read)(struct job *); // NULL: context of others, or nothing an indicator could come from
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
static toc_rc read_speaking(struct job *job, toc_rc (*read)(struct job *))
{
    struct toc_stix_reader *r = job->reader;
    char type[64];
    enum toc_refusal why;
    snprintf(type, sizeof type, "%.*s", TOC_SLICE_ARG(job->type)); // one of the table
    if (!toc_stix_id_is(job->id, type))
        return refuse_property(job, "id");
    if (is_echo(job))
        return refuse(job, TOC_REFUSAL_READ_ECHO, "", job->type);
    if (!effective(&r->options, toc_stix_stated(&r->context, job->object, NULL), &job->marking, &why))
        return refuse(job, why, "", job->type);
    job->node = toc_stix_node_find(&r->context, job->id);
    toc_draft_init(&job->draft, r->options.base, job->arena);
    job->draft.obs.origin = toc_arena_copy(job->arena, job->id);
    toc_draft_tags(&job->draft, json_object_get(job->object, "labels"));
    toc_draft_description(&job->draft, job->object);
    toc_draft_references(&job->draft, json_object_get(job->object, "external_references"));
    add_context(job, job->node);
    return read(job);
}

toc_rc toc_stix_read(struct toc_stix_reader *reader, const json_t *object, struct toc_arena *arena,
        const struct toc_stix_sink *sink, struct toc_err *err)
{
    struct job job = {.reader = reader, .object = object, .sink = sink, .arena = arena, .err = err,
            .type = toc_json_text(object, "type"), .id = toc_json_text(object, "id")};
    reader->counts.objects++;
    if (job.type.ptr == NULL)
        return refuse_property(&job, "type");
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (!toc_slice_is(job.type, readers[i].type))
            continue;
        if (readers[i].read != NULL)
            return read_speaking(&job, readers[i].read);
        reader->counts.context++;
        return TOC_OK;
    }
    return refuse(&job, TOC_REFUSAL_STIX_TYPE, "", job.type);
}
