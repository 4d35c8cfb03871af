// Files as this project uses them: read whole with a limit, replaced atomically, locked, appended.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

// Appends the whole content to out; LENGTH when it is more than out may hold.
TOC_NODISCARD toc_rc toc_file_read(const char *path, struct toc_buf *out, struct toc_err *err);

// A new content under the final name or the old one untouched, never a mixture: written to a
// temporary file ".NAME.new" in the same folder, fsync, rename, fsync of the folder. A full disk
// leaves the old file and an IO error; a second writer of the same file gets BUSY; what a killed
// writer left is taken over by the next. `mode` as in chmod, applied whatever the umask is.
struct toc_replace; // an open replacement
TOC_NODISCARD toc_rc toc_replace_open(
        const char *path, unsigned mode, struct toc_replace **out, struct toc_err *err);
void toc_replace_put(
        struct toc_replace *r, struct toc_slice s); // buffered; errors surface at commit
TOC_NODISCARD toc_rc toc_replace_commit(
        struct toc_replace *r, struct toc_err *err); // frees r either way
void toc_replace_drop(struct toc_replace *r); // forget it; the temporary file goes. NULL is fine
TOC_NODISCARD toc_rc toc_file_replace(
        const char *path, unsigned mode, struct toc_slice content, struct toc_err *err);

// A new file only (EXISTS otherwise), 0600 for secrets.
TOC_NODISCARD toc_rc toc_file_create(
        const char *path, unsigned mode, struct toc_slice content, struct toc_err *err);

// Refuses (AUTH) a file readable or writable by group or others, or that is no regular file. For
// keys.
TOC_NODISCARD toc_rc toc_file_check_private(const char *path, struct toc_err *err);
// The same check and the content, of one and the same open file.
TOC_NODISCARD toc_rc toc_file_read_private(
        const char *path, struct toc_buf *out, struct toc_err *err);
// A secret of just `size` bytes in a private file; USAGE when there are more or fewer.
TOC_NODISCARD toc_rc toc_file_read_secret(
        const char *path, uint8_t *out, size_t size, struct toc_err *err);

TOC_NODISCARD toc_rc toc_dir_make(
        const char *path, unsigned mode, struct toc_err *err); // with parents
// fsync of the folder that holds `path`, so that a rename or a new name in it outlives a power cut.
TOC_NODISCARD toc_rc toc_dir_sync(const char *path, struct toc_err *err);

// An advisory lock held by this process until dropped or dead; BUSY names the holder's pid.
struct toc_lock;
TOC_NODISCARD toc_rc toc_lock_take(const char *path, struct toc_lock **out, struct toc_err *err);
void toc_lock_drop(struct toc_lock *lock);

// Lines of a stream in constant memory. A line may be longer than the limit: then it is delivered
// cut, with `too_long` set, and the rest of it is skipped. CR before LF and a BOM at the start of
// the input are dropped. Line numbers start at 1.
struct toc_lines;
struct toc_lines *toc_lines_new(FILE *stream, size_t line_max);
void toc_lines_free(struct toc_lines *lines); // does not close the stream
struct toc_line {
    struct toc_slice text; // borrowed until the next call
    uint64_t number;
    bool too_long;
};
// 1 = a line, 0 = end, -1 = read error (errno).
int toc_lines_next(struct toc_lines *lines, struct toc_line *out);

// dir "/" name into a caller's array of TOC_PATH_BYTES_MAX; LENGTH when too long.
TOC_NODISCARD toc_rc toc_path_join(
        char *out, const char *dir, const char *name, struct toc_err *err);
