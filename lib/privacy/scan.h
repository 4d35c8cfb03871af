// Looks for what may not leave in a text: own names, e-mail addresses, and what looks like a patient's
// or a person's data. Also behind percent encoding, however often it was applied, and behind base64,
// both of which phishing links use to carry their victim. Inside lib/privacy only.
#pragma once

#include "lib/base/slice.h"
#include "lib/privacy/names.h"

enum toc_finding {
    TOC_FINDING_NONE = 0,
    TOC_FINDING_OWN,    // an own name or address
    TOC_FINDING_MAIL,   // an e-mail address
    TOC_FINDING_PERSON, // a key of the table with a value, a social security number
};

struct toc_scan_rules {
    const struct toc_own_names *names;
    const struct toc_slice *keys; // beside the table: normal form (letters and digits, lower case)
    size_t key_count;
};

// A text too long or encoded too deep to look into counts as PERSON: what cannot be read stays.
enum toc_finding toc_scan(const struct toc_scan_rules *rules, struct toc_slice text);

// True if `key` (normal form) is one by which records of persons are found.
bool toc_scan_key(const struct toc_scan_rules *rules, struct toc_slice key);
// The same of a name of several words, joined ("medicalrecordnumber"), the first of which has `first` bytes: one
// that begins with it and is more than that word, which toc_scan_key judges by itself.
bool toc_scan_phrase(const struct toc_scan_rules *rules, struct toc_slice phrase, size_t first);
