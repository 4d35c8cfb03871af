// The command line of tocsin-publish.
#pragma once

#include <stdbool.h>

#include "producers/runner/publish.h"

enum toc_command {
    TOC_COMMAND_PUBLISH,
    TOC_COMMAND_ENROL,
    TOC_COMMAND_CHECK,        // the configuration
    TOC_COMMAND_PRINT_CONFIG, // every key, as an example file
    TOC_COMMAND_DONE,         // --help or --version was answered
    TOC_COMMAND_WRONG,        // said on stderr
};

struct toc_options {
    struct toc_publish_options publish;
    const char *enrol_name, *enrol_dir;
};

// Texts are borrowed from argv.
enum toc_command toc_options_parse(int argc, char **argv, struct toc_options *out);
