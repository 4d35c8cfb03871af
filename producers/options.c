#include "producers/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/time.h"
#include "producers/reader/reader.h"

static const char usage[] =
        "usage: tocsin-publish -c member.conf [option]... [FILE|-]\n"
        "       tocsin-publish --dry-run [option]... FILE|-\n"
        "       tocsin-publish enrol --name ID --out DIR\n"
        "Without FILE only what an earlier run left in the spool is sent.\n"
        "\n"
        "  -c FILE             the member's configuration\n"
        "  --format F          auto, list, csv, stix or jsonl (default auto: by the first bytes)\n"
        "  --feed ID           which of the member's feeds this is\n"
        "  --marking TLP:M     CLEAR, GREEN, AMBER; AMBER+STRICT and RED only by this option\n"
        "  --confidence N      0 to 100, where the input does not say\n"
        "  --tag T             on everything; may be repeated\n"
        "  --full-list         FILE is the whole list: what is missing since the last one is "
        "withdrawn\n"
        "  --accept-shrink     withdraw even if the list shrank by more than half\n"
        "  --wait              follow the receipts and tell what became of it\n"
        "  --timeout D         wait at most so long for receipts, as 30s or 5m (default 60s)\n"
        "  --follow            standard input never ends: send every 100 ms or 10,000 lines\n"
        "  --dry-run           show what would be sent; needs neither broker nor configuration\n"
        "  --json              with --dry-run: each observation in its JSON form, one a line\n"
        "  --segments FILE     write a capture for tocsin-replay instead of sending\n"
        "  --at TIME           what counts as now in captures (2026-01-31T12:00:00Z)\n"
        "  --rejects FILE      keep the refused lines there, with reasons (mode 0600)\n"
        "  --check             check the configuration\n"
        "  --print-config      show every key of the configuration\n"
        "  --help, --version\n"
        "\n"
        "Exit: 0 sent; 1 not everything was sent, the rest is spooled; 2 usage;\n"
        "3 sent, but nothing of FILE could be used, a full list was held, or not everything was "
        "accepted.\n";

enum long_option {
    OPT_FORMAT = 256,
    OPT_FEED,
    OPT_MARKING,
    OPT_CONFIDENCE,
    OPT_TAG,
    OPT_FULL_LIST,
    OPT_ACCEPT_SHRINK,
    OPT_WAIT,
    OPT_TIMEOUT,
    OPT_FOLLOW,
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_SEGMENTS,
    OPT_AT,
    OPT_REJECTS,
    OPT_CHECK,
    OPT_PRINT_CONFIG,
    OPT_HELP,
    OPT_VERSION,
    OPT_NAME,
    OPT_OUT,
};

static const struct option long_options[] = {
        {"format", required_argument, NULL, OPT_FORMAT},
        {"feed", required_argument, NULL, OPT_FEED},
        {"marking", required_argument, NULL, OPT_MARKING},
        {"confidence", required_argument, NULL, OPT_CONFIDENCE},
        {"tag", required_argument, NULL, OPT_TAG},
        {"full-list", no_argument, NULL, OPT_FULL_LIST},
        {"accept-shrink", no_argument, NULL, OPT_ACCEPT_SHRINK},
        {"wait", no_argument, NULL, OPT_WAIT},
        {"timeout", required_argument, NULL, OPT_TIMEOUT},
        {"follow", no_argument, NULL, OPT_FOLLOW},
        {"dry-run", no_argument, NULL, OPT_DRY_RUN},
        {"json", no_argument, NULL, OPT_JSON},
        {"segments", required_argument, NULL, OPT_SEGMENTS},
        {"at", required_argument, NULL, OPT_AT},
        {"rejects", required_argument, NULL, OPT_REJECTS},
        {"check", no_argument, NULL, OPT_CHECK},
        {"print-config", no_argument, NULL, OPT_PRINT_CONFIG},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
        {"name", required_argument, NULL, OPT_NAME},
        {"out", required_argument, NULL, OPT_OUT},
        {0},
};

static bool wrong(const char *what, const char *value)
{
    fprintf(stderr, "tocsin-publish: %s%s%s\n", what, value == NULL ? "" : ": ",
            value == NULL ? "" : TOC_SHOW(toc_slice_of(value)));
    return false;
}

static bool take_confidence(const char *text, struct toc_publish_options *o)
{
    uint64_t number;
    if (!toc_parse_u64(toc_slice_of(text), 100, &number))
        return wrong("--confidence takes a number from 0 to 100", text);
    o->confidence = (int32_t)number;
    return true;
}

static bool take_tag(const char *text, struct toc_publish_options *o)
{
    if (o->tag_count == TOC_PUBLISH_TAGS_MAX)
        return wrong("too many tags", text);
    o->tags[o->tag_count++] = text;
    return true;
}

// Options with a value that is kept as it is; NULL for the others.
static const char **text_of(int option, struct toc_options *o)
{
    switch (option) {
    case 'c':
        return &o->publish.config;
    case OPT_FORMAT:
        return &o->publish.format;
    case OPT_FEED:
        return &o->publish.feed;
    case OPT_MARKING:
        return &o->publish.marking;
    case OPT_SEGMENTS:
        return &o->publish.segments;
    case OPT_REJECTS:
        return &o->publish.rejects;
    case OPT_NAME:
        return &o->enrol_name;
    case OPT_OUT:
        return &o->enrol_dir;
    default:
        return NULL;
    }
}

