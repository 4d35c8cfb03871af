#include "lib/indicator/topics.h"

#include <stdio.h>

struct toc_topic_name toc_topic(const char *prefix, const char *word, struct toc_slice whose)
{
    struct toc_topic_name name;
    if (whose.len == 0)
        snprintf(name.text, sizeof name.text, "%s%s", prefix, word);
    else
        snprintf(name.text, sizeof name.text, "%s%s.%.*s", prefix, word, TOC_SLICE_ARG(whose));
    return name;
}
