// schemas/refusals.tsv -> enum toc_refusal with code, meaning and what to do.
#pragma once

// Writes <out_dir>/<stem of the table without its last 's'>.h and .c, as main.c names them.
void gen_refusals(const char *table, const char *header, const char *source, const char *include);
