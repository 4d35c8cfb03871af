#include "producers/runner/input.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/indicator/limits.h"
#include "producers/runner/rows.h"

#define COPY_BYTES ((size_t)64 * 1024)

static toc_rc io_fail(struct toc_err *err, const char *path)
{
    return toc_fail(
            err, errno == ENOENT ? TOC_E_NOTFOUND : TOC_E_IO, "%s: %s", path, strerror(errno));
}

static toc_rc to_start(FILE *stream, struct toc_err *err)
{
    if (fflush(stream) != 0 || fseek(stream, 0, SEEK_SET) != 0)
        return toc_fail(err, TOC_E_IO, "copying the input: %s", strerror(errno));
    return TOC_OK;
}

// All of `from` to `to`, which ends at its beginning.
static toc_rc copy(FILE *from, const char *path, FILE *to, struct toc_err *err)
{
    uint8_t bytes[4096];
    size_t len;
    while ((len = fread(bytes, 1, sizeof bytes, from)) > 0)
        if (fwrite(bytes, 1, len, to) != len)
            return toc_fail(err, TOC_E_IO, "copying the input: %s", strerror(errno));
    if (ferror(from))
        return io_fail(err, path);
    return to_start(to, err);
}

static toc_rc copy_to_disk(
        FILE *from, const char *path, const char *dir, FILE **out, struct toc_err *err)
{
    FILE *to = NULL;
    TOC_TRY(toc_nameless_open(dir, &to, err));
    toc_rc rc = copy(from, path, to, err);
    if (toc_failed(rc))
        fclose(to);
    else
        *out = to;
    return rc;
}

toc_rc toc_input_open(const char *path, const char *dir, FILE **out, struct toc_err *err)
{
    struct stat st;
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *stream = is_stdin ? stdin : fopen(path, "rbe");
    if (stream == NULL || fstat(fileno(stream), &st) != 0)
        return io_fail(err, path);
    toc_rc rc = TOC_OK;
    if (S_ISDIR(st.st_mode))
        rc = toc_fail(err, TOC_E_REFUSED, "%s is a directory", path);
    else if (!S_ISREG(st.st_mode) || is_stdin)
        rc = copy_to_disk(stream, path, dir, out, err);
    else
        *out = stream;
    if (!is_stdin && (toc_failed(rc) || *out != stream))
        fclose(stream);
    return rc;
}

toc_rc toc_input_format(
        FILE *stream, const char *format, const struct toc_reader_row **out, struct toc_err *err)
{
    uint8_t head[TOC_READER_HEAD_BYTES];
    const struct toc_reader_row *row = toc_reader_by_name(format);
    if (row == NULL && strcmp(format, "auto") != 0)
        return toc_fail(err, TOC_E_USAGE, "no format %s: auto, list, csv, stix or jsonl", format);
    size_t len = fread(head, 1, sizeof head, stream);
    TOC_TRY(to_start(stream, err));
    const struct toc_reader_row *looks = toc_reader_detect(toc_slice(head, len));
    TOC_ENSURE(looks != NULL, err, TOC_E_SYNTAX,
            "this is no text: unpack it first, or save it as UTF-8");
    *out = row == NULL ? looks : row;
    return TOC_OK;
}

// ---- a pipe in pieces

void toc_follow_init(struct toc_follow *follow, int fd, int stop_fd, const struct toc_clock *clock)
{
    *follow = (struct toc_follow){.fd = fd, .stop_fd = stop_fd, .clock = clock};
    toc_buf_init(&follow->held, TOC_LINE_BYTES_MAX + 2 * COPY_BYTES);
}

void toc_follow_done(struct toc_follow *follow)
{
    toc_buf_done(&follow->held);
}

// Moves whole lines from what is held into the piece, as many as still fit in it. A line that does not
// end within the limit goes as it is, so that the reader can refuse it.
static toc_rc take_lines(struct toc_follow *f, FILE *piece, size_t *lines, struct toc_err *err)
{
    struct toc_slice held = toc_buf_slice(&f->held);
    size_t taken = 0;
    while (*lines < TOC_PIPE_LINES_MAX && taken < held.len) {
        struct toc_slice rest = toc_slice_sub(held, taken, held.len);
        size_t end = toc_slice_find(rest, '\n');
        if (end == rest.len && !f->ended && rest.len <= TOC_LINE_BYTES_MAX)
            break;
        taken += end < rest.len ? end + 1 : end;
        ++*lines;
    }
    if (taken > 0 && fwrite(held.ptr, 1, taken, piece) != taken)
        return toc_fail(err, TOC_E_IO, "copying the input: %s", strerror(errno));
    if (taken > 0 && taken < held.len)
        memmove(f->held.ptr, f->held.ptr + taken, held.len - taken);
    toc_buf_truncate(&f->held, held.len - taken);
    return TOC_OK;
}

// Reads once; waits for it at most timeout_ms (-1: for ever).
static toc_rc read_some(struct toc_follow *f, int timeout_ms, struct toc_err *err)
{
    struct pollfd fds[2] = {{.fd = f->fd, .events = POLLIN}, {.fd = f->stop_fd, .events = POLLIN}};
    int ready = poll(fds, 2, timeout_ms);
    if (ready < 0 && errno != EINTR)
        return toc_fail(err, TOC_E_IO, "waiting for input: %s", strerror(errno));
    if (ready <= 0)
        return TOC_OK;
    if (fds[1].revents != 0) {
        f->ended = true;
        return TOC_OK;
    }
    uint8_t *room = toc_buf_reserve(&f->held, COPY_BYTES);
    TOC_ENSURE(room != NULL, err, TOC_E_MEMORY, "no memory for input");
    ssize_t got = read(f->fd, room, COPY_BYTES);
    if (got < 0 && errno != EINTR && errno != EAGAIN)
        return toc_fail(err, TOC_E_IO, "reading: %s", strerror(errno));
    f->ended = got == 0;
    f->held.len += got > 0 ? (size_t)got : 0;
    return TOC_OK;
}

toc_rc toc_follow_next(
        struct toc_follow *follow, FILE *piece, size_t *out_lines, struct toc_err *err)
{
    size_t lines = 0;
    int64_t first_ms = 0;
    TOC_TRY(take_lines(follow, piece, &lines, err));
    while (lines < TOC_PIPE_LINES_MAX && !follow->ended) {
        int64_t now = toc_monotonic_ms(follow->clock);
        if (lines > 0 && first_ms == 0)
            first_ms = now;
        int64_t left = lines == 0 ? -1 : TOC_PIPE_CUT_MS - (now - first_ms);
        if (lines > 0 && left <= 0)
            break;
        TOC_TRY(read_some(follow, (int)left, err));
        TOC_TRY(take_lines(follow, piece, &lines, err));
    }
    *out_lines = lines;
    return to_start(piece, err);
}
