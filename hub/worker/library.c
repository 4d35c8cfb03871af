#include "hub/worker/library.h"

#include <pthread.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/bus/admin.h"
#include "lib/bus/walk.h"
#include "lib/indicator/topics.h"
#include "schemas/reference_chunk.h"

#define TIMEOUT_MS 15000 // of a question about the topic
#define CHUNK_ARENA_MAX ((size_t)8 << 20)

struct toc_library {
    struct toc_bus_conf bus;
    struct toc_bus_log log;
    pthread_mutex_t lock; // guards everything below
    struct toc_reference_set **sets;
    size_t count, cap;
    int64_t missed_ms; // monotonic, when a search last ended in nothing
    uint8_t missed[32];
};

// The chunks of one digest, gathered in any order.
struct gathering {
    const struct toc_reference_use *use;
    struct toc_arena arena; // for one chunk
    struct toc_buf bytes;
    int32_t next; // chunk expected
};

toc_rc toc_library_new(const struct toc_bus_conf *bus, struct toc_bus_log log, struct toc_library **out,
        struct toc_err *err)
{
    struct toc_library *library = toc_mem_alloc(1, sizeof *library);
    if (library == NULL)
        return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for the library");
    library->bus = *bus;
    library->log = log;
    pthread_mutex_init(&library->lock, NULL);
    *out = library;
    return TOC_OK;
}

void toc_library_free(struct toc_library *library)
{
    if (library == NULL)
        return;
    for (size_t i = 0; i < library->count; i++)
        toc_reference_unref(library->sets[i]);
    toc_mem_free(library->sets);
    pthread_mutex_destroy(&library->lock);
    toc_mem_free(library);
}

// Chunks of a set are written in order by one writer; a set written twice begins again at 0.
static toc_rc take_chunk(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct gathering *g = ctx;
    struct toc_reference_chunk chunk;
    (void)err;
    toc_arena_reset(&g->arena);
    if (!record->has_value || toc_failed(toc_reference_chunk_get(record->value, &g->arena, &chunk, NULL)) ||
            memcmp(chunk.digest, g->use->digest, sizeof chunk.digest) != 0)
        return TOC_OK;
    if (chunk.chunk == 0) {
        toc_buf_clear(&g->bytes);
        g->next = 0;
    }
    if (chunk.chunk != g->next)
        return TOC_OK;
    toc_buf_put_slice(&g->bytes, chunk.bytes);
    g->next++;
    return TOC_OK;
}

static toc_rc topic_starts(const struct toc_library *library, const char *topic, struct toc_consumer_start *out,
        struct toc_err *err)
{
    struct toc_admin *admin;
    TOC_TRY(toc_admin_open(&library->bus, library->log, TIMEOUT_MS, &admin, err));
    *out = (struct toc_consumer_start){.topic = topic};
    toc_rc rc = toc_admin_offsets(admin, topic, 0, TOC_READ_COMMITTED, &out->offset, &out->end, err);
    toc_admin_close(admin);
    return rc;
}

static toc_rc read_topic(const struct toc_library *library, struct gathering *g, struct toc_err *err)
{
    struct toc_topic_name topic = toc_topic(library->bus.prefix, TOC_TOPIC_REFERENCE, TOC_S(""));
    struct toc_consumer_start start;
    uint64_t skipped = 0;
    const struct toc_walk walk = {.take = take_chunk, .ctx = g, .skipped = &skipped};
    TOC_TRY(topic_starts(library, topic.text, &start, err));
    return toc_walk(&library->bus, library->log, &walk, &start, 1, err);
}

static struct toc_reference_set *load(struct toc_library *library, const struct toc_reference_use *use)
{
    struct gathering g = {.use = use};
    struct toc_reference_set *set = NULL;
    struct toc_err err;
    toc_buf_init(&g.bytes, TOC_REFERENCE_BYTES_MAX);
    toc_arena_init(&g.arena, CHUNK_ARENA_MAX);
    toc_rc rc = read_topic(library, &g, &err);
    if (!toc_failed(rc) && g.bytes.len != (size_t)use->length)
        rc = toc_fail(&err, TOC_E_NOTFOUND, "%zu of %lld bytes are in the topic", g.bytes.len, (long long)use->length);
    if (!toc_failed(rc))
        rc = toc_reference_compile(use, toc_buf_slice(&g.bytes), &set, &err);
    if (toc_failed(rc))
        toc_log(TOC_LOG_ERROR, "library", "reference set %.*s: %s", TOC_SLICE_ARG(use->name), err.text);
    toc_buf_done(&g.bytes);
    toc_arena_done(&g.arena);
    return set;
}

// The use (name, effect, version) belongs to the compiled set: equal bytes under another name are another set.
static bool same(const struct toc_reference_use *a, const struct toc_reference_use *b)
{
    return memcmp(a->digest, b->digest, sizeof a->digest) == 0 && a->type == b->type && a->effect == b->effect &&
            toc_slice_eq(a->name, b->name) && toc_slice_eq(a->version, b->version);
}

static struct toc_reference_set *get_locked(struct toc_library *library, const struct toc_reference_use *use)
{
    for (size_t i = 0; i < library->count; i++)
        if (same(toc_reference_facts(library->sets[i]), use))
            return toc_reference_ref(library->sets[i]);
    int64_t now = toc_monotonic_ms(NULL);
    if (library->missed_ms != 0 && now - library->missed_ms < TOC_MS_SECOND &&
            memcmp(library->missed, use->digest, sizeof library->missed) == 0)
        return NULL;
    struct toc_reference_set *set = load(library, use);
    if (set == NULL) {
        library->missed_ms = now;
        memcpy(library->missed, use->digest, sizeof library->missed);
        return NULL;
    }
    if (toc_mem_grow((void **)&library->sets, &library->cap, library->count + 1, sizeof(void *)) == 0)
        library->sets[library->count++] = toc_reference_ref(set);
    return set;
}

struct toc_reference_set *toc_library_get(struct toc_library *library, const struct toc_reference_use *use)
{
    pthread_mutex_lock(&library->lock);
    struct toc_reference_set *set = get_locked(library, use);
    pthread_mutex_unlock(&library->lock);
    return set;
}
