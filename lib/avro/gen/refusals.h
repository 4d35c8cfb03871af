// schemas/refusals.tsv -> enum toc_refusal with code, meaning and what to do.
#pragma once

// Writes both files; `include` is how the source names the header.
void gen_refusals(const char *table, const char *header, const char *source, const char *include);
