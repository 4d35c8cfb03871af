// tocsin-subscribe: the command line. What it does is in consumers/runner.
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "consumers/runner/allow.h"
#include "consumers/runner/check.h"
#include "consumers/runner/picture.h"
#include "consumers/runner/store.h"
#include "consumers/runner/subscribe.h"
#include "lib/base/file.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#define DEFAULT_CONFIG "/etc/tocsin/member.conf"

struct command_line {
    const char *config, *interest, *allow_for, *allow_why;
    const char *sinks[TOC_PICTURE_OUTPUTS_MAX];
    size_t sink_count;
    bool once, accept, check, json;
    enum toc_log_level level;
    char **words; // behind the options
    int word_count;
};

static int usage(FILE *to, int code)
{
    fputs("usage: tocsin-subscribe [-c member.conf] [--interest ID|'EXPRESSION'] --sink "
          "NAME:PATH...\n"
          "                        [--once] [--accept-change] [--log-level LEVEL] [--log-json]\n"
          "       tocsin-subscribe [-c member.conf] allow VALUE --for 24h --why TEXT\n"
          "       tocsin-subscribe [-c member.conf] allow list | allow remove VALUE\n"
          "       tocsin-subscribe [-c member.conf] --accept-change\n"
          "       tocsin-subscribe [-c member.conf] --check [--interest ...] [--sink ...]\n"
          "       tocsin-subscribe --version | --help\n"
          "NAME is list, rpz, csv, jsonl or stix. list and rpz hold what is to be blocked, the "
          "others what the\n"
          "interest says. -c, also --config, defaults to " DEFAULT_CONFIG ".\n",
            to);
    return code;
}

static int fail(const struct toc_err *err)
{
    fprintf(stderr, "tocsin-subscribe: %s\n", err->text);
    return err->code == TOC_E_USAGE || err->code == TOC_E_SYNTAX ? 2 : 1;
}

// ---- allow ----

static void print_allowed(const char *path, const struct toc_allow *allow)
{
    for (size_t i = 0; i < allow->count; i++) {
        const struct toc_allow_row *row = &allow->rows[i];
        const char *until = row->until_ms == 0 ? "no end" : TOC_TIME_SHOW(row->until_ms);
        printf("%.*s\t%s %s\t%s\n", TOC_SLICE_ARG(row->guard.value),
                i < allow->in_force ? "until" : "ended", until, TOC_SHOW(row->why));
    }
    if (allow->bad_line != 0)
        fprintf(stderr, "tocsin-subscribe: %s: line %zu cannot be read\n", path, allow->bad_line);
}

static toc_rc allow_list(const char *path, struct toc_err *err)
{
    struct toc_allow allow;
    TOC_TRY(toc_allow_load(path, toc_now_ms(NULL), &allow, err));
    print_allowed(path, &allow);
    toc_allow_done(&allow);
    return TOC_OK;
}

static toc_rc allow_add(const char *path, const struct command_line *line, struct toc_slice value,
        struct toc_err *err)
{
    int64_t for_ms, now_ms = toc_now_ms(NULL);
    TOC_ENSURE(line->allow_for != NULL && line->allow_why != NULL, err, TOC_E_USAGE,
            "say for how long and why: allow VALUE --for 24h --why TEXT");
    TOC_ENSURE(toc_duration_parse(toc_slice_of(line->allow_for), &for_ms), err, TOC_E_USAGE,
            "--for takes a duration like 30m, 24h or 7d");
    TOC_TRY(toc_allow_add(path, value, for_ms, toc_slice_of(line->allow_why), now_ms, err));
    printf("%s passes until %s; a running tocsin-subscribe takes it up within a second or two\n",
            line->words[1], TOC_TIME_SHOW(now_ms + for_ms));
    return TOC_OK;
}

// words: allow | allow list | allow remove VALUE | allow VALUE
static toc_rc allow(
        const struct toc_member_conf *conf, const struct command_line *line, struct toc_err *err)
{
    char path[TOC_PATH_BYTES_MAX];
    const char *first = line->word_count > 1 ? line->words[1] : "list";
    bool removes = strcmp(first, "remove") == 0;
    TOC_ENSURE(line->word_count <= (removes ? 3 : 2) && (!removes || line->word_count == 3), err,
            TOC_E_USAGE,
            "write: allow VALUE --for 24h --why TEXT, allow list, or allow remove VALUE");
    TOC_TRY(toc_dir_make(conf->state, 0700, err));
    TOC_TRY(toc_subscribe_allow_path(conf, path, err));
    if (removes)
        return toc_allow_remove(path, toc_slice_of(line->words[2]), toc_now_ms(NULL), err);
    if (strcmp(first, "list") == 0)
        return allow_list(path, err);
    return allow_add(path, line, toc_slice_of(first), err);
}

// ---- subscribing ----

