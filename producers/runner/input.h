// Where the lines come from: a file, standard input, or a pipe that never ends and is cut into pieces. A
// reader gets a stream that can be read twice; what cannot be rewound is first copied to disk.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/time.h"
#include "producers/reader/reader.h"

// Opens a file or ("-") standard input as a stream at its beginning. `dir`: where a copy lies, without
// a name. NOTFOUND, IO; REFUSED for a directory.
TOC_NODISCARD toc_rc toc_input_open(
        const char *path, const char *dir, FILE **out, struct toc_err *err);

// The row of `format` ("auto": by the stream's beginning; it is rewound). USAGE for an unknown name,
// SYNTAX when the input is no text.
TOC_NODISCARD toc_rc toc_input_format(
        FILE *stream, const char *format, const struct toc_reader_row **out, struct toc_err *err);

// An endless pipe. Pieces end at the end of a line, after TOC_PIPE_LINES_MAX lines or TOC_PIPE_CUT_MS
// behind the first of them, whichever comes first.
struct toc_follow {
    int fd;
    int stop_fd;                   // readable = stop (a signalfd); -1: none
    struct toc_buf held;           // read, not yet in a piece
    bool ended;                    // end of the pipe, or asked to stop
    const struct toc_clock *clock; // NULL = the system's
};
void toc_follow_init(struct toc_follow *follow, int fd, int stop_fd, const struct toc_clock *clock);
void toc_follow_done(struct toc_follow *follow); // closes nothing
// Waits for the next piece and writes it to the (empty) stream, which stands at its beginning then.
// *out_lines = 0: the end.
TOC_NODISCARD toc_rc toc_follow_next(
        struct toc_follow *follow, FILE *piece, size_t *out_lines, struct toc_err *err);
