// tocsinctl capture FILE: the log `submit`, as the broker holds it, for tocsin-replay.

#include <stdio.h>

#include "hub/ctl/scan.h"
#include "lib/avro/container.h"
#include "lib/indicator/topics.h"
#include "schemas/capture.h"

struct capture {
    struct toc_container_writer *writer;
    uint64_t records;
};

static toc_rc take(void *ctx, const struct toc_record *record, struct toc_err *err)
{
    struct capture *c = ctx;
    const struct toc_capture row = {.partition = record->partition, .offset = record->offset,
            .append_time = record->append_time ? record->timestamp_ms : 0, .value = record->value};
    c->records++;
    return toc_container_put(c->writer, &row, err);
}

toc_rc cmd_capture(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    TOC_ENSURE(argc == 1, err, TOC_E_USAGE, "capture FILE");
    struct toc_topic_name submit = toc_topic(ctl->conf.kafka.prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    struct capture c = {0};
    uint64_t skipped = 0;
    TOC_TRY(toc_container_create(argv[0], &toc_capture_avro, &c.writer, err));
    toc_rc rc = scan_topic(ctl, submit.text, -1, TOC_OFFSET_BEGINNING, take, &c, &skipped, err);
    if (toc_failed(rc)) {
        toc_container_abandon(c.writer);
        return rc;
    }
    TOC_TRY(toc_container_finish(c.writer, err));
    printf("%llu records in %s", (unsigned long long)c.records, argv[0]);
    if (skipped != 0)
        printf("; %llu offsets that cannot be decoded left out", (unsigned long long)skipped);
    printf("\n");
    return TOC_OK;
}
