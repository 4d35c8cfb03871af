// A librdkafka message seen as toc_record. Inside lib/bus only.
#pragma once

#include <librdkafka/rdkafka.h>

#include "lib/bus/record.h"

// Takes the message over.
struct toc_record toc_record_of(rd_kafka_message_t *message);
