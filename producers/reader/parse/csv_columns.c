#include "producers/reader/parse/csv_columns.h"

#include <string.h>

#include "lib/base/mem.h"

#define NAME_BYTES_MAX 32
#define ONE(kind) TOC_CLAIM(TOC_KIND_##kind)

// clang-format off
// Lower case, '_' for blanks and hyphens, without Zeek's "meta.".
static const struct column_name {
    const char *name;
    enum toc_csv_role role;
    uint32_t claims;
} column_names[] = {
        {"value", TOC_CSV_TYPED, 0}, {"indicator", TOC_CSV_TYPED, 0}, {"ioc", TOC_CSV_TYPED, 0},
        {"ioc_value", TOC_CSV_TYPED, 0}, {"observable", TOC_CSV_TYPED, 0}, {"indicator_value", TOC_CSV_TYPED, 0},
        {"type", TOC_CSV_TYPE, 0}, {"kind", TOC_CSV_TYPE, 0}, {"ioc_type", TOC_CSV_TYPE, 0},
        {"indicator_type", TOC_CSV_TYPE, 0}, {"entity_type", TOC_CSV_TYPE, 0}, {"observable_type", TOC_CSV_TYPE, 0},
        {"ip", TOC_CSV_VALUE, TOC_CLAIM_ADDRESS}, {"ip_address", TOC_CSV_VALUE, TOC_CLAIM_ADDRESS},
        {"ipaddress", TOC_CSV_VALUE, TOC_CLAIM_ADDRESS}, {"dst_ip", TOC_CSV_VALUE, TOC_CLAIM_ADDRESS},
        {"ipv4", TOC_CSV_VALUE, ONE(IPV4)}, {"ipv6", TOC_CSV_VALUE, ONE(IPV6)}, {"cidr", TOC_CSV_VALUE, ONE(CIDR)},
        {"endpoint", TOC_CSV_VALUE, ONE(ENDPOINT)}, {"domain", TOC_CSV_VALUE, ONE(DOMAIN)},
        {"domain_name", TOC_CSV_VALUE, ONE(DOMAIN)}, {"hostname", TOC_CSV_VALUE, ONE(DOMAIN)},
        {"fqdn", TOC_CSV_VALUE, ONE(DOMAIN)}, {"url", TOC_CSV_VALUE, ONE(URL)},
        {"associated_url", TOC_CSV_VALUE, ONE(URL)}, {"email", TOC_CSV_VALUE, ONE(EMAIL)},
        {"email_address", TOC_CSV_VALUE, ONE(EMAIL)}, {"md5", TOC_CSV_VALUE, ONE(MD5)},
        {"md5_hash", TOC_CSV_VALUE, ONE(MD5)}, {"sha1", TOC_CSV_VALUE, ONE(SHA1)},
        {"sha1_hash", TOC_CSV_VALUE, ONE(SHA1)}, {"sha256", TOC_CSV_VALUE, ONE(SHA256)},
        {"sha256_hash", TOC_CSV_VALUE, ONE(SHA256)}, {"sha512", TOC_CSV_VALUE, ONE(SHA512)},
        {"hash", TOC_CSV_VALUE, TOC_CLAIM_HASH}, {"file_hash", TOC_CSV_VALUE, TOC_CLAIM_HASH},
        {"cve", TOC_CSV_VALUE, ONE(CVE)}, {"cve_id", TOC_CSV_VALUE, ONE(CVE)}, {"cveid", TOC_CSV_VALUE, ONE(CVE)},
        {"c2", TOC_CSV_VALUE, 0}, {"c2_server", TOC_CSV_VALUE, 0}, {"tags", TOC_CSV_TAGS, 0},
        {"tag", TOC_CSV_TAGS, 0}, {"malware", TOC_CSV_MALWARE, 0}, {"malware_printable", TOC_CSV_MALWARE, 0},
        {"malware_family", TOC_CSV_MALWARE, 0}, {"confidence", TOC_CSV_CONFIDENCE, 0},
        {"confidence_level", TOC_CSV_CONFIDENCE, 0}, {"severity", TOC_CSV_SEVERITY, 0},
        {"first_seen", TOC_CSV_FIRST_SEEN, 0}, {"first_seen_utc", TOC_CSV_FIRST_SEEN, 0},
        {"firstseen", TOC_CSV_FIRST_SEEN, 0}, {"dateadded", TOC_CSV_FIRST_SEEN, 0},
        {"date_added", TOC_CSV_FIRST_SEEN, 0}, {"last_seen", TOC_CSV_LAST_SEEN, 0},
        {"last_seen_utc", TOC_CSV_LAST_SEEN, 0}, {"lastseen", TOC_CSV_LAST_SEEN, 0},
        {"last_online", TOC_CSV_LAST_SEEN, 0}, {"valid_until", TOC_CSV_VALID_UNTIL, 0},
        {"expires", TOC_CSV_VALID_UNTIL, 0}, {"count", TOC_CSV_COUNT, 0}, {"action", TOC_CSV_ACTION, 0},
        {"description", TOC_CSV_DESCRIPTION, 0}, {"desc", TOC_CSV_DESCRIPTION, 0},
        {"notes", TOC_CSV_DESCRIPTION, 0}, {"comment", TOC_CSV_DESCRIPTION, 0},
        {"reference", TOC_CSV_REFERENCE, 0},
};
// clang-format on

