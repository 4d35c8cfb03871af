#include "tests/support/records.h"

#include "schemas/alert.h"
#include "schemas/capture.h"
#include "schemas/control.h"
#include "schemas/correlation.h"
#include "schemas/head.h"
#include "schemas/indicator.h"
#include "schemas/interest_change.h"
#include "schemas/observation.h"
#include "schemas/pivot.h"
#include "schemas/quarantine.h"
#include "schemas/receipt.h"
#include "schemas/reference_chunk.h"
#include "schemas/segment.h"
#include "schemas/signed_segment.h"
#include "schemas/tick.h"

const struct toc_avro_record *const records[] = {&toc_alert_avro, &toc_capture_avro,
        &toc_control_avro, &toc_correlation_avro, &toc_genesis_avro, &toc_head_avro,
        &toc_indicator_avro, &toc_interest_avro, &toc_interest_change_avro, &toc_key_grant_avro,
        &toc_member_avro, &toc_observation_avro, &toc_pivot_avro, &toc_quarantine_avro,
        &toc_receipt_avro, &toc_reference_chunk_avro, &toc_reference_use_avro, &toc_segment_avro,
        &toc_signed_segment_avro, &toc_tick_avro};
const size_t record_count = sizeof records / sizeof *records;

const struct toc_avro_record *record_named(const char *name)
{
    for (size_t i = 0; i < record_count; i++)
        if (strcmp(records[i]->name, name) == 0)
            return records[i];
    return NULL;
}
