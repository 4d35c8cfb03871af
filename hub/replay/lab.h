// A laboratory: a deployment without operator, made from the keys in a folder, so that a newcomer can merge
// two feeds without Kafka.
#pragma once

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "schemas/control.h"

struct lab {
    struct toc_arena arena;
    struct toc_genesis genesis;
    struct toc_member *members;
    size_t count;
};

// Every enrolment request (*.json in dir, or */request.json) is a member of an organisation of its own, past
// its probation, cleared for AMBER. P and the deployment id are those of the first record of the capture.
TOC_NODISCARD toc_rc lab_open(const char *dir, const char *capture, struct lab *out, struct toc_err *err);
void lab_done(struct lab *lab);
