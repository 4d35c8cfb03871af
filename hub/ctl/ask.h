// Questions to the hubs on this machine, through their Unix sockets.
#pragma once

#include <jansson.h>

#include "hub/ctl/ctl.h"

// Sends one JSON line to one socket and reads the answer. NOTFOUND when nobody listens there.
TOC_NODISCARD toc_rc ask_socket(const char *path, const char *question, json_t **out, struct toc_err *err);

// The whole state of the deployment: answers of every hub's partitions, joined into one array; *out_hubs says
// how many hubs answered.
TOC_NODISCARD toc_rc ask_status(struct ctl *ctl, json_t **out, size_t *out_hubs, struct toc_err *err);

// The owner's answer on a value; NOTFOUND when no hub here owns its partition.
TOC_NODISCARD toc_rc ask_explain(struct ctl *ctl, const char *kind, struct toc_slice value, json_t **out, struct toc_err *err);
