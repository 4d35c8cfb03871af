#include "hub/replay/lab.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/avro/container.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/mem.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"
#include "lib/member/enrol.h"
#include "schemas/capture.h"
#include "schemas/segment.h"

#define LAB_BYTES_MAX ((size_t)64 << 20)
#define LAB_MEMBERS_MAX 1000

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail(err, TOC_E_MEMORY, "out of memory for the laboratory");
}

static toc_rc add_member(struct lab *lab, const char *path, struct toc_err *err)
{
    struct toc_enrolment request;
    TOC_ENSURE(lab->count < LAB_MEMBERS_MAX, err, TOC_E_LIMIT, "more than %d members", LAB_MEMBERS_MAX);
    TOC_TRY(toc_enrol_read(path, &request, err));
    struct toc_member *m = &lab->members[lab->count++];
    struct toc_member_key *key = toc_arena_alloc(&lab->arena, 1, sizeof *key);
    toc_member_init(m);
    m->id = toc_arena_copy(&lab->arena, toc_slice_of(request.member));
    m->organisation = m->id;
    m->clearance = TOC_MARKING_AMBER;
    toc_rc rc = TOC_OK;
    if (key == NULL || m->id.ptr == NULL) {
        rc = no_memory(err);
    } else {
        toc_member_key_init(key);
        memcpy(key->public_key, request.signing_key, sizeof key->public_key);
        m->keys = key;
        m->keys_count = 1;
    }
    toc_enrolment_done(&request);
    return rc;
}

// The request behind a name in the folder; false: it is something else.
static bool request_path(char out[TOC_PATH_BYTES_MAX], const char *dir, const char *name)
{
    struct stat st;
    if (name[0] == '.' || toc_failed(toc_path_join(out, dir, name, NULL)) || stat(out, &st) != 0)
        return false;
    if (S_ISDIR(st.st_mode)) {
        char inside[TOC_PATH_BYTES_MAX];
        memcpy(inside, out, sizeof inside);
        return !toc_failed(toc_path_join(out, inside, TOC_ENROL_REQUEST, NULL)) && stat(out, &st) == 0;
    }
    return toc_slice_ends(toc_slice_of(name), TOC_S(".json"));
}

static toc_rc read_members(struct lab *lab, const char *dir, struct toc_err *err)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort); // sorted: the same folder gives the same laboratory
    TOC_ENSURE(n >= 0, err, TOC_E_IO, "%s: %s", dir, strerror(errno));
    toc_rc rc = TOC_OK;
    for (int i = 0; i < n; i++) {
        char path[TOC_PATH_BYTES_MAX];
        if (!toc_failed(rc) && request_path(path, dir, names[i]->d_name))
            rc = add_member(lab, path, err);
        free(names[i]);
    }
    free(names);
    TOC_TRY(rc);
    TOC_ENSURE(lab->count > 0, err, TOC_E_NOTFOUND, "%s holds no enrolment request (*.json, */%s)", dir, TOC_ENROL_REQUEST);
    return TOC_OK;
}

static toc_rc read_first(struct lab *lab, const struct toc_capture *row, struct toc_err *err)
{
    struct toc_signed_segment envelope;
    struct toc_segment segment;
    struct toc_slice payload;
    struct toc_buf scratch;
    toc_buf_init(&scratch, TOC_SEGMENT_BYTES_MAX);
    struct toc_zstd *zstd = toc_zstd_new();
    bool good = zstd != NULL && toc_signed_open(row->value, &lab->arena, &envelope) == TOC_REFUSAL_NONE &&
            toc_signed_payload(&envelope, zstd, &scratch, &payload) == TOC_REFUSAL_NONE &&
            !toc_failed(toc_segment_get(payload, &lab->arena, &segment, NULL));
    if (good) {
        lab->genesis.partitions = segment.partitions;
        memcpy(lab->genesis.deployment, envelope.deployment, sizeof lab->genesis.deployment);
        lab->genesis.first_stream_time = row->append_time / TOC_TICK_MS * TOC_TICK_MS - TOC_TICK_MS;
    }
    toc_zstd_free(zstd);
    toc_buf_done(&scratch);
    TOC_ENSURE(good, err, TOC_E_SYNTAX, "the capture's first record is no segment: a laboratory wants the captures of "
            "tocsin-publish --segments");
    return TOC_OK;
}

static toc_rc read_deployment(struct lab *lab, const char *capture, struct toc_err *err)
{
    struct toc_container_reader *reader;
    struct toc_capture row;
    bool end = false;
    TOC_TRY(toc_container_open(capture, &toc_capture_avro, &reader, err));
    toc_rc rc = toc_container_next(reader, &lab->arena, &row, &end, err);
    if (!toc_failed(rc))
        rc = end ? toc_fail(err, TOC_E_NOTFOUND, "%s is empty", capture) : read_first(lab, &row, err);
    toc_container_close(reader);
    return rc;
}

toc_rc lab_open(const char *dir, const char *capture, struct lab *lab, struct toc_err *err)
{
    memset(lab, 0, sizeof *lab);
    toc_arena_init(&lab->arena, LAB_BYTES_MAX);
    toc_genesis_init(&lab->genesis);
    lab->members = toc_mem_alloc(LAB_MEMBERS_MAX, sizeof *lab->members);
    struct toc_audience *audiences = toc_arena_alloc(&lab->arena, 4, sizeof *audiences);
    toc_rc rc = lab->members == NULL || audiences == NULL ? no_memory(err) : TOC_OK;
    if (!toc_failed(rc)) {
        memcpy(audiences, toc_audience_defaults, sizeof toc_audience_defaults);
        lab->genesis.audiences = audiences;
        lab->genesis.audiences_count = sizeof toc_audience_defaults / sizeof *toc_audience_defaults;
        rc = read_members(lab, dir, err);
    }
    if (!toc_failed(rc))
        rc = read_deployment(lab, capture, err);
    if (toc_failed(rc))
        lab_done(lab);
    return rc;
}

void lab_done(struct lab *lab)
{
    toc_mem_free(lab->members);
    toc_arena_done(&lab->arena);
    memset(lab, 0, sizeof *lab);
}
