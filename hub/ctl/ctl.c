#include "hub/ctl/ctl.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/digest.h"
#include "lib/base/text.h"

#define TIMEOUT_MS 20000
#define GENESIS_BYTES_MAX 65536

static toc_rc check_id(const void *value, struct toc_err *err)
{
    TOC_ENSURE(toc_id_valid(toc_slice_of(*(const char *const *)value)), err, TOC_E_USAGE,
            "operator is not of the form [a-z0-9][a-z0-9._-]{0,62}");
    return TOC_OK;
}

#define ROW(n, t, f, ...) {.name = (n), .type = (t), .offset = offsetof(struct ctl_conf, f), __VA_ARGS__}

const struct toc_conf_row ctl_rows[] = {
        ROW("operator", TOC_CONF_TEXT, operator_id, .required = true, .fallback = "\"operator\"", .check = check_id,
                .doc = "Who decides: stands in every decision."),
        ROW("dir", TOC_CONF_PATH, dir, .required = true, .fallback = "\".\"",
                .doc = "Folder of the deployment: authorities, keys, genesis; only the operator can read it."),
        ROW("member_brokers", TOC_CONF_TEXT, member_brokers, .required = true, .fallback = "\"kafka.example.org:9094\"",
                .doc = "Brokers as members reach them, host:port, separated by commas."),
        ROW("hub_sockets", TOC_CONF_LIST, hub_sockets, .example = "[ \"/run/tocsin/hub.sock\" ]",
                .doc = "Unix sockets of the hubs on this machine, for status and explain."),
        ROW("replicas", TOC_CONF_INT, replicas, .fallback = "3", .min = 1, .max = 9, .doc = "Replicas of every topic."),
        ROW("quickstart", TOC_CONF_BOOL, quickstart, .fallback = "false",
                .doc = "A deployment for trying out: its authorities live 7 days and nothing works but on loopback."),
        TOC_BUS_CONF_ROWS(struct ctl_conf, kafka, "9093", "hub-ca.crt", "admin"),
        {0},
};

static void log_line(void *ctx, enum toc_log_level level, const char *text)
{
    const struct ctl *ctl = ctx;
    if (ctl->verbose || level <= TOC_LOG_WARN)
        toc_log(level, "kafka", "%s", text);
}

toc_rc ctl_open(const char *path, struct ctl *ctl, struct toc_err *err)
{
    ctl->log = (struct toc_bus_log){.line = log_line, .ctx = ctl};
    return toc_conf_load(path, ctl_rows, &ctl->conf, &ctl->owner, err);
}

void ctl_close(struct ctl *ctl)
{
    toc_admin_close(ctl->admin);
    toc_conf_free(ctl->owner);
}

toc_rc ctl_admin(struct ctl *ctl, struct toc_err *err)
{
    return ctl->admin != NULL ? TOC_OK : toc_admin_open(&ctl->conf.kafka, ctl->log, TIMEOUT_MS, &ctl->admin, err);
}

toc_rc ctl_path(const struct ctl *ctl, const char *name, char out[], struct toc_err *err)
{
    return toc_path_join(out, ctl->conf.dir, name, err);
}

// The operator's own copy needs no pin: its digest is what it says.
toc_rc ctl_genesis(const struct ctl *ctl, struct toc_genesis_file *out, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_buf bytes;
    uint8_t digest[TOC_SHA256_BYTES];
    TOC_TRY(ctl_path(ctl, CTL_GENESIS, path, err));
    toc_buf_init(&bytes, GENESIS_BYTES_MAX);
    toc_rc rc = toc_file_read(path, &bytes, err);
    if (!toc_failed(rc)) {
        toc_sha256(bytes.ptr, bytes.len, digest);
        toc_buf_clear(&bytes);
        toc_buf_put_hex(&bytes, digest, sizeof digest);
        rc = toc_genesis_load(path, toc_buf_cstr(&bytes), out, err);
    }
    toc_buf_done(&bytes);
    return rc.code == TOC_E_NOTFOUND ? toc_err_context(rc, err, "run `tocsinctl init --apply` first") : rc;
}

static const struct ctl_option *find(const struct ctl_option *options, const char *name)
{
    for (; options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return options;
    return NULL;
}

static toc_rc take_option(const struct ctl_option *o, const char *word, const char *value, struct toc_err *err)
{
    TOC_ENSURE(value != NULL, err, TOC_E_USAGE, "%s wants a value", word);
    if (o->value != NULL) {
        *o->value = value;
    } else {
        TOC_ENSURE(*o->count < o->list_max, err, TOC_E_USAGE, "%s: at most %zu", word, o->list_max);
        o->list[(*o->count)++] = value;
    }
    return TOC_OK;
}

toc_rc ctl_options(int argc, char **argv, const struct ctl_option *options, const char **words, size_t max,
        size_t *out_words, struct toc_err *err)
{
    size_t count = 0;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            TOC_ENSURE(count < max, err, TOC_E_USAGE, "one word too many: %s", argv[i]);
            words[count++] = argv[i];
            continue;
        }
        const struct ctl_option *o = find(options, argv[i] + 2);
        TOC_ENSURE(o != NULL, err, TOC_E_USAGE, "no such option: %s", argv[i]);
        if (o->flag != NULL) {
            *o->flag = true;
            continue;
        }
        TOC_TRY(take_option(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err));
        i++;
    }
    *out_words = count;
    return TOC_OK;
}
