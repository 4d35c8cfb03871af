#include "consumers/runner/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"

#define ID_BYTES 8
#define LOCK_SUFFIX ".lock"

struct toc_store_slot {
    struct toc_lock *lock;
    char state[TOC_PATH_BYTES_MAX], accept[TOC_PATH_BYTES_MAX];
};

// The output's path as every process sees it: its folder resolved, whether or not the file is there.
static toc_rc resolve(const char *path, char out[TOC_PATH_BYTES_MAX], struct toc_err *err)
{
    char folder[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_path_join(folder, "", path, err));
    char *slash = strrchr(folder, '/');
    const char *name = slash == NULL ? path : path + (slash - folder) + 1;
    if (slash != NULL)
        slash[slash == folder] = '\0'; // of "/name" the slash stays
    char *real = realpath(slash == NULL ? "." : folder, NULL);
    toc_rc rc = toc_path_join(out, real == NULL ? folder : real, name, err);
    free(real); // realpath's own allocation
    return rc;
}

// dir/ID + suffix
static toc_rc name_file(const char *dir, const struct toc_output *output, const char *suffix,
        char out[TOC_PATH_BYTES_MAX], struct toc_err *err)
{
    uint8_t digest[TOC_SHA256_BYTES];
    char path[TOC_PATH_BYTES_MAX], name[2 * ID_BYTES + 16];
    TOC_TRY(resolve(toc_output_path(output), path, err));
    toc_sha256(path, strlen(path), digest);
    toc_hex(name, digest, ID_BYTES);
    snprintf(name + (size_t)2 * ID_BYTES, sizeof name - (size_t)2 * ID_BYTES, "%s", suffix);
    return toc_path_join(out, dir, name, err);
}

// What was asked, and in which form: lines of one sink are nothing to another.
static void put_question(
        const struct toc_output *output, struct toc_slice subscription, struct toc_buf *out)
{
    toc_buf_init(out, subscription.len + 64);
    toc_buf_printf(out, "%s\n", toc_output_sink(output)->name);
    toc_buf_put_slice(out, subscription);
}

toc_rc toc_store_take(const char *dir, const struct toc_output *output, struct toc_store_slot **out,
        struct toc_err *err)
{
    char lock[TOC_PATH_BYTES_MAX];
    TOC_TRY(toc_dir_make(dir, 0700, err));
    struct toc_store_slot *slot = toc_mem_alloc(1, sizeof *slot);
    TOC_ENSURE(slot != NULL, err, TOC_E_MEMORY, "no memory for %s", dir);
    toc_rc rc = name_file(dir, output, LOCK_SUFFIX, lock, err);
    if (!toc_failed(rc))
        rc = name_file(dir, output, ".state", slot->state, err);
    if (!toc_failed(rc))
        rc = name_file(dir, output, ".accept", slot->accept, err);
    if (!toc_failed(rc))
        rc = toc_lock_take(lock, &slot->lock, err);
    if (toc_failed(rc)) {
        toc_store_drop(slot);
        return toc_err_context(rc, err, "output %s", toc_output_path(output));
    }
    *out = slot;
    return TOC_OK;
}

void toc_store_drop(struct toc_store_slot *slot)
{
    if (slot == NULL)
        return;
    toc_lock_drop(slot->lock);
    toc_mem_free(slot);
}

toc_rc toc_store_load(const struct toc_store_slot *slot, struct toc_output *output,
        struct toc_slice subscription, struct toc_fresh *fresh, struct toc_err *err)
{
    struct toc_buf saved, question;
    TOC_ENSURE(access(toc_output_path(output), F_OK) == 0, err, TOC_E_NOTFOUND,
            "%s is not there yet", toc_output_path(output));
    put_question(output, subscription, &question);
    toc_buf_init(&saved, TOC_STORE_STATE_BYTES_MAX);
    toc_rc rc = toc_file_read(slot->state, &saved, err);
    if (!toc_failed(rc))
        rc = toc_output_load(output, toc_buf_slice(&saved), toc_buf_slice(&question), fresh, err);
    toc_buf_done(&saved);
    toc_buf_done(&question);
    return toc_err_context(rc, err, "%s", slot->state);
}

toc_rc toc_store_save(const struct toc_store_slot *slot, const struct toc_output *output,
        struct toc_slice subscription, const struct toc_fresh *fresh, struct toc_err *err)
{
    struct toc_buf saved, question;
    put_question(output, subscription, &question);
    toc_buf_init(&saved, TOC_STORE_STATE_BYTES_MAX);
    toc_output_save(output, toc_buf_slice(&question), fresh, &saved);
    toc_rc rc = toc_buf_check(&saved, "the state of an output", err);
    if (!toc_failed(rc))
        rc = toc_file_replace(slot->state, 0600, toc_buf_slice(&saved), err);
    toc_buf_done(&saved);
    toc_buf_done(&question);
    return rc;
}

bool toc_store_accepted(const struct toc_store_slot *slot, int64_t now_ms)
{
    struct stat st;
    if (stat(slot->accept, &st) != 0)
        return false;
    int64_t age = now_ms - ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
    return unlink(slot->accept) == 0 && age < TOC_STORE_ACCEPT_MS;
}

static toc_rc accept_one(const char *dir, const char *lock_name, struct toc_err *err)
{
    char name[64], path[TOC_PATH_BYTES_MAX];
    snprintf(name, sizeof name, "%.*s.accept", 2 * ID_BYTES, lock_name);
    TOC_TRY(toc_path_join(path, dir, name, err));
    return toc_file_replace(path, 0600, TOC_S("accepted\n"), err);
}

toc_rc toc_store_accept_all(const char *dir, size_t *out_count, struct toc_err *err)
{
    toc_rc rc = TOC_OK;
    size_t count = 0;
    DIR *stream = opendir(dir);
    TOC_ENSURE(
            stream != NULL, err, TOC_E_NOTFOUND, "%s: no output was ever written from here", dir);
    for (struct dirent *entry; !toc_failed(rc) && (entry = readdir(stream)) != NULL;) {
        struct toc_slice name = toc_slice_of(entry->d_name);
        if (name.len != 2 * ID_BYTES + strlen(LOCK_SUFFIX) ||
                !toc_slice_ends(name, TOC_S(LOCK_SUFFIX)))
            continue;
        rc = accept_one(dir, entry->d_name, err);
        count++;
    }
    closedir(stream);
    *out_count = count;
    return rc;
}
