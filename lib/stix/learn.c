// First pass: what objects tell of others. Nothing is refused here; what is malformed teaches nothing.
#include "lib/base/json.h"
#include "lib/indicator/canon.h"
#include "lib/stix/object.h"
#include "lib/stix/pattern.h"
#include "lib/stix/reader.h"

#define CVES_MAX 8 // of one vulnerability

enum toc_refusal toc_stix_canon(
        struct toc_stix_reader *reader, enum toc_kind *kind, struct toc_slice raw)
{
    unsigned notes = 0;
    toc_buf_clear(&reader->value);
    enum toc_refusal refusal = toc_canon(kind, raw, &reader->value, &notes);
    if (refusal == TOC_REFUSAL_CANON_URL_SCHEME && reader->options.assume_scheme)
        refusal = toc_canon_assumed(raw, &reader->value, &notes);
    return refusal;
}

static void add_value(struct toc_stix_reader *r, struct toc_stix_node *node, enum toc_kind kind,
        struct toc_slice raw)
{
    if (toc_stix_canon(r, &kind, raw) != TOC_REFUSAL_NONE)
        return;
    struct toc_slice value = toc_stix_context_copy(&r->context, toc_buf_slice(&r->value));
    if (value.ptr != NULL)
        node->values[node->value_count++] = (struct toc_stix_value){kind, value};
}

static bool reserve_values(struct toc_stix_reader *r, struct toc_stix_node *node, size_t count)
{
    node->value_count = 0;
    node->values = toc_arena_alloc(&r->context.arena, count, sizeof *node->values);
    r->context.lost += node->values == NULL;
    return node->values != NULL;
}

static void learn_indicator(
        struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    struct toc_pattern pattern;
    struct toc_slice type = toc_json_text(object, "pattern_type");
    toc_arena_reset(&r->scratch);
    if ((type.ptr != NULL && !toc_slice_is(type, "stix")) ||
            toc_pattern_parse(toc_json_text(object, "pattern"), &r->scratch, &pattern, NULL) !=
                    TOC_REFUSAL_NONE ||
            !reserve_values(r, node, pattern.count))
        return;
    for (size_t i = 0; i < pattern.count; i++)
        add_value(r, node, pattern.terms[i].kind, pattern.terms[i].value);
}

static struct toc_stix_node *node_of(struct toc_stix_reader *r, const json_t *ref)
{
    struct toc_slice id = toc_json_string(ref);
    return toc_stix_id_valid(id) ? toc_stix_node_make(&r->context, id) : NULL;
}

// Sets a flag on what one property or list of them refers to.
static void flag_refs(struct toc_stix_reader *r, const json_t *refs, unsigned flag)
{
    size_t count = json_is_array(refs) ? json_array_size(refs) : json_is_string(refs);
    for (size_t i = 0; i < count; i++) {
        struct toc_stix_node *node =
                node_of(r, json_is_array(refs) ? json_array_get(refs, i) : refs);
        if (node != NULL)
            node->flags |= flag;
    }
}

static void learn_observable(
        struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    struct toc_stix_raw raw[TOC_STIX_HASHES_MAX];
    const char *wrong;
    const json_t *resolves = json_object_get(object, "resolves_to_refs");
    size_t count = toc_stix_observable(object, raw, &wrong);
    if (count > 0 && reserve_values(r, node, count))
        for (size_t i = 0; i < count; i++)
            add_value(r, node, raw[i].kind, raw[i].value);
    flag_refs(r, resolves, TOC_STIX_NODE_HELD);
    for (size_t i = 0; i < json_array_size(resolves); i++)
        toc_stix_node_link(&r->context, node, node_of(r, json_array_get(resolves, i)),
                TOC_STIX_LINK_RESOLVES_TO, TOC_STIX_UNMARKED);
}

static void learn_observed(
        struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    (void)node;
    flag_refs(r, json_object_get(object, "object_refs"), TOC_STIX_NODE_HELD);
}

static void learn_ends(struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    (void)node;
    for (size_t i = 0; toc_stix_ends[i] != NULL; i++)
        flag_refs(r, json_object_get(object, toc_stix_ends[i]), TOC_STIX_NODE_ROLE);
}

static void learn_container(
        struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    const json_t *refs = json_object_get(object, "object_refs");
    const json_t *external = json_array_get(json_object_get(object, "external_references"), 0);
    node->id = toc_stix_context_copy(&r->context, toc_json_text(object, "id"));
    node->url = toc_stix_context_copy(&r->context, toc_json_text(external, "url"));
    for (size_t i = 0; i < json_array_size(refs); i++)
        toc_stix_node_link(&r->context, node_of(r, json_array_get(refs, i)), node,
                TOC_STIX_LINK_REPORT, TOC_STIX_UNMARKED);
}

static void learn_marking(
        struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    (void)r;
    node->flags |= TOC_STIX_NODE_DEFINES;
    node->defines = toc_stix_marking_says(object);
}

// ---- names -----------------------------------------------------------------------------------

// The id a framework gives: T1566.001, CVE-2021-44228.
static struct toc_slice framework_id(const json_t *object, const char *source)
{
    const json_t *refs = json_object_get(object, "external_references");
    for (size_t i = 0; i < json_array_size(refs); i++) {
        const json_t *ref = json_array_get(refs, i);
        struct toc_slice name = toc_json_text(ref, "source_name");
        if (toc_slice_starts(name, toc_slice_of(source)))
            return toc_json_text(ref, "external_id");
    }
    return (struct toc_slice){NULL, 0};
}

