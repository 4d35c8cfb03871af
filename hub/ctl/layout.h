// The topics of a deployment and who may do what with them: the one table behind init, member and doctor.
#pragma once

#include "hub/ctl/ctl.h"

struct layout_counts {
    size_t topics_made, topics_differ, rights_made; // without `apply`: that would be
};

// Compares the topics of the deployment with what is there; with `apply` makes what is missing and sets what
// differs. Every difference is printed. REFUSED with `apply` when a topic has another number of partitions: that is
// not changed.
TOC_NODISCARD toc_rc layout_topics(struct ctl *ctl, const struct toc_genesis *genesis, bool apply,
        struct layout_counts *counts, struct toc_err *err);
// Rights of the hub's principal: those that are missing are printed, counted and with `apply` set.
TOC_NODISCARD toc_rc layout_hub_rights(struct ctl *ctl, bool apply, struct layout_counts *counts, struct toc_err *err);
// Prints the line for Kafka's own tool that sets what this librdkafka can neither see nor set; nothing when it can.
void layout_note_rights(const struct ctl *ctl);

// A member's own topics, and its rights: write submit; read the audiences it is cleared for, its roster,
// receipts and interests; nothing else. Each LITERAL.
TOC_NODISCARD toc_rc layout_member(struct ctl *ctl, const struct toc_genesis *genesis, const struct toc_member *member,
        struct toc_err *err);
TOC_NODISCARD toc_rc layout_interest(struct ctl *ctl, struct toc_slice member, struct toc_slice interest, bool remove,
        struct toc_err *err);
// Denies all topics of the deployment, connections that are open included, or takes that back. Rights stay as they are.
TOC_NODISCARD toc_rc layout_bar(struct ctl *ctl, struct toc_slice member, bool bar, struct toc_err *err);
