#include "consumers/runner/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumers/runner/allow.h"
#include "consumers/runner/output.h"
#include "consumers/runner/subscription.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

static void parent_of(const char *path, char out[TOC_PATH_BYTES_MAX])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(out, TOC_PATH_BYTES_MAX, ".");
    else
        snprintf(out, TOC_PATH_BYTES_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

// A file is replaced by renaming, so its folder has to let us write.
static toc_rc check_folder(const char *folder, const char *of, struct toc_err *err)
{
    struct stat st;
    TOC_ENSURE(stat(folder, &st) == 0, err, errno == ENOENT ? TOC_E_NOTFOUND : TOC_E_IO,
            "%s: %s: %s", of, folder, strerror(errno));
    TOC_ENSURE(S_ISDIR(st.st_mode), err, TOC_E_IO, "%s: %s is no folder", of, folder);
    TOC_ENSURE(access(folder, W_OK | X_OK) == 0, err, TOC_E_IO, "%s: %s: %s", of, folder,
            strerror(errno));
    return TOC_OK;
}

static toc_rc check_sink(const char *option, FILE *out, struct toc_err *err)
{
    const struct toc_sink *sink;
    const char *path;
    char folder[TOC_PATH_BYTES_MAX];
    struct stat st;
    TOC_TRY(toc_output_option(option, &sink, &path, err));
    TOC_ENSURE(strlen(path) < sizeof folder, err, TOC_E_USAGE, "--sink %s: the path is too long",
            sink->name);
    parent_of(path, folder);
    TOC_TRY(check_folder(folder, option, err));
    bool there = stat(path, &st) == 0;
    TOC_ENSURE(!there || S_ISREG(st.st_mode), err, TOC_E_IO, "%s: it is no plain file", option);
    fprintf(out, "%s: %s would be %s\n", sink->name, path, there ? "replaced" : "made");
    return TOC_OK;
}

static toc_rc check_sinks(
        const struct toc_subscribe_options *options, FILE *out, struct toc_err *err)
{
    for (size_t i = 0; i < options->sink_count; i++) {
        TOC_TRY(check_sink(options->sinks[i], out, err));
        for (size_t j = 0; j < i; j++)
            TOC_ENSURE(strcmp(strchr(options->sinks[i], ':'), strchr(options->sinks[j], ':')) != 0,
                    err, TOC_E_BUSY, "two sinks write %s", strchr(options->sinks[i], ':') + 1);
    }
    if (options->sink_count == 0)
        fputs("no --sink: nothing would be written\n", out);
    return TOC_OK;
}

static toc_rc check_allow(const struct toc_member_conf *conf, FILE *out, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    struct toc_allow allow;
    TOC_TRY(toc_subscribe_allow_path(conf, path, err));
    TOC_TRY(toc_allow_load(path, toc_now_ms(NULL), &allow, err));
    size_t bad_line = allow.bad_line, in_force = allow.in_force;
    toc_allow_done(&allow);
    TOC_ENSURE(bad_line == 0, err, TOC_E_SYNTAX, "%s: line %zu cannot be read", path, bad_line);
    fprintf(out, "allow file %s: %zu values in force\n", path, in_force);
    return TOC_OK;
}

// Made at the first start, with the folders above it.
static toc_rc check_state(const struct toc_member_conf *conf, struct toc_err *err)
{
    char folder[TOC_PATH_BYTES_MAX], above[TOC_PATH_BYTES_MAX];
    struct stat st;
    TOC_TRY(toc_path_join(folder, "", conf->state, err));
    while (stat(folder, &st) != 0 && errno == ENOENT && strcmp(folder, "/") != 0 &&
            strcmp(folder, ".") != 0) {
        parent_of(folder, above);
        memcpy(folder, above, sizeof folder);
    }
    return check_folder(folder, "state", err);
}

static void say_subscription(
        const struct toc_subscribe_options *options, const struct toc_subscription *s, FILE *out)
{
    const struct toc_member_conf *conf = options->conf;
    fprintf(out, "member %s, genesis is good\n", conf->member);
    if (s->audience[0] != '\0')
        fprintf(out, "reads the audience %s\n", s->audience);
    else
        fputs("reads the highest audience that the hub clears it for\n", out);
    if (s->follows != NULL)
        fprintf(out, "interest %s, as the hub's roster has it\n", s->follows);
    else if (options->interest != NULL)
        fprintf(out, "interest: %.*s\n", TOC_SLICE_ARG(s->text));
    else
        fputs("interest: everything live\n", out);
}

toc_rc toc_subscribe_check(
        const struct toc_subscribe_options *options, FILE *out, struct toc_err *err)
{
    struct toc_subscription subscription;
    TOC_TRY(toc_subscription_check(options->conf, options->interest, &subscription, err));
    say_subscription(options, &subscription, out);
    toc_subscription_done(&subscription);
    TOC_TRY(check_state(options->conf, err));
    TOC_TRY(check_allow(options->conf, out, err));
    return check_sinks(options, out, err);
}