static const struct column_name *column_name(struct toc_slice cell)
{
    uint8_t name[NAME_BYTES_MAX];
    if (toc_slice_starts(cell, TOC_S("meta.")))
        cell = toc_slice_sub(cell, 5, cell.len);
    if (cell.len > sizeof name)
        return NULL;
    for (size_t i = 0; i < cell.len; i++) {
        uint8_t c = cell.ptr[i];
        name[i] = c == ' ' || c == '-'   ? '_'
                  : c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A'))
                                         : c;
    }
    for (size_t i = 0; i < sizeof column_names / sizeof *column_names; i++)
        if (toc_slice_is((struct toc_slice){name, cell.len}, column_names[i].name))
            return &column_names[i];
    return NULL;
}

static void name_columns(const struct toc_csv_row *row, struct toc_csv_columns *out)
{
    bool general = false;
    for (size_t i = 0; i < row->count; i++) {
        const struct column_name *known = column_name(row->cells[i]);
        out->roles[i] = known == NULL ? TOC_CSV_IGNORED : known->role;
        out->claims[i] = known == NULL ? 0 : known->claims;
        out->known += known != NULL;
        general = general || out->roles[i] == TOC_CSV_TYPED;
        out->has_value =
                out->has_value || out->roles[i] == TOC_CSV_TYPED || out->roles[i] == TOC_CSV_VALUE;
    }
    out->count = row->count;
    for (size_t i = 0; general && i < row->count; i++)
        if (out->roles[i] == TOC_CSV_VALUE)
            out->roles[i] = TOC_CSV_IGNORED;
}

bool toc_csv_header(struct toc_slice line, struct toc_csv_columns *out)
{
    bool zeek = toc_slice_starts(line, TOC_S(TOC_ZEEK_FIELDS));
    if (zeek)
        line = toc_slice_sub(line, sizeof TOC_ZEEK_FIELDS - 1, line.len);
    struct toc_csv_columns *best = toc_mem_alloc(2, sizeof *best);
    struct toc_csv_row *row = toc_mem_alloc(1, sizeof *row);
    bool found = false;
    if (best == NULL || row == NULL)
        goto out;
    toc_buf_init(&row->text, line.len + 1);
    for (const char *delimiter = zeek ? "\t" : ",;\t|"; *delimiter != '\0'; delimiter++) {
        struct toc_csv_columns *this = &best[1];
        *this = (struct toc_csv_columns){.delimiter = *delimiter, .quotes = !zeek};
        if (toc_csv_split(line, *delimiter, !zeek, row) != TOC_CSV_WHOLE)
            continue;
        name_columns(row, this);
        if (this->has_value && this->known > best[0].known)
            best[0] = *this;
    }
    toc_buf_done(&row->text);
    found = best[0].has_value;
    if (found)
        *out = best[0];
out:
    toc_mem_free(best);
    toc_mem_free(row);
    return found;
}

void toc_csv_single(struct toc_csv_columns *out)
{
    *out = (struct toc_csv_columns){.roles = {TOC_CSV_TYPED},
            .count = 1,
            .has_value = true,
            .delimiter = ',',
            .quotes = true};
}