// Options without a value; NULL for the others.
static bool *flag_of(int option, struct toc_publish_options *o)
{
    switch (option) {
    case OPT_FULL_LIST:
        return &o->full_list;
    case OPT_ACCEPT_SHRINK:
        return &o->accept_shrink;
    case OPT_WAIT:
        return &o->wait;
    case OPT_FOLLOW:
        return &o->follow;
    case OPT_DRY_RUN:
        return &o->dry_run;
    case OPT_JSON:
        return &o->json;
    default:
        return NULL;
    }
}

static bool take(int option, const char *value, struct toc_options *o)
{
    const char **text = text_of(option, o);
    bool *flag = flag_of(option, &o->publish);
    if (text != NULL)
        *text = value;
    else if (flag != NULL)
        *flag = true;
    else if (option == OPT_CONFIDENCE)
        return take_confidence(value, &o->publish);
    else if (option == OPT_TAG)
        return take_tag(value, &o->publish);
    else if (option == OPT_TIMEOUT &&
             !toc_duration_parse(toc_slice_of(value), &o->publish.timeout_ms))
        return wrong("--timeout takes a duration as 30s or 5m", value);
    else if (option == OPT_AT && !toc_time_parse(toc_slice_of(value), &o->publish.at_ms))
        return wrong("--at takes a time as 2026-01-31T12:00:00Z", value);
    return true;
}

// What does not go together.
static bool check(const struct toc_publish_options *o)
{
    if (toc_reader_by_name(o->format) == NULL && strcmp(o->format, "auto") != 0)
        return wrong("no such format (auto, list, csv, stix, jsonl)", o->format);
    if (o->config == NULL && !o->dry_run)
        return wrong("-c member.conf is needed for all but --dry-run", NULL);
    if (o->input == NULL && (o->dry_run || o->segments != NULL || o->full_list || o->follow))
        return wrong("no FILE given (- is standard input)", NULL);
    if (o->dry_run && (o->wait || o->segments != NULL))
        return wrong(
                "--dry-run sends and writes nothing: neither --wait nor --segments goes with it",
                NULL);
    if (o->segments != NULL && o->wait)
        return wrong("--segments sends nothing: --wait does not go with it", NULL);
    if (o->json && !o->dry_run)
        return wrong("--json goes with --dry-run only", NULL);
    if (o->follow && (strcmp(o->input, "-") != 0 || o->full_list || o->wait || o->segments != NULL))
        return wrong(
                "--follow takes standard input (-), without --full-list, --wait and --segments",
                NULL);
    if (o->accept_shrink && !o->full_list)
        return wrong("--accept-shrink goes with --full-list only", NULL);
    return true;
}

static enum toc_command parse_enrol(int argc, char **argv, struct toc_options *o)
{
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        if (option == OPT_NAME || option == OPT_OUT)
            take(option, optarg, o);
        else if (option == OPT_HELP)
            return fputs(usage, stdout) < 0 ? TOC_COMMAND_WRONG : TOC_COMMAND_DONE;
        else
            return TOC_COMMAND_WRONG;
    if (o->enrol_name == NULL || o->enrol_dir == NULL || optind != argc) {
        wrong("enrol takes --name ID --out DIR", NULL);
        return TOC_COMMAND_WRONG;
    }
    return TOC_COMMAND_ENROL;
}

static enum toc_command answer(int option)
{
    if (option == OPT_HELP)
        fputs(usage, stdout);
    else
        printf("tocsin-publish %s\n", TOC_VERSION);
    return TOC_COMMAND_DONE;
}

static enum toc_command parse_publish(int argc, char **argv, struct toc_options *o)
{
    enum toc_command command = TOC_COMMAND_PUBLISH;
    int option;
    while ((option = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        if (option == OPT_HELP || option == OPT_VERSION)
            return answer(option);
        if (option == OPT_CHECK)
            command = TOC_COMMAND_CHECK;
        else if (option == OPT_PRINT_CONFIG)
            command = TOC_COMMAND_PRINT_CONFIG;
        else if (option == '?' || option == OPT_NAME || option == OPT_OUT ||
                 !take(option, optarg, o))
            return TOC_COMMAND_WRONG;
    }
    if (command != TOC_COMMAND_PUBLISH)
        return command;
    if (argc - optind > 1) {
        wrong("one FILE at a time", argv[optind + 1]);
        return TOC_COMMAND_WRONG;
    }
    o->publish.input = optind < argc ? argv[optind] : NULL;
    return check(&o->publish) ? TOC_COMMAND_PUBLISH : TOC_COMMAND_WRONG;
}

enum toc_command toc_options_parse(int argc, char **argv, struct toc_options *out)
{
    *out = (struct toc_options){
            .publish = {.format = "auto", .confidence = -1, .timeout_ms = 60 * TOC_MS_SECOND}};
    if (argc > 1 && strcmp(argv[1], "enrol") == 0)
        return parse_enrol(argc - 1, argv + 1, out);
    return parse_publish(argc, argv, out);
}
