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
    const char *what;
} commands[] = {
        {"ca", cmd_ca, false, "make the authorities, certificates and keys of a deployment: ca --dir DIR [--host NAME]..."},
        {"init", cmd_init, true, "genesis, topics, rights, first decisions: init [--apply] [--partitions P] [--name NAME]"},
        {"member", cmd_member, true, "admit | list | show ID | suspend ID | restore ID | revoke ID"},
        {"interest", cmd_interest, true, "add MEMBER ID EXPRESSION | list | remove ID"},
        {"reference", cmd_reference, true, "add|use FILE --name NAME --type TYPE [--effect EFFECT] | drop NAME | list"},
        {"overrule", cmd_overrule, true, "VALUE --advice none|alert|block --why TEXT --until DATE|7d"},
        {"policy", cmd_policy, true, "NAME NUMBER: a number of the rules, e.g. block-score 50"},
        {"status", cmd_status, true, "[--json] [--rate]: lag, throughput, time, conservation per member"},
        {"explain", cmd_explain, true, "VALUE [--json]: who says it, and why the advice is what it is"},
        {"quarantine", cmd_quarantine, true, "list | show PARTITION/OFFSET"},
        {"correlations", cmd_correlations, true, "--audience NAME [--top N]: what indicators share, heaviest first"},
        {"capture", cmd_capture, true, "FILE: the log as it is, for tocsin-replay"},
        {"doctor", cmd_doctor, true, "what is wrong and the next step"},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static int usage(FILE *to, int code)
{
    fputs("usage: tocsinctl [-c operator.conf] [-v] COMMAND ...\n", to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].what);
    fputs("       tocsinctl --print-config | --version | --help\n", to);
    return code;
}

static int print_config(void)
{
    struct toc_buf out;
    toc_buf_init(&out, 65536);
    toc_conf_print(ctl_rows, &out);
    fwrite(out.ptr, 1, out.len, stdout);
    toc_buf_done(&out);
    return 0;
}

static int run(const struct command *command, const char *conf, bool verbose, int argc, char **argv)
{
    struct ctl ctl = {.verbose = verbose};
    struct toc_err err = {0};
    toc_rc rc = command->needs_conf ? ctl_open(conf, &ctl, &err) : TOC_OK;
    if (!toc_failed(rc))
        rc = command->run(&ctl, argc, argv, &err);
    ctl_close(&ctl);
    if (!toc_failed(rc))
        return 0;
    fprintf(stderr, "tocsinctl: %s\n", err.text);
    return rc.code == TOC_E_USAGE ? 2 : 1;
}

int main(int argc, char **argv)
{
    const char *conf = "operator.conf";
    bool verbose = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            conf = argv[++i];
        else if (strcmp(argv[i], "-v") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--print-config") == 0)
            return print_config();
        else if (strcmp(argv[i], "--version") == 0)
            return puts("tocsinctl " TOC_VERSION) < 0;
        else
            return usage(strcmp(argv[i], "--help") == 0 ? stdout : stderr, strcmp(argv[i], "--help") == 0 ? 0 : 2);
    }
    if (i == argc)
        return usage(stderr, 2);
    toc_log_setup(TOC_LOG_INFO, false);
    for (size_t c = 0; c < COMMAND_COUNT; c++)
        if (strcmp(commands[c].name, argv[i]) == 0)
            return run(&commands[c], conf, verbose, argc - i - 1, argv + i + 1);
    fprintf(stderr, "tocsinctl: no such command: %s\n", TOC_SHOW(toc_slice_of(argv[i])));
    return usage(stderr, 2);
}
