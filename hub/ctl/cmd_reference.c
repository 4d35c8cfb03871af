// tocsinctl reference: add | use | drop | list. add puts the bytes of a set into the topic `reference`; use makes
// them count, and only once they read back by digest.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/log.h"
#include "hub/reference/reference.h"
#include "hub/worker/library.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/bus/producer.h"
#include "lib/indicator/psl.h"
#include "lib/indicator/topics.h"
#include "schemas/reference_chunk.h"

#define CHUNK_BYTES ((size_t)400 * 1024)
#define SEND_TIMEOUT_MS 60000

struct set {
    struct toc_reference_use use;
    struct toc_buf bytes;
};

// The published list of public suffixes becomes the ASCII rules that hubs take; rules in ASCII stay as they are.
static toc_rc in_ascii(struct toc_buf *bytes, struct toc_err *err)
{
    size_t at = 0;
    while (at < bytes->len && bytes->ptr[at] < 0x80)
        at++;
    if (at == bytes->len)
        return TOC_OK;
    struct toc_buf rules;
    toc_buf_init(&rules, TOC_REFERENCE_BYTES_MAX);
    toc_rc rc = toc_psl_import(toc_buf_slice(bytes), &rules, err);
    if (toc_failed(rc)) {
        toc_buf_done(&rules);
        return rc;
    }
    toc_buf_done(bytes);
    *bytes = rules;
    return TOC_OK;
}

static toc_rc read_set(const char *file, const char *name, const char *type, const char *effect, const char *version,
        struct set *out, struct toc_err *err)
{
    toc_reference_use_init(&out->use);
    TOC_ENSURE(toc_id_valid(toc_slice_of(name)), err, TOC_E_USAGE, "%s is not of the form [a-z0-9][a-z0-9._-]{0,62}", name);
    TOC_ENSURE(!toc_reference_reserved(toc_slice_of(name)), err, TOC_E_USAGE, "%s is always in force and made by the hub itself",
            name);
    TOC_ENSURE(toc_reference_type_parse(toc_slice_of(type), &out->use.type), err, TOC_E_USAGE,
            "types: warninglist public-suffixes never-block dynamic-dns");
    TOC_ENSURE(toc_reference_effect_parse(toc_slice_of(effect), &out->use.effect), err, TOC_E_USAGE,
            "effects: annotate cap never-block");
    TOC_ENSURE(toc_text_is_safe(toc_slice_of(version)), err, TOC_E_USAGE, "the version is not one line of text");
    out->use.name = toc_slice_of(name);
    out->use.version = toc_slice_of(version);
    toc_buf_init(&out->bytes, TOC_REFERENCE_BYTES_MAX);
    TOC_TRY(toc_file_read(file, &out->bytes, err));
    if (out->use.type == TOC_REFERENCE_TYPE_PUBLIC_SUFFIXES)
        TOC_TRY(in_ascii(&out->bytes, err));
    out->use.length = (int64_t)out->bytes.len;
    toc_sha256(out->bytes.ptr, out->bytes.len, out->use.digest);
    return TOC_OK;
}

// A set that does not compile here would stop every hub.
static toc_rc try_set(const struct set *set, struct toc_err *err)
{
    struct toc_reference_set *compiled;
    const char *why;
    TOC_TRY(toc_reference_compile(&set->use, toc_buf_slice(&set->bytes), &compiled, err));
    printf("%.*s: %zu entries", TOC_SLICE_ARG(set->use.name), toc_reference_entries(compiled));
    if (toc_reference_skipped(compiled) != 0)
        printf("; %zu without a canonical form match nothing", toc_reference_skipped(compiled));
    if (toc_reference_unsupported(compiled, &why))
        printf("; not supported, never matches: %s", why);
    printf("\n");
    toc_reference_unref(compiled);
    return TOC_OK;
}

static toc_rc send_chunk(struct toc_producer *producer, const char *topic, const struct set *set, int32_t at, int32_t count,
        struct toc_err *err)
{
    struct toc_reference_chunk chunk = {.chunk = at, .chunks = count};
    struct toc_buf value, key;
    memcpy(chunk.digest, set->use.digest, sizeof chunk.digest);
    chunk.bytes = toc_slice_sub(toc_buf_slice(&set->bytes), (size_t)at * CHUNK_BYTES, CHUNK_BYTES);
    toc_buf_init(&value, CHUNK_BYTES + 1024);
    toc_buf_init(&key, 128);
    toc_reference_chunk_put(&chunk, &value);
    toc_buf_put_hex(&key, chunk.digest, sizeof chunk.digest);
    toc_buf_printf(&key, "/%d", at);
    const struct toc_send send = {.topic = topic, .key = toc_buf_slice(&key), .value = toc_buf_slice(&value)};
    toc_rc rc = toc_buf_check(&value, "a chunk", err);
    if (!toc_failed(rc))
        rc = toc_producer_send(producer, &send, NULL, err);
    if (!toc_failed(rc))
        rc = toc_producer_flush(producer, SEND_TIMEOUT_MS, err);
    toc_buf_done(&value);
    toc_buf_done(&key);
    return rc;
}

static void delivered(void *ctx, const struct toc_delivery *delivery)
{
    if (delivery->error != NULL)
        *(struct toc_err *)ctx = *delivery->error;
}

