// tocsinctl codes [BEGINNING]: the codes of advice and of refusal, what each means and what to do.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/ctl.h"
#include "hub/ctl/words.h"
#include "schemas/refusal.h"

static bool wanted(const char *code, const char *beginning)
{
    return strncmp(code, beginning, strlen(beginning)) == 0;
}

toc_rc cmd_codes(struct ctl *ctl, int argc, char **argv, struct toc_err *err)
{
    (void)ctl;
    TOC_ENSURE(argc <= 1, err, TOC_E_USAGE, "codes takes one word: a code, or how it begins");
    const char *beginning = argc == 1 ? argv[0] : "";
    size_t found = 0;
    for (size_t i = 0; i < words_reasons_count; i++)
        if (wanted(words_reasons[i].code, beginning)) {
            printf("%-30s advice: %s\n", words_reasons[i].code, words_reasons[i].words);
            found++;
        }
    for (int i = 1; i < TOC_REFUSAL_COUNT; i++) {
        enum toc_refusal refusal = (enum toc_refusal)i;
        if (wanted(toc_refusal_code(refusal), beginning)) {
            printf("%-30s refused: %s. To do: %s\n", toc_refusal_code(refusal), toc_refusal_meaning(refusal),
                    toc_refusal_todo(refusal));
            found++;
        }
    }
    TOC_ENSURE(found > 0, err, TOC_E_NOTFOUND, "no code begins with %s", beginning);
    return TOC_OK;
}
