// outputs [ENTRIES]: what a subscriber's outputs cost, without Kafka. Takes ENTRIES (100,000) records
// into five outputs, then measures writing each file whole, and again after one more record: wall clock,
// the disk's sync included, and CPU.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "consumers/runner/picture.h"
#include "consumers/runner/suffixes.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/indicator/topics.h"
#include "schemas/head.h"

static const struct toc_sink *const sinks[] = {
        &toc_sink_list, &toc_sink_rpz, &toc_sink_csv, &toc_sink_jsonl, &toc_sink_stix};
#define SINKS (sizeof sinks / sizeof *sinks)

static int64_t wall_ms;
static clock_t cpu;

static void stopwatch(void)
{
    wall_ms = toc_monotonic_ms(NULL);
    cpu = clock();
}

static void stop(void)
{
    printf("%6lld ms, %6.0f ms CPU\n", (long long)(toc_monotonic_ms(NULL) - wall_ms),
            (double)(clock() - cpu) * 1000 / CLOCKS_PER_SEC);
}

static void must(toc_rc rc, const struct toc_err *err)
{
    if (toc_failed(rc)) {
        fprintf(stderr, "outputs: %s\n", err->text);
        exit(1);
    }
}

static void put(struct toc_picture *picture, struct toc_slice key, const struct toc_buf *value, int64_t offset)
{
    struct toc_err err;
    const struct toc_picture_record record = {.offset = offset, .published_ms = toc_now_ms(NULL),
            .key = key, .value = toc_buf_slice(value)};
    must(toc_picture_record(picture, &record, &err), &err);
}

static void put_indicator(struct toc_picture *picture, uint64_t n, struct toc_buf *value)
{
    static struct toc_slice tags[] = {TOC_S_INIT("ransomware"), TOC_S_INIT("sector=health")};
    static struct toc_slice reasons[] = {TOC_S_INIT("groups.2")};
    static struct toc_source_row sources[] = {
            {.member = TOC_S_INIT("cisa"), .feed = TOC_S_INIT("ais"), .says = TOC_ACTION_ASSERT, .confidence = 90}};
    struct toc_indicator indicator;
    uint8_t key[TOC_KEY_BYTES];
    char text[64], id[TOC_KEY_HEX];
    toc_indicator_init(&indicator);
    snprintf(text, sizeof text, "host%06llu.bench%llu.example.com", (unsigned long long)n, (unsigned long long)n % 977);
    indicator.kind = TOC_KIND_DOMAIN;
    indicator.value = toc_slice_of(text);
    toc_indicator_key(indicator.kind, indicator.value, key);
    toc_key_hex(key, id);
    indicator.id = toc_slice_of(id);
    indicator.born = indicator.now.first_seen = indicator.now.last_seen = INT64_C(1767225600000);
    indicator.n = 3;
    indicator.now.status = TOC_STATUS_ACTIVE;
    indicator.now.advice = TOC_ADVICE_BLOCK;
    indicator.now.has_score = true;
    indicator.now.score = 70;
    indicator.now.tags = tags;
    indicator.now.tags_count = 2;
    indicator.now.registrable = TOC_S("example.com");
    indicator.reasons = reasons;
    indicator.reasons_count = 1;
    indicator.sources = sources;
    indicator.sources_count = 1;
    toc_buf_clear(value);
    toc_indicator_put(&indicator, value);
    put(picture, indicator.id, value, (int64_t)n);
}

int main(int argc, char **argv)
{
    uint64_t entries = 100000;
    char dir[] = "/tmp/tocsin-bench-XXXXXX", path[TOC_PATH_BYTES_MAX];
    struct toc_err err;
    struct toc_psl *suffixes = NULL;
    struct toc_picture *picture = NULL;
    struct toc_buf value;
    if ((argc > 1 && !toc_parse_u64(toc_slice_of(argv[1]), 10000000, &entries)) || mkdtemp(dir) == NULL)
        return 2;
    must(toc_suffixes_open(&suffixes, &err), &err);
    const struct toc_picture_conf conf = {.audience = "amber", .marking = TOC_MARKING_AMBER,
            .gate = {.suffixes = suffixes}, .stale_ms = 7 * TOC_MS_DAY};
    must(toc_picture_new(&conf, &picture, &err), &err);
    for (size_t i = 0; i < SINKS; i++) {
        struct toc_output *output = NULL;
        must(toc_path_join(path, dir, sinks[i]->name, &err), &err);
        must(toc_output_new(sinks[i], path, 0600, &output, &err), &err);
        must(toc_picture_add(picture, output, &err), &err);
    }
    toc_buf_init(&value, 1 << 20);
    toc_picture_begins(picture, 1);
    stopwatch();
    for (uint64_t n = 0; n < entries; n++)
        put_indicator(picture, n, &value);
    printf("%llu records made and taken into %zu outputs: ", (unsigned long long)entries, SINKS);
    stop();

    struct toc_head head = {.stream_time = toc_now_ms(NULL)};
    toc_buf_clear(&value);
    toc_head_put(&head, &value);
    put(picture, TOC_S(TOC_HEAD_KEY), &value, (int64_t)entries);
    if (!toc_picture_ends(picture))
        return 1;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < SINKS; i++) {
            struct toc_sink_picture of = {.audience = "amber", .marking = TOC_MARKING_AMBER, .as_of_ms = head.stream_time};
            struct toc_sink_page page = {.picture = &of, .written_ms = toc_now_ms(NULL)};
            bool written = false;
            stopwatch();
            must(toc_output_publish(toc_picture_output(picture, i), &page, &written, &err), &err);
            printf("%s %-5s %8llu entries: ", round == 0 ? "first write" : "one more   ", sinks[i]->name,
                    (unsigned long long)toc_output_counts(toc_picture_output(picture, i)).shown);
            stop();
        }
        put_indicator(picture, entries + 1, &value);
    }
    toc_picture_free(picture);
    toc_psl_free(suffixes);
    toc_buf_done(&value);
    for (size_t i = 0; i < SINKS; i++) {
        must(toc_path_join(path, dir, sinks[i]->name, &err), &err);
        remove(path);
    }
    return remove(dir);
}
