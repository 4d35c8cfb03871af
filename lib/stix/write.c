#include "lib/stix/write.h"

#include <stdio.h>

#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/identity.h"
#include "lib/indicator/key.h"
#include "lib/stix/object.h"
#include "lib/stix/pattern.h"

#define SPEC "2.1"
#define TLP_CREATED INT64_C(1664582400000) // 2022-10-01, of all TLP 2.0 markings
#define PATTERN_BYTES_MAX (16 * 1024) // a value of 2,048 bytes, each escaped, and the words around

// The TLP 2.0 extension as OASIS publishes it (cti-stix-common-objects): id, author, times and texts
// are theirs, since one id and time may name one content only.
#define TLP_EXTENSION "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
#define TLP_AUTHOR "identity--b3bca3c2-1f3d-4b54-b44f-dac42c3a8f01"
#define TLP_SCHEMA                                                                                 \
    "https://github.com/oasis-open/cti-stix-common-objects/tree/master/"                           \
    "extension-definition-specifications/tlp-2.0"

static void put(struct toc_jw *w, const char *key, const char *text)
{
    toc_jw_key(w, key);
    toc_jw_text(w, toc_slice_of(text));
}

static void put_time(struct toc_jw *w, const char *key, int64_t ms)
{
    toc_jw_key(w, key);
    toc_jw_time(w, ms);
}

static void put_list(struct toc_jw *w, const char *key, const char *only)
{
    toc_jw_key(w, key);
    toc_jw_open(w, '[');
    toc_jw_text(w, toc_slice_of(only));
    toc_jw_close(w, ']');
}

// ---- what every bundle carries ---------------------------------------------------------------

static void write_identity(struct toc_jw *w)
{
    toc_jw_open(w, '{');
    put(w, "type", "identity");
    put(w, "spec_version", SPEC);
    put(w, "id", TOC_IDENTITY_STIX);
    put_time(w, "created", TLP_CREATED);
    put_time(w, "modified", TLP_CREATED);
    put(w, "name", TOC_IDENTITY_NAME);
    put(w, "description",
            "A federated exchange hub; what it says merges the words of its members.");
    put(w, "identity_class", "system");
    toc_jw_close(w, '}');
}

static void write_extension(struct toc_jw *w)
{
    toc_jw_open(w, '{');
    put(w, "type", "extension-definition");
    put(w, "spec_version", SPEC);
    put(w, "id", TLP_EXTENSION);
    put_time(w, "created", TLP_CREATED);
    put_time(w, "modified", TLP_CREATED);
    put(w, "created_by_ref", TLP_AUTHOR);
    put(w, "name", "TLP 2.0");
    put(w, "description", "This defines TLP 2.0 as a STIX extension");
    put(w, "schema", TLP_SCHEMA);
    put(w, "version", "1.0.0");
    put_list(w, "extension_types", "property-extension");
    toc_jw_close(w, '}');
}

static void write_marking(struct toc_jw *w, enum toc_marking marking)
{
    toc_jw_open(w, '{');
    put(w, "type", "marking-definition");
    put(w, "spec_version", SPEC);
    put(w, "id", toc_stix_tlp[marking].id);
    put_time(w, "created", TLP_CREATED);
    put(w, "name", toc_stix_tlp[marking].name);
    toc_jw_key(w, "extensions");
    toc_jw_open(w, '{');
    toc_jw_key(w, TLP_EXTENSION);
    toc_jw_open(w, '{');
    put(w, "extension_type", "property-extension");
    put(w, "tlp_2_0", toc_stix_tlp[marking].word);
    toc_jw_close(w, '}');
    toc_jw_close(w, '}');
    toc_jw_close(w, '}');
}

void toc_stix_bundle_open(struct toc_jw *w, const struct toc_stix_bundle *bundle)
{
    char time[32], id[TOC_STIX_ID_MAX];
    uint8_t digest[TOC_SHA256_BYTES];
    snprintf(time, sizeof time, "%lld", (long long)bundle->time);
    const struct toc_slice parts[] = {
            toc_slice_of(bundle->audience), TOC_S("\n"), toc_slice_of(time)};
    toc_sha256_parts(parts, sizeof parts / sizeof *parts, digest);
    toc_identity_stix_id("bundle", digest, id);
    toc_jw_open(w, '{');
    put(w, "type", "bundle");
    put(w, "id", id);
    toc_jw_key(w, "objects");
    toc_jw_open(w, '[');
    write_identity(w);
    write_extension(w);
    write_marking(w, bundle->marking);
}

void toc_stix_bundle_close(struct toc_jw *w)
{
    toc_jw_close(w, ']');
    toc_jw_close(w, '}');
}

// ---- one indicator ---------------------------------------------------------------------------

static void write_common(struct toc_jw *w, const char *type, const struct toc_stix_bundle *bundle,
        const struct toc_indicator *indicator, int64_t published)
{
    char id[TOC_STIX_ID_MAX];
    uint8_t key[TOC_KEY_BYTES];
    toc_indicator_key(indicator->kind, indicator->value, key);
    toc_identity_stix_id(type, key, id);
    put(w, "type", type);
    put(w, "spec_version", SPEC);
    put(w, "id", id);
    put(w, "created_by_ref", TOC_IDENTITY_STIX);
    put_time(w, "created", indicator->born);
    int64_t from = published > indicator->born ? published : indicator->born;
    put_time(w, "modified", from + (indicator->n > 1 ? indicator->n - 1 : 0));
    if (indicator->now.status == TOC_STATUS_WITHDRAWN || indicator->now.status == TOC_STATUS_GONE) {
        toc_jw_key(w, "revoked");
        toc_jw_bool(w, true);
    }
    toc_jw_key(w, "confidence");
    toc_jw_int(w, indicator->now.confidence);
    put_list(w, "object_marking_refs", toc_stix_tlp[bundle->marking].id);
}