static toc_rc accept_change(const struct toc_member_conf *conf, struct toc_err *err)
{
    char dir[TOC_PATH_BYTES_MAX];
    size_t count = 0;
    TOC_TRY(toc_subscribe_dir(conf, dir, err));
    TOC_TRY(toc_store_accept_all(dir, &count, err));
    printf("accepted for %zu outputs: a running tocsin-subscribe takes it up within a second or "
           "two, "
           "another one if it starts within the hour\n",
            count);
    return TOC_OK;
}

static struct toc_subscribe_options options_of(
        const struct toc_member_conf *conf, const struct command_line *line)
{
    return (struct toc_subscribe_options){
            .conf = conf,
            .interest = line->interest != NULL ? line->interest : conf->subscribe.interest,
            .sinks = line->sinks,
            .sink_count = line->sink_count,
            .once = line->once,
            .accept = line->accept,
    };
}

static toc_rc subscribe(
        const struct toc_member_conf *conf, const struct command_line *line, struct toc_err *err)
{
    struct toc_subscribe_options options = options_of(conf, line);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL); // before any thread: only the signalfd sees them
    options.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    TOC_ENSURE(options.signals >= 0, err, TOC_E_IO, "signalfd: %s", strerror(errno));
    toc_rc rc = toc_subscribe_run(&options, err);
    close(options.signals);
    return rc;
}

static toc_rc check(
        const struct toc_member_conf *conf, const struct command_line *line, struct toc_err *err)
{
    const struct toc_subscribe_options options = options_of(conf, line);
    return toc_subscribe_check(&options, stdout, err);
}

static toc_rc run(
        const struct toc_member_conf *conf, const struct command_line *line, struct toc_err *err)
{
    if (line->word_count > 0 && strcmp(line->words[0], "allow") == 0)
        return allow(conf, line, err);
    TOC_ENSURE(line->word_count == 0, err, TOC_E_USAGE, "%s is no command", line->words[0]);
    TOC_ENSURE(line->allow_for == NULL && line->allow_why == NULL, err, TOC_E_USAGE,
            "--for and --why belong to allow");
    if (line->check)
        return check(conf, line, err);
    if (line->accept && line->sink_count == 0)
        return accept_change(conf, err);
    return subscribe(conf, line, err);
}

enum option_code {
    OPTION_INTEREST = 256,
    OPTION_SINK,
    OPTION_ONCE,
    OPTION_ACCEPT,
    OPTION_CHECK,
    OPTION_FOR,
    OPTION_WHY,
    OPTION_LEVEL,
    OPTION_JSON,
    OPTION_VERSION,
};

static const struct option long_options[] = {
        {"config", required_argument, NULL, 'c'},
        {"interest", required_argument, NULL, OPTION_INTEREST},
        {"sink", required_argument, NULL, OPTION_SINK},
        {"once", no_argument, NULL, OPTION_ONCE},
        {"accept-change", no_argument, NULL, OPTION_ACCEPT},
        {"check", no_argument, NULL, OPTION_CHECK},
        {"for", required_argument, NULL, OPTION_FOR},
        {"why", required_argument, NULL, OPTION_WHY},
        {"log-level", required_argument, NULL, OPTION_LEVEL},
        {"log-json", no_argument, NULL, OPTION_JSON},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"help", no_argument, NULL, 'h'},
        {0},
};

// -1: go on; else the exit status.
static int take_option(struct command_line *line, int option)
{
    switch (option) {
    case 'c':
        line->config = optarg;
        return -1;
    case OPTION_INTEREST:
        line->interest = optarg;
        return -1;
    case OPTION_SINK:
        if (line->sink_count == TOC_PICTURE_OUTPUTS_MAX)
            return usage(stderr, 2);
        line->sinks[line->sink_count++] = optarg;
        return -1;
    case OPTION_ONCE:
        line->once = true;
        return -1;
    case OPTION_CHECK:
        line->check = true;
        return -1;
    case OPTION_ACCEPT:
        line->accept = true;
        return -1;
    case OPTION_FOR:
        line->allow_for = optarg;
        return -1;
    case OPTION_WHY:
        line->allow_why = optarg;
        return -1;
    case OPTION_JSON:
        line->json = true;
        return -1;
    case OPTION_LEVEL:
        return toc_log_level_parse(optarg, &line->level) ? -1 : usage(stderr, 2);
    case OPTION_VERSION:
        return puts("tocsin-subscribe " TOC_VERSION) < 0;
    case 'h':
        return usage(stdout, 0);
    default:
        return usage(stderr, 2);
    }
}

int main(int argc, char **argv)
{
    struct command_line line = {.config = DEFAULT_CONFIG, .level = TOC_LOG_INFO};
    struct toc_member_conf conf;
    struct toc_conf *owner = NULL;
    struct toc_err err;
    for (int c; (c = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1;) {
        int code = take_option(&line, c);
        if (code >= 0)
            return code;
    }
    line.words = argv + optind;
    line.word_count = argc - optind;
    toc_log_setup(line.level, line.json);
    if (toc_failed(toc_member_load(line.config, &conf, &owner, &err))) {
        fail(&err);
        return 2;
    }
    toc_rc rc = run(&conf, &line, &err);
    toc_conf_free(owner);
    return toc_failed(rc) ? fail(&err) : 0;
}
