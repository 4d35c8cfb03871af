#include "lib/bus/record.h"

#include <librdkafka/rdkafka.h>

#include "lib/bus/record_of.h"

struct toc_record toc_record_of(rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    return (struct toc_record){
            .topic = rd_kafka_topic_name(message->rkt),
            .partition = message->partition,
            .offset = message->offset,
            .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? 0 : timestamp,
            .append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
            .has_key = message->key != NULL,
            .has_value = message->payload != NULL,
            .key = toc_slice(message->key, message->key_len),
            .value = toc_slice(message->payload, message->len),
            .message = message,
    };
}

void toc_record_done(struct toc_record *record)
{
    if (record->message != NULL)
        rd_kafka_message_destroy(record->message);
    *record = (struct toc_record){0};
}