static void write_labels(struct toc_jw *w, const struct toc_facts *now)
{
    char own[64];
    toc_jw_key(w, "labels");
    toc_jw_open(w, '[');
    snprintf(own, sizeof own, TOC_IDENTITY_TAG "advice=%s", toc_advice_symbol(now->advice));
    toc_jw_text(w, toc_slice_of(own));
    if (now->has_score) {
        snprintf(own, sizeof own, TOC_IDENTITY_TAG "score=%d", now->score);
        toc_jw_text(w, toc_slice_of(own));
    }
    for (size_t i = 0; i < now->tags_count; i++)
        toc_jw_text(w, now->tags[i]);
    toc_jw_close(w, ']');
}

/*= STIX 2.1 section 2.5.2: source_name, and one of description, url, external_id at least; names that
 *  registries own (cve, capec) bind the id's form, so such a reference of a member is not repeated. */
static bool reference_writable(const struct toc_reference *ref, bool *url)
{
    *url = ref->url.len > 0 && toc_canon_check(TOC_KIND_URL, ref->url) == TOC_REFUSAL_NONE;
    return !toc_slice_eq_nocase(ref->source, TOC_S("cve")) &&
           !toc_slice_eq_nocase(ref->source, TOC_S("capec")) && (*url || ref->id.len > 0);
}

static void write_reference(
        struct toc_jw *w, struct toc_slice source, struct toc_slice id, struct toc_slice url)
{
    toc_jw_open(w, '{');
    toc_jw_key(w, "source_name");
    toc_jw_text(w, source.len == 0 ? TOC_S("reference") : source);
    if (id.len > 0) {
        toc_jw_key(w, "external_id");
        toc_jw_text(w, id);
    }
    if (url.len > 0) {
        toc_jw_key(w, "url");
        toc_jw_text(w, url);
    }
    toc_jw_close(w, '}');
}

static void write_references(struct toc_jw *w, const struct toc_indicator *indicator)
{
    bool open = indicator->kind == TOC_KIND_CVE, url;
    if (open) {
        toc_jw_key(w, "external_references");
        toc_jw_open(w, '[');
        write_reference(w, TOC_S("cve"), indicator->value, TOC_S(""));
    }
    for (size_t i = 0; i < indicator->references_count; i++) {
        const struct toc_reference *ref = &indicator->references[i];
        if (!reference_writable(ref, &url))
            continue;
        if (!open) {
            toc_jw_key(w, "external_references");
            toc_jw_open(w, '[');
            open = true;
        }
        write_reference(w, ref->source, ref->id, url ? ref->url : TOC_S(""));
    }
    if (open)
        toc_jw_close(w, ']');
}

// "Advice block, score 85; at least 3 organisations, government and private agree."
static void write_description(struct toc_jw *w, const struct toc_facts *now)
{
    char text[160], score[24] = "", who[48];
    if (now->has_score)
        snprintf(score, sizeof score, ", score %d", now->score);
    if (now->organisations > 2)
        snprintf(who, sizeof who, "at least %d organisations", now->organisations);
    else
        snprintf(who, sizeof who, "1 or 2 organisations");
    snprintf(text, sizeof text, "Advice %s%s; %s%s.", toc_advice_symbol(now->advice), score, who,
            now->corroborated ? ", government and private agree" : "");
    put(w, "description", text);
}

static void write_validity(struct toc_jw *w, const struct toc_indicator *indicator)
{
    const struct toc_facts *now = &indicator->now;
    int64_t from = now->first_seen > 0 ? now->first_seen : indicator->born;
    int64_t until = indicator->has_drop_after ? indicator->drop_after : now->valid_until;
    put_time(w, "valid_from", from);
    if (until > from)
        put_time(w, "valid_until", until);
}

void toc_stix_write_indicator(struct toc_jw *w, const struct toc_stix_bundle *bundle,
        const struct toc_indicator *indicator, int64_t published)
{
    bool cve = indicator->kind == TOC_KIND_CVE;
    toc_jw_open(w, '{');
    write_common(w, cve ? "vulnerability" : "indicator", bundle, indicator, published);
    toc_jw_key(w, "name");
    toc_jw_text(w, indicator->value);
    write_description(w, &indicator->now);
    write_labels(w, &indicator->now);
    write_references(w, indicator);
    if (!cve) {
        struct toc_buf pattern;
        toc_buf_init(&pattern, PATTERN_BYTES_MAX);
        toc_pattern_put(&pattern, indicator->kind, indicator->value);
        put_list(w, "indicator_types", "malicious-activity");
        toc_jw_key(w, "pattern");
        toc_jw_text(w, toc_buf_slice(&pattern));
        put(w, "pattern_type", "stix");
        put(w, "pattern_version", SPEC);
        write_validity(w, indicator);
        toc_buf_done(&pattern);
    }
    toc_jw_close(w, '}');
}
