// A replacement is written to ".NAME.new" beside the file and renamed over it. That name is fixed,
// so a killed writer leaves at most one such file, which the next writer takes over; a lock on it
// keeps two writers apart.
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

struct toc_replace {
    FILE *file;
    int failed_errno; // of the first write that failed
    char path[TOC_PATH_BYTES_MAX], temporary[TOC_PATH_BYTES_MAX];
};

struct toc_lock {
    int fd;
};

static toc_rc fail_errno(struct toc_err *err, const char *path, const char *doing)
{
    int number = errno;
    enum toc_code code = number == ENOENT   ? TOC_E_NOTFOUND
                         : number == EEXIST ? TOC_E_EXISTS
                                            : TOC_E_IO;
    return toc_fail(err, code, "%s: cannot %s: %s", path, doing, strerror(number));
}

// ---- reading ----

static toc_rc read_all(int fd, const char *path, struct toc_buf *out, struct toc_err *err)
{
    for (;;) {
        size_t room = out->max - out->len;
        uint8_t beyond; // a full buffer is right when the file ends just there
        uint8_t *at = room == 0 ? &beyond : toc_buf_reserve(out, room < 65536 ? room : 65536);
        TOC_ENSURE(at != NULL, err, TOC_E_MEMORY, "%s: no memory to read it", path);
        ssize_t n = read(fd, at, room == 0 ? 1 : room < 65536 ? room : 65536);
        if (n == 0)
            return TOC_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, path, "read");
        TOC_ENSURE(room != 0, err, TOC_E_LENGTH, "%s is longer than %zu bytes", path, out->max);
        out->len += (size_t)n;
    }
}

static toc_rc check_private(int fd, const char *path, struct toc_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_errno(err, path, "look at");
    TOC_ENSURE(S_ISREG(st.st_mode), err, TOC_E_AUTH, "%s is no regular file", path);
    TOC_ENSURE((st.st_mode & 077) == 0, err, TOC_E_AUTH,
            "%s may be used by group or others (mode %03o): chmod 600 it", path,
            (unsigned)st.st_mode & 0777);
    return TOC_OK;
}

static toc_rc read_file(const char *path, bool private, struct toc_buf *out, struct toc_err *err)
{
    size_t before = out->len;
    // O_NONBLOCK: a FIFO put where a file is expected must not hang the program.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (private ? O_NONBLOCK : 0));
    if (fd < 0)
        return fail_errno(err, path, "open");
    toc_rc rc = private ? check_private(fd, path, err) : TOC_OK;
    if (!toc_failed(rc))
        rc = read_all(fd, path, out, err);
    close(fd);
    if (toc_failed(rc))
        toc_buf_truncate(out, before);
    return rc;
}

toc_rc toc_file_read(const char *path, struct toc_buf *out, struct toc_err *err)
{
    return read_file(path, false, out, err);
}

toc_rc toc_file_read_private(const char *path, struct toc_buf *out, struct toc_err *err)
{
    return read_file(path, true, out, err);
}

toc_rc toc_file_read_secret(const char *path, uint8_t *out, size_t size, struct toc_err *err)
{
    struct toc_buf secret;
    toc_buf_init(&secret, TOC_KEY_FILE_BYTES_MAX);
    toc_rc rc = toc_file_read_private(path, &secret, err);
    if (!toc_failed(rc) && secret.len != size)
        rc = toc_fail(err, TOC_E_USAGE, "%s: %zu bytes instead of %zu", path, secret.len, size);
    if (!toc_failed(rc))
        memcpy(out, secret.ptr, size);
    if (secret.ptr != NULL)
        explicit_bzero(secret.ptr, secret.cap);
    toc_buf_done(&secret);
    return rc;
}

toc_rc toc_file_check_private(const char *path, struct toc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail_errno(err, path, "open");
    toc_rc rc = check_private(fd, path, err);
    close(fd);
    return rc;
}

// ---- paths ----

// Length of the folder part with its slash, 0 for none.
static size_t folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