static toc_rc send_set(struct ctl *ctl, const struct set *set, struct toc_err *err)
{
    struct toc_topic_name topic = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_REFERENCE, TOC_S(""));
    struct toc_err lost = {0};
    const struct toc_producer_opts opts = {.delivered = delivered, .ctx = &lost};
    struct toc_producer *producer;
    int32_t chunks = (int32_t)((set->bytes.len + CHUNK_BYTES - 1) / CHUNK_BYTES);
    TOC_TRY(toc_producer_open(&ctl->conf.kafka, ctl->log, &opts, &producer, err));
    toc_rc rc = TOC_OK;
    for (int32_t i = 0; i < chunks && !toc_failed(rc); i++)
        rc = send_chunk(producer, topic.text, set, i, chunks, err);
    toc_producer_close(producer);
    if (!toc_failed(rc) && lost.code != TOC_E_OK)
        rc = toc_fail(err, lost.code, "%s", lost.text);
    return rc;
}

toc_rc reference_reads_back(struct ctl *ctl, const struct toc_reference_use *use, struct toc_err *err)
{
    struct toc_library *library;
    TOC_TRY(toc_library_new(&ctl->conf.kafka, ctl->log, &library, err));
    struct toc_reference_set *set = toc_library_get(library, use);
    toc_reference_unref(set);
    toc_library_free(library);
    TOC_ENSURE(set != NULL, err, TOC_E_NOTFOUND, "%.*s does not read back by its digest", TOC_SLICE_ARG(use->name));
    return TOC_OK;
}

static toc_rc put_to_use(struct ctl *ctl, struct toc_reference_use *use, struct toc_err *err)
{
    struct decisions d;
    struct toc_control control;
    toc_control_init(&control);
    control.reference_use = use;
    toc_rc rc = decisions_read(ctl, &d, err);
    if (!toc_failed(rc))
        rc = decide(ctl, &d, &control, TOC_KEY_ROLE_OPERATOR, TOC_S(""), err);
    if (!toc_failed(rc))
        printf("%.*s %s (decision %lld)\n", TOC_SLICE_ARG(use->name), use->removed ? "counts no more" : "counts from here on",
                (long long)d.last);
    decisions_done(&d);
    return rc;
}

static toc_rc add_or_use(struct ctl *ctl, const char *verb, int argc, char **argv, struct toc_err *err)
{
    const char *words[1], *name = NULL, *type = NULL, *effect = "annotate", *version = "";
    size_t count;
    const struct ctl_option options[] = {{.name = "name", .value = &name}, {.name = "type", .value = &type},
            {.name = "effect", .value = &effect}, {.name = "version", .value = &version}, {0}};
    TOC_TRY(ctl_options(argc, argv, options, words, 1, &count, err));
    TOC_ENSURE(count == 1 && name != NULL && type != NULL, err, TOC_E_USAGE,
            "reference %s FILE --name NAME --type TYPE [--effect EFFECT] [--version TEXT]", verb);
    struct set set = {0};
    toc_rc rc = read_set(words[0], name, type, effect, version, &set, err);
    if (!toc_failed(rc))
        rc = try_set(&set, err);
    if (!toc_failed(rc))
        rc = send_set(ctl, &set, err);
    if (!toc_failed(rc))
        rc = toc_err_context(reference_reads_back(ctl, &set.use, err), err, "not put to use");
    if (!toc_failed(rc) && strcmp(verb, "use") == 0)
        rc = put_to_use(ctl, &set.use, err);
    toc_buf_done(&set.bytes);
    return rc;
}

static toc_rc drop(struct ctl *ctl, const char *name, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    const struct toc_reference_use *known = toc_failed(rc) ? NULL : decisions_reference(&d, toc_slice_of(name));
    if (!toc_failed(rc) && known == NULL)
        rc = toc_fail(err, TOC_E_NOTFOUND, "no set %s is in force", name);
    if (!toc_failed(rc)) {
        struct toc_reference_use gone = *known;
        gone.removed = true;
        rc = put_to_use(ctl, &gone, err);
    }
    decisions_done(&d);
    return rc;
}

static toc_rc list(struct ctl *ctl, struct toc_err *err)
{
    struct decisions d;
    toc_rc rc = decisions_read(ctl, &d, err);
    printf("%-28s %-16s %-12s %-16s %12s %s\n", "set", "type", "effect", "version", "bytes", "digest");
    for (size_t i = 0; i < d.count; i++) {
        const struct toc_reference_use *u = d.items[i].reference_use;
        if (u == NULL || decisions_reference(&d, u->name) != u)
            continue;
        char digest[17]; // its first bytes
        toc_hex(digest, u->digest, 8);
        printf("%-28.*s %-16s %-12s %-16.*s %12lld %s...\n", TOC_SLICE_ARG(u->name), toc_reference_type_spelling(u->type),
                toc_reference_effect_spelling(u->effect), TOC_SLICE_ARG(u->version), (long long)u->length,
                digest);
    }
    decisions_done(&d);
    return rc;
}

toc_rc cmd_reference(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    static const char usage[] = "reference add|use FILE --name NAME --type TYPE [--effect EFFECT] | drop NAME | list";
    TOC_ENSURE(argc >= 1, err, TOC_E_USAGE, "%s", usage);
    if (strcmp(argv[0], "add") == 0 || strcmp(argv[0], "use") == 0)
        return add_or_use(ctl, argv[0], argc - 1, argv + 1, err);
    if (strcmp(argv[0], "drop") == 0 && argc == 2)
        return drop(ctl, argv[1], err);
    if (strcmp(argv[0], "list") == 0 && argc == 1)
        return list(ctl, err);
    return toc_fail(err, TOC_E_USAGE, "%s", usage);
}
