// How numbers and reasons are put before people.
#pragma once

#include <stddef.h>

// n with a comma after every three digits; out holds at least 32 bytes and is returned.
const char *words_number(long long n, char *out);
#define WORDS_NUMBER(n) words_number((n), (char[32]){0})

// "1 hub", "2 hubs" need the s of this.
#define WORDS_S(n) ((n) == 1 ? "" : "s")

// The codes of advice (schemas/ADVICE.md) in words; the code itself when this version does not know it.
struct words_reason {
    const char *code, *words;
};
extern const struct words_reason words_reasons[];
extern const size_t words_reasons_count;
const char *words_of_reason(const char *code);