toc_rc toc_path_join(char *out, const char *dir, const char *name, struct toc_err *err)
{
    size_t len = strlen(dir);
    const char *slash = len == 0 || dir[len - 1] == '/' ? "" : "/";
    char joined[TOC_PATH_BYTES_MAX];
    int n = snprintf(joined, sizeof joined, "%s%s%s", dir, slash, name);
    TOC_ENSURE(n >= 0 && (size_t)n < sizeof joined, err, TOC_E_LENGTH,
            "path in %s is longer than %d bytes", TOC_SHOW(toc_slice_of(dir)), TOC_PATH_BYTES_MAX);
    memcpy(out, joined, (size_t)n + 1);
    return TOC_OK;
}

static toc_rc make_one_dir(const char *path, unsigned mode, struct toc_err *err)
{
    struct stat st;
    if (mkdir(path, mode) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return TOC_OK;
    return fail_errno(err, path, "make this folder");
}

toc_rc toc_dir_make(const char *path, unsigned mode, struct toc_err *err)
{
    char part[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_path_join(part, "", path, err));
    for (char *slash = strchr(part + 1, '/'); part[0] != '\0' && slash != NULL;
            slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TOC_TRY(make_one_dir(part, mode, err));
        *slash = '/';
    }
    return make_one_dir(path, mode, err);
}

// ---- writing ----

toc_rc toc_dir_sync(const char *path, struct toc_err *err)
{
    char folder[TOC_PATH_BYTES_MAX] = ".";
    size_t len = folder_len(path);
    if (len != 0) {
        memcpy(folder, path, len);
        folder[len] = '\0';
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL); // EINVAL: has no such thing
    toc_rc rc = synced ? TOC_OK : fail_errno(err, folder, "sync the folder");
    if (fd >= 0)
        close(fd);
    return rc;
}

// Opens and locks the temporary file. Another writer may have renamed it away between the two; then
// the lock is on what is now the final file, so it starts over.
static toc_rc open_temporary(const char *path, int *out_fd, struct toc_err *err)
{
    for (;;) {
        struct stat ours, named;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
            return fail_errno(err, path, "create");
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            close(fd);
            return toc_fail(err, TOC_E_BUSY, "%s is being written by another", path);
        }
        if (fstat(fd, &ours) == 0 && S_ISREG(ours.st_mode) && lstat(path, &named) == 0 &&
                ours.st_ino == named.st_ino && ours.st_dev == named.st_dev) {
            *out_fd = fd;
            return TOC_OK;
        }
        close(fd);
    }
}

static toc_rc name_both(struct toc_replace *r, const char *path, struct toc_err *err)
{
    size_t folder = folder_len(path);
    TOC_TRY(toc_path_join(r->path, "", path, err));
    int n = snprintf(
            r->temporary, sizeof r->temporary, "%.*s.%s.new", (int)folder, path, path + folder);
    TOC_ENSURE(n >= 0 && (size_t)n < sizeof r->temporary, err, TOC_E_LENGTH,
            "path is longer than %d bytes", TOC_PATH_BYTES_MAX);
    return TOC_OK;
}

static toc_rc open_file(struct toc_replace *r, unsigned mode, struct toc_err *err)
{
    int fd = -1;
    TOC_TRY(open_temporary(r->temporary, &fd, err));
    if (ftruncate(fd, 0) != 0 || fchmod(fd, mode) != 0) {
        toc_rc rc = fail_errno(err, r->temporary, "prepare");
        close(fd);
        return rc;
    }
    r->file = fdopen(fd, "w");
    if (r->file == NULL) {
        close(fd);
        return toc_fail(err, TOC_E_MEMORY, "no memory to write %s", r->path);
    }
    return TOC_OK;
}

toc_rc toc_replace_open(
        const char *path, unsigned mode, struct toc_replace **out, struct toc_err *err)
{
    struct toc_replace *r = toc_mem_alloc(1, sizeof *r);
    TOC_ENSURE(r != NULL, err, TOC_E_MEMORY, "no memory to write %s", path);
    toc_rc rc = name_both(r, path, err);
    if (!toc_failed(rc))
        rc = open_file(r, mode, err);
    if (toc_failed(rc)) {
        toc_mem_free(r);
        return rc;
    }
    *out = r;
    return TOC_OK;
}

