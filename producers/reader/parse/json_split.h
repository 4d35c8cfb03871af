// Inside producers/reader: cuts a stream of JSON into objects without holding more than one. What comes
// out: every element of an array at the top; every element of the array "objects" of an object at the
// top (a STIX bundle); an object at the top that has no such array; and whatever of these follows in
// the same stream. Only strings and brackets are looked at: jansson judges each object.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum toc_split {
    TOC_SPLIT_OBJECT,
    TOC_SPLIT_LARGE,  // an object above the limit; its beginning is given
    TOC_SPLIT_WRONG,  // an element that is no object; it was stepped over
    TOC_SPLIT_BROKEN, // the brackets do not fit or the text ends too early: nothing can follow
    TOC_SPLIT_END,
};

struct toc_json_split {
    FILE *stream; // not closed here
    struct toc_buf text;
    uint64_t line;  // of the character last read
    bool in_list;   // inside an array whose elements are wanted
    bool in_bundle; // that array is a member of an object at the top
    bool ended;
};

void toc_json_split_init(struct toc_json_split *split, FILE *stream, size_t object_bytes_max);
void toc_json_split_done(struct toc_json_split *split);

// *out is borrowed until the next call; *out_line is where it begins. Whether the stream failed is
// told by ferror() after END or BROKEN.
enum toc_split toc_json_split_next(
        struct toc_json_split *split, struct toc_slice *out, uint64_t *out_line);
