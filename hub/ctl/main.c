// tocsinctl: the operator's tool. `tocsinctl [-c operator.conf] COMMAND ...`; one file a command.

#include <stdio.h>
#include <string.h>

#include "hub/ctl/ctl.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

static const struct command {
    const char *name;
    ctl_command *run;
    bool needs_conf;
    const char *what;  // one line
    const char *usage; // words and options, each beginning with a line of "tocsinctl ..."
} commands[] = {
        {"ca", cmd_ca, false, "make the authorities, certificates and keys of a deployment",
                "ca --dir DIR [--host NAME]... [--quickstart]\n"
                "  --dir DIR      folder to make; it becomes `dir` of operator.conf\n"
                "  --host NAME    name or address in the brokers' certificate, up to 16 (localhost and 127.0.0.1)\n"
                "  --quickstart   for trying out: marked, 7 days, refused on anything but loopback\n"},
        {"init", cmd_init, true, "genesis, topics, rights, the first decisions",
                "init [--apply] [--name NAME] [--partitions P]\n"
                "  --apply        do it; without it the differences are shown and nothing changes\n"
                "  --name NAME    of the deployment, in genesis (tocsin)\n"
                "  --partitions P of submit and all that follows it, for good (12)\n"},
        {"member", cmd_member, true, "look at a request, admit, list, show, suspend, restore or revoke a member, its keys",
                "member request FILE\n"
                "       tocsinctl member admit --request FILE --role ROLE --clearance MARKING --out DIR [option]...\n"
                "       tocsinctl member list | show ID | suspend ID | restore ID | revoke ID\n"
                "       tocsinctl member key add ID --request FILE [--fingerprint TEXT] [--out DIR]\n"
                "       tocsinctl member key list ID | revoke ID KEY [--distrust-from WHEN]\n"
                "  request FILE   what it says and its fingerprint; decides nothing\n"
                "  --request FILE what `tocsin-publish enrol` made\n"
                "  --fingerprint T  as the member read it out: another key is refused\n"
                "  --role ROLE    clinic hospital payer laboratory pharmacy device-maker health-it public-health\n"
                "                 government peer other\n"
                "  --clearance M  the highest marking it may read: CLEAR, GREEN or AMBER\n"
                "  --out DIR      its certificate, the authority, genesis and the lines for its member.conf\n"
                "  --organisation NAME  legal organisation, whose members are one voice (the member's id)\n"
                "  --title TEXT   the name people know it by\n"
                "  --own-name N   a domain or network of its own, up to 64: never blocked\n"
                "  --may-block    its word alone may block (government has that right)\n"
                "  --attacker-mail, --descriptions   its e-mail addresses, its texts may be shared\n"
                "  --no-probation its word counts from the first day, not after 30\n"
                "  key revoke     what that key (as `key list` shows it) signs from here on is refused\n"
                "  --distrust-from W  also what it signed since: a date, a time or an age (2026-01-31, 12h)\n"},
        {"interest", cmd_interest, true, "what a member wants to be sent: add, list or remove",
                "interest add MEMBER ID EXPRESSION | list | remove ID\n"
                "  EXPRESSION     as 'advice = block and kind in (domain, url)': schemas/EXPRESSIONS.md\n"},
        {"reference", cmd_reference, true, "warninglists, never-block, public suffixes: add, use, drop or list",
                "reference add|use FILE --name NAME --type TYPE [--effect EFFECT] [--version TEXT]\n"
                "       tocsinctl reference drop NAME | list\n"
                "  add            store the set; use: store it and let it count from here on\n"
                "  --name NAME    of the set; a set of the same name is replaced\n"
                "  --type TYPE    warninglist never-block public-suffixes dynamic-dns\n"
                "  --effect E     annotate cap never-block (annotate)\n"
                "  --version TEXT shown beside its name\n"},
        {"overrule", cmd_overrule, true, "decide the advice on one indicator, for 30 days at most",
                "overrule VALUE --advice none|alert|block --why TEXT --until DATE|7d\n"
                "  --advice A     what every audience that sees the indicator is told\n"
                "  --why TEXT     one line; stands in explain\n"
                "  --until WHEN   a date (2026-01-31) or a duration (7d)\n"},
        {"policy", cmd_policy, true, "change a number of the rules",
                "policy NAME NUMBER\n"
                "  NAME           block-score (50) alert-score (20) retention-days (90) probation-days (30) k-anonymity (3)\n"},
        {"status", cmd_status, true, "lag, throughput, time, conservation per member",
                "status [--json] [--rate]\n"
                "  --json         all of it, also by partition\n"
                "  --rate         observations a second, over two seconds\n"},
        {"explain", cmd_explain, true, "who says it, and why the advice is what it is",
                "explain VALUE [--json]\n"
                "  VALUE          as you met it; defanged is fine\n"
                "  --json         every term\n"},
        {"picture", cmd_picture, true, "what an audience holds: kinds, advice, on whose word",
                "picture [--audience NAME] [--json]\n"
                "  --audience N   clear green amber federal (green)\n"
                "  --json         every ground of advice\n"},
        {"correlations", cmd_correlations, true, "what indicators share, heaviest first",
                "correlations [--audience NAME] [--what KIND] [--top N]\n"
                "  --audience N   clear green amber federal (green)\n"
                "  --what KIND    registrable-domain network relation report (all)\n"
                "  --top N        how many (20)\n"},
        {"quarantine", cmd_quarantine, true, "what the hub refused, and why",
                "quarantine list | show PARTITION/OFFSET\n"},
        {"codes", cmd_codes, false, "every code of advice and refusal: what it means, what to do",
                "codes [BEGINNING]\n"
                "  BEGINNING      as canon. or cap.list\n"},
        {"capture", cmd_capture, true, "the log as it is, for tocsin-replay", "capture FILE\n"},
        {"doctor", cmd_doctor, true, "what is wrong, and the next step", "doctor\n"},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static int usage(FILE *to, int code)
{
    fputs("usage: tocsinctl [-c operator.conf] [-v] COMMAND [word or option]...\n"
          "       tocsinctl COMMAND --help\n",
            to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-14s %s\n", commands[i].name, commands[i].what);
    fputs("other options:\n"
          "  -c FILE        the operator's configuration (operator.conf)\n"
          "  -v             what the Kafka client says\n"
          "  --check        check the configuration\n"
          "  --print-config show every key of it\n"
          "  --version, --help\n",
            to);
    return code;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

static int help(const struct command *command)
{
    printf("tocsinctl %s: %s\nusage: tocsinctl %s", command->name, command->what, command->usage);
    return 0;
}

static int check(const char *conf)
{
    struct ctl ctl = {0};
    struct toc_err err;
    toc_rc rc = ctl_open(conf, &ctl, &err);
    ctl_close(&ctl);
    if (!toc_failed(rc))
        return puts("the configuration is sound") < 0;
    fprintf(stderr, "tocsinctl: %s\n", err.text);
    return 2;
}

static int print_config(void)
{
    struct toc_err err;
    if (!toc_failed(toc_conf_show(ctl_rows, stdout, &err)))
        return 0;
    fprintf(stderr, "tocsinctl: %s\n", err.text);
    return 1;
}

static int run(const struct command *command, const char *conf, bool verbose, int argc, char **argv)
{
    struct ctl ctl = {.verbose = verbose};
    struct toc_err err = {0};
    toc_rc opened = command->needs_conf ? ctl_open(conf, &ctl, &err) : TOC_OK;
    toc_rc rc = toc_failed(opened) ? opened : command->run(&ctl, argc, argv, &err);
    ctl_close(&ctl);
    if (!toc_failed(rc))
        return 0;
    fprintf(stderr, "tocsinctl: %s\n", err.text);
    if (opened.code == TOC_E_NOTFOUND)
        fprintf(stderr, "name the operator's configuration with -c FILE; `tocsinctl --print-config` shows what stands in one\n");
    else if (!toc_failed(opened) && rc.code == TOC_E_USAGE)
        fprintf(stderr, "`tocsinctl %s --help` tells more\n", command->name);
    return rc.code == TOC_E_USAGE ? 2 : 1;
}

static const struct command *command_of(const char *name)
{
    for (size_t c = 0; c < COMMAND_COUNT; c++)
        if (strcmp(commands[c].name, name) == 0)
            return &commands[c];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *conf = "operator.conf";
    bool verbose = false, only_check = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            conf = argv[++i];
        else if (strcmp(argv[i], "-v") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--check") == 0)
            only_check = true;
        else if (strcmp(argv[i], "--print-config") == 0)
            return print_config();
        else if (strcmp(argv[i], "--version") == 0)
            return puts("tocsinctl " TOC_VERSION) < 0;
        else if (strcmp(argv[i], "--help") == 0)
            return usage(stdout, 0);
        else
            return usage(stderr, 2);
    }
    if (only_check && i == argc)
        return check(conf);
    if (only_check || i == argc)
        return usage(stderr, 2);
    const struct command *command = command_of(argv[i]);
    if (command == NULL) {
        fprintf(stderr, "tocsinctl: no such command: %s\n", TOC_SHOW(toc_slice_of(argv[i])));
        return usage(stderr, 2);
    }
    if (asks_for_help(argc - i - 1, argv + i + 1))
        return help(command);
    toc_log_setup(TOC_LOG_INFO, false);
    return run(command, conf, verbose, argc - i - 1, argv + i + 1);
}