void toc_replace_put(struct toc_replace *r, struct toc_slice s)
{
    if (r->failed_errno != 0 || s.len == 0)
        return;
    if (fwrite(s.ptr, 1, s.len, r->file) != s.len)
        r->failed_errno = errno != 0 ? errno : EIO;
}

void toc_replace_drop(struct toc_replace *r)
{
    if (r == NULL)
        return;
    unlink(r->temporary); // before the lock goes with the descriptor
    fclose(r->file);
    toc_mem_free(r);
}

static toc_rc flush(struct toc_replace *r, struct toc_err *err)
{
    if (r->failed_errno == 0 && (fflush(r->file) != 0 || fsync(fileno(r->file)) != 0))
        r->failed_errno = errno;
    errno = r->failed_errno;
    return errno == 0 ? TOC_OK : fail_errno(err, r->path, "write");
}

toc_rc toc_replace_commit(struct toc_replace *r, struct toc_err *err)
{
    toc_rc rc = flush(r, err);
    if (!toc_failed(rc) && rename(r->temporary, r->path) != 0)
        rc = fail_errno(err, r->path, "replace");
    if (toc_failed(rc)) {
        toc_replace_drop(r);
        return rc;
    }
    rc = toc_dir_sync(r->path, err);
    fclose(r->file);
    toc_mem_free(r);
    return rc;
}

toc_rc toc_file_replace(
        const char *path, unsigned mode, struct toc_slice content, struct toc_err *err)
{
    struct toc_replace *r = NULL;
    TOC_TRY(toc_replace_open(path, mode, &r, err));
    toc_replace_put(r, content);
    return toc_replace_commit(r, err);
}

toc_rc toc_file_create(
        const char *path, unsigned mode, struct toc_slice content, struct toc_err *err)
{
    struct toc_replace *r = NULL;
    TOC_TRY(toc_replace_open(path, mode, &r, err));
    toc_replace_put(r, content);
    toc_rc rc = flush(r, err);
    // link, unlike rename, never takes the place of what is there.
    if (!toc_failed(rc) && link(r->temporary, r->path) != 0)
        rc = fail_errno(err, r->path, "create");
    toc_replace_drop(r);
    return toc_failed(rc) ? rc : toc_dir_sync(path, err);
}

// ---- locks ----

static toc_rc fail_busy(int fd, const char *path, struct toc_err *err)
{
    char text[24] = {0};
    uint64_t pid;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    struct toc_slice line = toc_slice_trim(toc_slice(text, n < 0 ? 0 : (size_t)n));
    if (!toc_parse_u64(line, INT32_MAX, &pid))
        return toc_fail(err, TOC_E_BUSY, "%s is locked by another process", path);
    return toc_fail(err, TOC_E_BUSY, "%s is locked by process %u", path, (unsigned)pid);
}

static toc_rc lock_and_sign(int fd, const char *path, struct toc_err *err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? fail_busy(fd, path, err) : fail_errno(err, path, "lock");
    // The pid is for people only: the lock holds whether or not it can be written.
    bool written = ftruncate(fd, 0) == 0 && dprintf(fd, "%ld\n", (long)getpid()) > 0;
    (void)written;
    return TOC_OK;
}

toc_rc toc_lock_take(const char *path, struct toc_lock **out, struct toc_err *err)
{
    struct toc_lock *lock = toc_mem_alloc(1, sizeof *lock);
    TOC_ENSURE(lock != NULL, err, TOC_E_MEMORY, "no memory to lock %s", path);
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    toc_rc rc = lock->fd < 0 ? fail_errno(err, path, "open") : lock_and_sign(lock->fd, path, err);
    if (toc_failed(rc)) {
        if (lock->fd >= 0)
            close(lock->fd);
        toc_mem_free(lock);
        return rc;
    }
    *out = lock;
    return TOC_OK;
}

void toc_lock_drop(struct toc_lock *lock)
{
    if (lock == NULL)
        return;
    // The file stays: removing it could take away a lock that another process has just got.
    close(lock->fd);
    toc_mem_free(lock);
}
