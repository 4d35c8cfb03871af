#include "lib/stix/object.h"

#include "lib/base/json.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/kind.h"
#include "lib/indicator/limits.h"

#define UUID_BYTES 36
#define ORIGIN_BYTES_MAX 128 // schemas/observation.avsc

static bool is_lower_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool toc_stix_id_valid(struct toc_slice id)
{
    static const char shape[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
    if (id.len < UUID_BYTES + 3 || id.len > ORIGIN_BYTES_MAX)
        return false;
    struct toc_slice type = toc_slice_sub(id, 0, id.len - UUID_BYTES - 2);
    for (size_t i = 0; i < type.len; i++) {
        uint8_t c = type.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    const uint8_t *uuid = id.ptr + type.len + 2;
    for (size_t i = 0; i < UUID_BYTES; i++)
        if (shape[i] == 'h' ? !is_lower_hex(uuid[i]) : uuid[i] != '-')
            return false;
    return id.ptr[type.len] == '-' && id.ptr[type.len + 1] == '-';
}

bool toc_stix_id_is(struct toc_slice id, const char *type)
{
    struct toc_slice name = toc_slice_of(type);
    return toc_stix_id_valid(id) && id.len == name.len + 2 + UUID_BYTES &&
           toc_slice_starts(id, name);
}

bool toc_stix_time(const json_t *object, const char *name, int64_t *out)
{
    struct toc_slice text = toc_json_text(object, name);
    return text.len >= 20 && text.ptr[10] == 'T' && text.ptr[text.len - 1] == 'Z' &&
           toc_time_parse(text, out);
}

bool toc_stix_time_if(const json_t *object, const char *name, int64_t *out)
{
    *out = 0;
    return json_object_get(object, name) == NULL || toc_stix_time(object, name, out);
}

struct toc_slice toc_stix_text(struct toc_arena *arena, struct toc_slice raw, size_t max)
{
    struct toc_buf safe;
    toc_buf_init(&safe, TOC_TEXT_BYTES_MAX + 64);
    toc_text_safe(&safe, raw);
    struct toc_slice copy =
            toc_arena_copy(arena, toc_slice_trim(toc_utf8_cut(toc_buf_slice(&safe), max)));
    if (safe.failed)
        copy.ptr = NULL;
    toc_buf_done(&safe);
    return copy;
}

struct toc_slice toc_stix_tag(struct toc_arena *arena, const char *prefix, struct toc_slice name)
{
    uint8_t *text = toc_arena_alloc(arena, TOC_ID_BYTES_MAX, 1);
    if (text == NULL)
        return (struct toc_slice){NULL, 0};
    size_t len = strlen(prefix), start = len;
    memcpy(text, prefix, len);
    for (size_t i = 0; i < name.len && len < TOC_ID_BYTES_MAX; i++) {
        uint8_t c = name.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (c == '"')
            continue; // misp:type="md5"
        if (!letter && (c == 0 || strchr("._:=", c) == NULL))
            c = '-';
        if (!letter && (len == start || (c == '-' && text[len - 1] == '-')))
            continue;
        text[len++] = c;
    }
    while (len > start && text[len - 1] == '-')
        len--;
    return toc_slice(text, len == start ? 0 : len);
}

// ---- markings --------------------------------------------------------------------------------

const struct toc_stix_tlp toc_stix_tlp[TOC_MARKING_COUNT] = {
        {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "TLP:CLEAR", "clear"},
        {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "TLP:GREEN", "green"},
        {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "TLP:AMBER", "amber"},
        {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "TLP:AMBER+STRICT",
                "amber+strict"},
        {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "TLP:RED", "red"},
};

/*= STIX 2.1 section 7.2.1.4 (TLP v1); OpenCTI's own id of AMBER+STRICT; the statement of MITRE
 *  ATT&CK, which bundles refer to without carrying it. */
static const struct {
    const char *id;
    int marking;
} other_markings[] = {
        {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", TOC_MARKING_CLEAR},
        {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", TOC_MARKING_GREEN},
        {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", TOC_MARKING_AMBER},
        {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", TOC_MARKING_RED},
        {"marking-definition--826578e1-40ad-459f-bc73-ede076f81f37", TOC_MARKING_AMBER_STRICT},
        {"marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168", -1},
};

int toc_stix_marking_known(struct toc_slice id)
{
    for (int i = 0; i < TOC_MARKING_COUNT; i++)
        if (toc_slice_is(id, toc_stix_tlp[i].id))
            return i;
    for (size_t i = 0; i < sizeof other_markings / sizeof *other_markings; i++)
        if (toc_slice_is(id, other_markings[i].id))
            return other_markings[i].marking;
    return -2;
}

// "amber+strict", "AMBER_STRICT", "white": -2 when unknown.
static int tlp_word(struct toc_slice word)
{
    static const struct {
        const char *word;
        int marking;
    } words[] = {
            {"clear", TOC_MARKING_CLEAR},
            {"white", TOC_MARKING_CLEAR},
            {"green", TOC_MARKING_GREEN},
            {"amber", TOC_MARKING_AMBER},
            {"amber+strict", TOC_MARKING_AMBER_STRICT},
            {"amber_strict", TOC_MARKING_AMBER_STRICT},
            {"amber-strict", TOC_MARKING_AMBER_STRICT},
            {"red", TOC_MARKING_RED},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (toc_slice_eq_nocase(word, toc_slice_of(words[i].word)))
            return words[i].marking;
    return -2;
}

int toc_stix_marking_says(const json_t *definition)
{
    struct toc_slice type = toc_json_text(definition, "definition_type");
    const json_t *body = json_object_get(definition, "definition"), *extension;
    const char *name;
    if (toc_slice_is(type, "statement"))
        return json_is_object(json_object_get(definition, "extensions")) ? -2 : -1;
    if (toc_slice_is(type, "tlp"))
        return tlp_word(toc_json_text(body, "tlp"));
    json_object_foreach((json_t *)(uintptr_t)json_object_get(definition, "extensions"), name,
            extension) if (toc_json_text(extension, "tlp_2_0").ptr !=
                           NULL) return tlp_word(toc_json_text(extension, "tlp_2_0"));
    return -2;
}

int toc_stix_label_marking(struct toc_slice label)
{
    if (label.len < 4 || !toc_slice_eq_nocase(toc_slice_sub(label, 0, 4), TOC_S("tlp:")))
        return -1;
    int marking = tlp_word(toc_slice_sub(label, 4, label.len));
    return marking < 0 ? TOC_MARKING_RED : marking;
}

// ---- cyber observables -----------------------------------------------------------------------

const char *const toc_stix_ends[] = {
        "src_ref", "dst_ref", "from_ref", "sender_ref", "to_refs", "cc_refs", "bcc_refs", NULL};

// The same letters and digits, whatever the case and the hyphens.
static bool hash_name_is(struct toc_slice name, const char *plain)
{
    size_t i = 0;
    for (size_t k = 0; k < name.len; k++) {
        char c = (char)name.ptr[k];
        if (c == '-')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (plain[i] == '\0' || plain[i++] != c)
            return false;
    }
    return plain[i] == '\0';
}

enum toc_kind toc_stix_hash_kind(struct toc_slice name)
{
    static const enum toc_kind kinds[] = {
            TOC_KIND_MD5, TOC_KIND_SHA1, TOC_KIND_SHA256, TOC_KIND_SHA512};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (hash_name_is(name, toc_kind_row(kinds[i])->name))
            return kinds[i];
    return TOC_KIND_UNKNOWN;
}

static size_t hashes(
        const json_t *object, struct toc_stix_raw out[TOC_STIX_HASHES_MAX], const char **wrong)
{
    json_t *all = json_object_get(object, "hashes"), *value;
    const char *name;
    size_t count = 0;
    if (all != NULL && !json_is_object(all))
        *wrong = "hashes";
    json_object_foreach(all, name, value)
    {
        enum toc_kind kind = toc_stix_hash_kind(toc_slice_of(name));
        if (kind == TOC_KIND_UNKNOWN || count == TOC_STIX_HASHES_MAX)
            continue;
        if (!json_is_string(value))
            *wrong = "hashes";
        out[count++] = (struct toc_stix_raw){kind, toc_json_string(value)};
    }
    return count;
}

size_t toc_stix_observable(
        const json_t *object, struct toc_stix_raw out[TOC_STIX_HASHES_MAX], const char **wrong)
{
    static const struct {
        const char *type;
        enum toc_kind kind;
    } rows[] = {
            {"ipv4-addr", TOC_KIND_IPV4},
            {"ipv6-addr", TOC_KIND_IPV6},
            {"domain-name", TOC_KIND_DOMAIN},
            {"url", TOC_KIND_URL},
            {"email-addr", TOC_KIND_EMAIL},
    };
    struct toc_slice type = toc_json_text(object, "type");
    *wrong = NULL;
    if (toc_slice_is(type, "file") || toc_slice_is(type, "artifact"))
        return hashes(object, out, wrong);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!toc_slice_is(type, rows[i].type))
            continue;
        out[0] = (struct toc_stix_raw){rows[i].kind, toc_json_text(object, "value")};
        if (out[0].value.ptr == NULL)
            *wrong = "value";
        /*= STIX 2.1 sections 6.7, 6.8: an address object may hold a network in CIDR notation */
        else if (i < 2 && toc_slice_has(out[0].value, '/'))
            out[0].kind = TOC_KIND_CIDR;
        return *wrong == NULL;
    }
    return 0;
}