size_t toc_stix_cves(const json_t *object, struct toc_slice *out, size_t max)
{
    const json_t *refs = json_object_get(object, "external_references");
    struct toc_slice name = toc_json_text(object, "name");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(refs) && count < max; i++) {
        const json_t *ref = json_array_get(refs, i);
        struct toc_slice id = toc_json_text(ref, "external_id");
        if (toc_slice_is(toc_json_text(ref, "source_name"), "cve") && id.ptr != NULL)
            out[count++] = id;
    }
    if (count == 0 && max > 0 && name.len > 4 &&
            toc_slice_eq_nocase(toc_slice_sub(name, 0, 4), TOC_S("CVE-")))
        out[count++] = name;
    return count;
}

static void learn_name(struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    static const struct {
        const char *type, *prefix, *framework;
    } rows[] = {
            {"malware", "malware:", NULL},
            {"tool", "tool:", NULL},
            {"threat-actor", "actor:", NULL},
            {"intrusion-set", "actor:", NULL},
            {"campaign", "campaign:", NULL},
            {"attack-pattern", "technique:", "mitre-"},
            {"vulnerability", "vulnerability:", "cve"},
    };
    if (toc_json_true(object, "revoked"))
        return;
    struct toc_slice type = toc_json_text(object, "type"), name = toc_json_text(object, "name");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!toc_slice_is(type, rows[i].type))
            continue;
        struct toc_slice id = {NULL, 0};
        if (rows[i].framework != NULL)
            id = framework_id(object, rows[i].framework);
        node->tag = toc_stix_tag(&r->context.arena, rows[i].prefix, id.ptr == NULL ? name : id);
    }
    /*= STIX 2.1 section 4.11: sample_refs name files of the malware */
    const json_t *samples = json_object_get(object, "sample_refs");
    for (size_t i = 0; i < json_array_size(samples); i++)
        toc_stix_node_link(&r->context, node_of(r, json_array_get(samples, i)), node,
                TOC_STIX_LINK_TAG, TOC_STIX_UNMARKED);
}

static void learn_relationship(
        struct toc_stix_reader *r, struct toc_stix_node *node, const json_t *object)
{
    static const struct {
        const char *name;
        enum toc_stix_link_type type;
        bool backward; // the target gains, not the source
    } rows[] = {
            {"indicates", TOC_STIX_LINK_TAG, false},
            {"uses", TOC_STIX_LINK_TAG,
                    false}, // indicator uses technique: not of the standard, but met
            {"communicates-with", TOC_STIX_LINK_TAG, true},
            {"beacons-to", TOC_STIX_LINK_TAG, true},
            {"exfiltrates-to", TOC_STIX_LINK_TAG, true},
            {"controls", TOC_STIX_LINK_TAG, true},
            {"drops", TOC_STIX_LINK_TAG, true},
            {"resolves-to", TOC_STIX_LINK_RESOLVES_TO, false},
            {"downloaded-from", TOC_STIX_LINK_DOWNLOADED_FROM, false},
    };
    (void)node;
    struct toc_slice type = toc_json_text(object, "relationship_type");
    if (toc_json_true(object, "revoked"))
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!toc_slice_is(type, rows[i].name))
            continue;
        struct toc_stix_node *source = node_of(r, json_object_get(object, "source_ref"));
        struct toc_stix_node *target = node_of(r, json_object_get(object, "target_ref"));
        struct toc_stix_node *gains = rows[i].backward ? target : source;
        struct toc_stix_node *gives = rows[i].backward ? source : target;
        if (rows[i].type == TOC_STIX_LINK_RESOLVES_TO && target != NULL)
            target->flags |= TOC_STIX_NODE_HELD;
        toc_stix_node_link(&r->context, gains, gives, rows[i].type,
                toc_stix_stated(&r->context, object, NULL));
    }
}

static const struct {
    const char *type;
    void (*learn)(struct toc_stix_reader *, struct toc_stix_node *, const json_t *);
    bool nodeless; // what it says stands at others
} lessons[] = {
        {"indicator", learn_indicator, false},
        {"observed-data", learn_observed, true},
        {"ipv4-addr", learn_observable, false},
        {"ipv6-addr", learn_observable, false},
        {"domain-name", learn_observable, false},
        {"url", learn_observable, false},
        {"email-addr", learn_observable, false},
        {"file", learn_observable, false},
        {"artifact", learn_observable, false},
        {"network-traffic", learn_ends, true},
        {"email-message", learn_ends, true},
        {"report", learn_container, false},
        {"grouping", learn_container, false},
        {"marking-definition", learn_marking, false},
        {"malware", learn_name, false},
        {"tool", learn_name, false},
        {"threat-actor", learn_name, false},
        {"intrusion-set", learn_name, false},
        {"campaign", learn_name, false},
        {"attack-pattern", learn_name, false},
        {"vulnerability", learn_name, false},
        {"relationship", learn_relationship, true},
};

static void learn_by(struct toc_stix_reader *r, size_t lesson, const json_t *object)
{
    struct toc_stix_node *node = NULL;
    if (!lessons[lesson].nodeless) {
        node = toc_stix_node_make(&r->context, toc_json_text(object, "id"));
        if (node == NULL)
            return;
        int stated = toc_stix_stated(&r->context, object, node);
        node->marking = stated > node->marking ? stated : node->marking;
        node->flags |= TOC_STIX_NODE_LEARNT;
    }
    lessons[lesson].learn(r, node, object);
}

void toc_stix_learn(struct toc_stix_reader *reader, const json_t *object)
{
    struct toc_slice type = toc_json_text(object, "type");
    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++)
        if (toc_slice_is(type, lessons[i].type) && toc_stix_id_valid(toc_json_text(object, "id")))
            learn_by(reader, i, object);
    reader->counts.context_lost = reader->context.lost;
}
