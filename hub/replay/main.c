// tocsin-replay: captures in, views as JSON Lines and a digest out.

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hub/replay/lab.h"
#include "hub/replay/refused.h"
#include "hub/replay/replay.h"
#include "hub/replay/shelf.h"
#include "lib/avro/container.h"
#include "lib/base/config.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "schemas/correlation.h"
#include "schemas/indicator.h"

#define RECORD_ARENA_MAX ((size_t)8 << 20)
#define VIEW_JSON_MAX ((size_t)8 << 20)

// --deployment FILE
struct deployment_conf {
    const char *genesis_digest, *deployment_key, *references;
};

static const struct toc_conf_row deployment_rows[] = {
        {.name = "genesis_digest", .type = TOC_CONF_TEXT, .offset = offsetof(struct deployment_conf, genesis_digest),
                .required = true, .doc = "SHA-256 of the genesis record, in hex."},
        {.name = "deployment_key", .type = TOC_CONF_PATH, .offset = offsetof(struct deployment_conf, deployment_key),
                .required = true, .doc = "The deployment key file (32 bytes, 0600)."},
        {.name = "references", .type = TOC_CONF_PATH, .offset = offsetof(struct deployment_conf, references),
                .doc = "Folder with the reference sets the log uses, under any names."},
        {0},
};

struct args {
    const char *deployment, *members;
    bool lab, raw, correlations, refused;
    struct toc_replay_way way;
    char **captures;
    int count;
};

static int usage(FILE *to, int code)
{
    fputs("usage: tocsin-replay --deployment FILE [options] CAPTURE...   the log of a deployment\n"
          "       tocsin-replay --lab --members DIR [options] CAPTURE... captures that tocsin-publish wrote\n"
          "options:\n"
          "  --batch N     records a transaction (1); makes no difference, and that can be tried\n"
          "  --abort N     roll every n-th transaction back once and do it again; nor does this\n"
          "  --restart N   read the state back from its log after every n-th transaction; nor this\n"
          "  --correlations  not the views but what correlates in them\n"
          "  --refused     not the views but what was quarantined, with the headers it has in Kafka\n"
          "  --raw         as: audience TAB id TAB the record's bytes in hex\n"
          "  --version, --help\n"
          "Views go to standard output, one a line; the last line on standard error is their digest.\n",
            to);
    return code;
}

