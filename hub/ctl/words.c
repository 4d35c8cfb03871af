#include "hub/ctl/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct words_reason words_reasons[] = {
        {"block.right", "a source with the right to block alone says so"},
        {"block.two-organisations", "two or more independent organisations say so"},
        {"operator", "the operator decided"},
        {"score.low", "the score is not high enough for more"},
        {"status", "it is neither active nor disputed"},
        {"not-scored", "vulnerabilities get no advice"},
        {"never-block", "it is on a never-block list"},
        {"cap.list", "it is on a list that caps at alert"},
        {"cap.sole-organisation", "one organisation alone is never enough to block"},
        {"cap.probation", "the second organisation is still on probation"},
        {"cap.pap", "what the others said may not be used to block (PAP)"},
        {"cap.wide-network", "the network is too wide"},
        {"note.needs-review", "one organisation refutes it: needs review"},
        {"note.suspected-false-positive", "hit widely though one organisation says so: suspected false positive"},
};
const size_t words_reasons_count = sizeof words_reasons / sizeof *words_reasons;

const char *words_of_reason(const char *code)
{
    for (size_t i = 0; i < words_reasons_count; i++)
        if (strcmp(words_reasons[i].code, code) == 0)
            return words_reasons[i].words;
    return code;
}

const char *words_number(long long n, char *out)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", n), at = 0;
    int first = digits[0] == '-' ? 1 : 0;
    for (int i = 0; i < len; i++) {
        if (i > first && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}
