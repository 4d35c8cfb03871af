// Maxima of the exchange, each with its reason. Whatever grows has one of these. Those of the base
// library are in lib/base/limits.h.
#pragma once

// Values and names
#define TOC_RAW_BYTES_MAX 16384 // a value as received: a URL may lose user info, fragment, dots
#define TOC_VALUE_BYTES_MAX                                                                        \
    2048 // a canonical value: longest real URL seen 452; browsers cut at 2,048
#define TOC_DOMAIN_BYTES_MAX 253     // RFC 1035 2.3.4: 255 octets on the wire
#define TOC_LABEL_BYTES_MAX 63       // RFC 1035 2.3.4
#define TOC_EMAIL_LOCAL_BYTES_MAX 64 // RFC 5321 4.5.3.1.1
#define TOC_EMAIL_BYTES_MAX 254      // RFC 5321 4.5.3.1.3, a path less its angle brackets
#define TOC_CVE_BYTES_MAX 28         // CVE record format 5: up to 19 digits
#define TOC_ID_BYTES_MAX 63          // member, feed, tag, interest: a DNS label's length
#define TOC_PSL_RULES_MAX 65536      // the list of 2026 has 10,248

// An interest (expr.h): what one indicator may cost in the hub, for every interest there is
#define TOC_EXPR_BYTES_MAX 4096 // what Interest.expression holds
#define TOC_EXPR_VALUES_MAX 256 // in all comparisons together, so that many comparisons at most
#define TOC_EXPR_DEPTH_MAX 32   // brackets and nots inside each other: bounds the stack

// One submission, as a connector cuts it
#define TOC_SEGMENT_OBSERVATIONS_MAX 1000  // bounds what one record causes in the hub
#define TOC_SEGMENT_BYTES_MAX (512 * 1024) // raw payload; well under Kafka's 1 MiB a message
#define TOC_PIPE_LINES_MAX 10000           // an endless pipe is cut into submissions here
#define TOC_PIPE_CUT_MS 100                // or after this long, whichever comes first
#define TOC_OBSERVATION_TAGS_MAX 32
#define TOC_OBSERVATION_RELATIONS_MAX 16
#define TOC_OBSERVATION_REFERENCES_MAX 8
#define TOC_DESCRIPTION_BYTES_MAX 1024

// What the hub takes from a member, decided from the log alone
#define TOC_SEGMENT_BEHIND_MS (30LL * 86400 * 1000) // created longer ago: segment.stale
#define TOC_SEGMENT_AHEAD_MS (86400LL * 1000)       // created later than that: a wrong clock
#define TOC_WRITER_FORGET_MS (32LL * 86400 * 1000)  // longer than BEHIND: a replay is stale before
#define TOC_WRITERS_MAX 64                          // state directories of one member
#define TOC_REFUTATIONS_MAX 100                 // open ones of a member: cannot clear the picture
#define TOC_CLAIM_AHEAD_MS (7LL * 86400 * 1000) // append time trusted above stream time
#define TOC_PARTITIONS_MAX 1024                 // P of genesis; sweep slices are as many
#define TOC_CONTROL_UNTIL_MS (30LL * 86400 * 1000) // an operator's overrule ends by then

// Time
#define TOC_TICK_MS 5000          // how often a partition's owner writes a tick
#define TOC_TICK_SKEW_MS 60000    // tick against its record's append time: two clocks must concur
#define TOC_TICK_TIMERS_MAX 5000  // due timers fired by one tick, per audience
#define TOC_TICK_ENTRIES_MAX 5000 // entries a job moves by one tick, per audience
#define TOC_TICK_BYTES_MAX                                                                         \
    (4 * 1024 * 1024) // of records that either of these publishes, per audience: 5,000 usual ones

// Transactions and state
#define TOC_TXN_BYTES_MAX (16 * 1024 * 1024) // input taken into one transaction
#define TOC_STATE_BLOCK_BYTES_MAX 900000     // a record of the state log, under Kafka's 1 MiB
#define TOC_STATE_VALUE_BYTES_MAX 890000     // one body or row: fits into a block, with the trailer
#define TOC_STATE_NAME_BYTES_MAX 255         // of a row
#define TOC_STATE_SLICES 1024                // sweep slices of key space

// What a view lists; the rest is counted
#define TOC_VIEW_SOURCES_MAX 256
#define TOC_VIEW_TAGS_MAX 256
#define TOC_CORRELATION_LISTED_MAX 64

// Correlation
#define TOC_POSTINGS_NODE_MAX 64 // postings in one entry of the state: a larger list is a tree of them
#define TOC_PIVOTS_REMEMBERED 1000000 // records of its partition for which a pivot taken back is remembered
#define TOC_READER_BEHIND_MS (5LL * 86400 * 1000)   // away longer: start from the beginning