static bool read_count(const char *text, uint32_t *out)
{
    uint64_t n;
    if (!toc_parse_u64(toc_slice_of(text), UINT32_MAX, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

static int read_args(int argc, char **argv, struct args *out)
{
    static const struct option options[] = {{"deployment", required_argument, NULL, 'd'}, {"lab", no_argument, NULL, 'l'},
            {"members", required_argument, NULL, 'm'}, {"batch", required_argument, NULL, 'b'},
            {"abort", required_argument, NULL, 'a'}, {"restart", required_argument, NULL, 'r'}, {"raw", no_argument, NULL, 'x'},
            {"correlations", no_argument, NULL, 'c'}, {"refused", no_argument, NULL, 'q'},
            {"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'}, {0}};
    *out = (struct args){.way = {.batch = 1}};
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        bool good = true;
        if (c == 'd')
            out->deployment = optarg;
        else if (c == 'l')
            out->lab = true;
        else if (c == 'm')
            out->members = optarg;
        else if (c == 'x')
            out->raw = true;
        else if (c == 'c')
            out->correlations = true;
        else if (c == 'q')
            out->refused = true;
        else if (c == 'b')
            good = read_count(optarg, &out->way.batch) && out->way.batch > 0;
        else if (c == 'a')
            good = read_count(optarg, &out->way.abort);
        else if (c == 'r')
            good = read_count(optarg, &out->way.restart);
        else if (c == 'V')
            return puts("tocsin-replay " TOC_VERSION) < 0;
        else if (c == 'h')
            return usage(stdout, 0);
        else
            return usage(stderr, 2);
        if (!good)
            return usage(stderr, 2);
    }
    out->captures = argv + optind;
    out->count = argc - optind;
    if (out->count < 1 || out->lab != (out->members != NULL) || out->lab == (out->deployment != NULL) ||
            out->raw + out->refused > 1 || out->correlations + out->refused > 1)
        return usage(stderr, 2);
    return -1;
}

static toc_rc read_deployment(const struct deployment_conf *conf, struct toc_replay_conf *out, struct toc_err *err)
{
    TOC_ENSURE(toc_parse_hex(toc_slice_of(conf->genesis_digest), out->genesis_digest, 32), err, TOC_E_USAGE,
            "genesis_digest is not 64 hex digits");
    return toc_file_read_secret(conf->deployment_key, out->deployment_key, sizeof out->deployment_key, err);
}

static toc_rc take_capture(struct toc_replay *replay, const char *path, struct toc_err *err)
{
    struct toc_container_reader *reader;
    struct toc_arena arena;
    TOC_TRY(toc_container_open(path, &toc_capture_avro, &reader, err));
    toc_arena_init(&arena, RECORD_ARENA_MAX);
    bool end = false;
    toc_rc rc = TOC_OK;
    while (!toc_failed(rc) && !end) {
        struct toc_capture row;
        toc_arena_reset(&arena);
        rc = toc_container_next(reader, &arena, &row, &end, err);
        if (!toc_failed(rc) && !end)
            rc = toc_replay_take(replay, &row, err);
    }
    toc_arena_done(&arena);
    toc_container_close(reader);
    return toc_err_context(rc, err, "%s", path);
}

struct printer {
    bool raw, correlations;
    struct toc_hash *hash;
    struct toc_arena arena;
    struct toc_buf line;
    uint64_t views;
};

static toc_rc put_indicator(struct printer *p, struct toc_slice value, struct toc_jw *w, struct toc_err *err)
{
    struct toc_indicator indicator;
    TOC_TRY(toc_indicator_get(value, &p->arena, &indicator, err));
    toc_jw_key(w, "indicator");
    toc_indicator_json(&indicator, w);
    return TOC_OK;
}

static toc_rc put_correlation(struct printer *p, struct toc_slice value, struct toc_jw *w, struct toc_err *err)
{
    struct toc_correlation correlation;
    TOC_TRY(toc_correlation_get(value, &p->arena, &correlation, err));
    toc_jw_key(w, "correlation");
    toc_correlation_json(&correlation, w);
    return TOC_OK;
}

static toc_rc print_view(void *ctx, struct toc_slice audience, struct toc_slice id, struct toc_slice value,
        struct toc_err *err)
{
    struct printer *p = ctx;
    toc_hash_update(p->hash, audience.ptr, audience.len);
    toc_hash_update(p->hash, id.ptr, id.len);
    toc_hash_update(p->hash, value.ptr, value.len);
    toc_buf_clear(&p->line);
    if (p->raw) {
        toc_buf_printf(&p->line, "%.*s\t%.*s\t", TOC_SLICE_ARG(audience), TOC_SLICE_ARG(id));
        toc_buf_put_hex(&p->line, value.ptr, value.len);
    } else {
        struct toc_jw w;
        toc_arena_reset(&p->arena);
        toc_jw_init(&w, &p->line);
        toc_jw_open(&w, '{');
        toc_jw_key(&w, "audience");
        toc_jw_text(&w, audience);
        TOC_TRY(p->correlations ? put_correlation(p, value, &w, err) : put_indicator(p, value, &w, err));
        toc_jw_close(&w, '}');
    }
    toc_buf_put_byte(&p->line, '\n');
    TOC_TRY(toc_buf_check(&p->line, "a view", err));
    p->views++;
    TOC_ENSURE(fwrite(p->line.ptr, 1, p->line.len, stdout) == p->line.len, err, TOC_E_IO, "standard output is closed");
    return TOC_OK;
}

static void print_total(uint64_t count, const char *what, struct toc_hash *hash)
{
    uint8_t digest[32];
    struct toc_buf hex;
    toc_buf_init(&hex, 2 * sizeof digest + 1);
    toc_hash_final(hash, digest);
    toc_buf_put_hex(&hex, digest, sizeof digest);
    fprintf(stderr, "%" PRIu64 " %s, digest %.*s\n", count, what, (int)hex.len, (const char *)hex.ptr);
    toc_buf_done(&hex);
}

static toc_rc print_refused(const struct refused *refused, struct toc_err *err)
{
    struct toc_hash *hash = toc_hash_new();
    toc_rc rc = TOC_OK;
    uint64_t count = 0;
    TOC_ENSURE(hash != NULL, err, TOC_E_MEMORY, "out of memory");
    for (int i = 0; i < TOC_PARTITIONS_MAX && !toc_failed(rc); i++) {
        const struct toc_buf *lines = &refused->lines[i];
        rc = toc_buf_check(lines, "what was refused", err);
        if (!toc_failed(rc) && lines->len != 0 && fwrite(lines->ptr, 1, lines->len, stdout) != lines->len)
            rc = toc_fail(err, TOC_E_IO, "standard output is closed");
        toc_hash_update(hash, lines->ptr, lines->len);
        count += refused->counts[i];
    }
    if (!toc_failed(rc))
        print_total(count, "quarantined", hash);
    toc_hash_free(hash);
    return rc;
}

static toc_rc print_views(struct toc_replay *replay, const struct args *args, struct toc_err *err)
{
    struct printer p = {.raw = args->raw, .correlations = args->correlations, .hash = toc_hash_new()};
    TOC_ENSURE(p.hash != NULL, err, TOC_E_MEMORY, "out of memory");
    toc_arena_init(&p.arena, RECORD_ARENA_MAX);
    toc_buf_init(&p.line, VIEW_JSON_MAX);
    toc_rc rc = args->correlations ? toc_replay_correlations(replay, print_view, &p, err)
                                   : toc_replay_views(replay, print_view, &p, err);
    if (!toc_failed(rc))
        print_total(p.views, args->correlations ? "correlations" : "views", p.hash);
    toc_buf_done(&p.line);
    toc_arena_done(&p.arena);
    toc_hash_free(p.hash);
    return rc;
}

static toc_rc replay_all(const struct args *args, const struct toc_replay_conf *conf, struct toc_err *err)
{
    struct toc_replay *replay;
    TOC_TRY(toc_replay_new(conf, &replay, err));
    toc_rc rc = TOC_OK;
    for (int i = 0; i < args->count && !toc_failed(rc); i++)
        rc = take_capture(replay, args->captures[i], err);
    if (!toc_failed(rc))
        rc = toc_replay_end(replay, err);
    if (!toc_failed(rc))
        rc = args->refused ? print_refused(conf->observe_ctx, err) : print_views(replay, args, err);
    toc_replay_free(replay);
    return rc;
}

static toc_rc run_lab(const struct args *args, struct toc_replay_conf *conf, struct toc_err *err)
{
    struct lab lab;
    TOC_TRY(lab_open(args->members, args->captures[0], &lab, err));
    conf->lab = &lab.genesis;
    conf->members = lab.members;
    conf->member_count = lab.count;
    toc_rc rc = replay_all(args, conf, err);
    lab_done(&lab);
    return rc;
}

static toc_rc run_deployment(const struct args *args, struct toc_replay_conf *conf, struct toc_err *err)
{
    struct deployment_conf file = {0};
    struct toc_conf *owner;
    struct shelf *shelf = NULL;
    TOC_TRY(toc_conf_load(args->deployment, deployment_rows, &file, &owner, err));
    toc_rc rc = read_deployment(&file, conf, err);
    if (!toc_failed(rc))
        rc = shelf_open(file.references, &shelf, err);
    conf->reference = shelf_find;
    conf->ctx = shelf;
    if (!toc_failed(rc))
        rc = replay_all(args, conf, err);
    shelf_close(shelf);
    toc_conf_free(owner);
    return rc;
}

int main(int argc, char **argv)
{
    struct args args;
    int code = read_args(argc, argv, &args);
    if (code >= 0)
        return code;
    struct toc_err err;
    struct toc_replay_conf conf = {.way = args.way, .correlations = args.correlations};
    struct refused *refused = args.refused ? toc_mem_alloc(1, sizeof *refused) : NULL;
    if (args.refused && refused == NULL) {
        fputs("tocsin-replay: out of memory\n", stderr);
        return 1;
    }
    if (refused != NULL) {
        refused_init(refused);
        conf.observe = refused_observe;
        conf.observe_ctx = refused;
    }
    toc_rc rc = args.lab ? run_lab(&args, &conf, &err) : run_deployment(&args, &conf, &err);
    if (refused != NULL)
        refused_done(refused);
    toc_mem_free(refused);
    if (!toc_failed(rc))
        return 0;
    fprintf(stderr, "tocsin-replay: %s\n", err.text);
    return 1;
}
