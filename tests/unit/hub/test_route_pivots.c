// Pivots: what a record gives and takes back, told by itself.
#include "tests/unit/hub/route_kit.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The lines of out->text in order: pivots come in the order of their digests.
static void sort_lines(struct out *out)
{
    static char sorted[8192];
    char *lines[64];
    size_t n = 0, len = 0;
    for (char *at = out->text; *at != '\0';) {
        char *end = strchr(at, '\n');
        *end = '\0';
        lines[n++] = at;
        at = end + 1;
    }
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(sorted + len, sizeof sorted - len, "%s\n", lines[i]);
    sorted[len] = '\0';
    memcpy(out->text, sorted, len + 1);
}

struct pivot_row {
    enum toc_kind kind;
    const char *value;
    struct shape prior, now;
    struct toc_relation relation;
    struct toc_reference reference;
    const char *pivots; // sorted
};

#define NO_RELATION {.type = TOC_RELATION_TYPE_UNKNOWN}
#define NO_REFERENCE {.id = TOC_S_INIT("")}

static const struct pivot_row pivot_rows[] = {
        {TOC_KIND_DOMAIN, "a.bad.test", {.score = -1}, {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"}, NO_RELATION, NO_REFERENCE,
                "+registrable_domain:bad.test\n"},
        {TOC_KIND_URL, "http://203.0.113.9/x", {.score = -1}, {.status = TOC_STATUS_DISPUTED}, NO_RELATION, NO_REFERENCE,
                "+network:203.0.113.0/24\n"},
        {TOC_KIND_IPV4, "203.0.113.9", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE, "+network:203.0.113.0/24\n"},
        {TOC_KIND_ENDPOINT, "203.0.113.9:53", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE,
                "+network:203.0.113.0/24\n"},
        {TOC_KIND_IPV6, "2001:db8:1:2::3", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE,
                "+network:2001:db8:1::/48\n"},
        {TOC_KIND_CIDR, "203.0.113.128/25", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE,
                "+network:203.0.113.0/24\n"},
        {TOC_KIND_CIDR, "203.0.112.0/23", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE, ""},
        {TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION, NO_REFERENCE, ""},
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_WITHDRAWN, .registrable = "bad.test"}, NO_RELATION, NO_REFERENCE, "-registrable_domain:bad.test\n"},
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_EXPIRED, .registrable = "bad.test"}, NO_RELATION, NO_REFERENCE, "-registrable_domain:bad.test\n"},
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_GONE}, NO_RELATION, NO_REFERENCE, "-registrable_domain:bad.test\n"},
        {TOC_KIND_IPV4, "203.0.113.9", {.status = TOC_STATUS_ACTIVE}, {.status = TOC_STATUS_GONE}, NO_RELATION, NO_REFERENCE,
                "-network:203.0.113.0/24\n"},
        // The public suffixes changed.
        {TOC_KIND_DOMAIN, "a.bad.test", {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"},
                {.status = TOC_STATUS_ACTIVE, .registrable = "a.bad.test"}, NO_RELATION, NO_REFERENCE,
                "+registrable_domain:a.bad.test\n-registrable_domain:bad.test\n"},
        {TOC_KIND_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", {.score = -1}, {.status = TOC_STATUS_ACTIVE},
                {.type = TOC_RELATION_TYPE_DOWNLOADED_FROM, .kind = TOC_KIND_DOMAIN, .value = TOC_S_INIT("bad.test")}, NO_REFERENCE,
                "+relation:domain:bad.test\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.source = TOC_S_INIT("report"), .id = TOC_S_INIT("report--1"), .url = TOC_S_INIT("https://r.test/1")},
                "+report:report--1\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.source = TOC_S_INIT("report"), .url = TOC_S_INIT("https://r.test/1")}, "+report:https://r.test/1\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.url = TOC_S_INIT("https://r.test/1")}, "+report:https://r.test/1\n"},
        // A vocabulary is no report.
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE}, NO_RELATION,
                {.source = TOC_S_INIT("mitre-attack"), .id = TOC_S_INIT("T1566"), .url = TOC_S_INIT("https://a.test")}, ""},
        // Tag and reference name the same report: once.
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE, .tag = "report:report--1"}, NO_RELATION,
                {.source = TOC_S_INIT("report"), .id = TOC_S_INIT("report--1")}, "+report:report--1\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.status = TOC_STATUS_ACTIVE, .tag = "report:one"},
                {.status = TOC_STATUS_ACTIVE, .tag = "report:two"}, NO_RELATION, NO_REFERENCE, "+report:two\n-report:one\n"},
        {TOC_KIND_CVE, "CVE-2026-1", {.score = -1}, {.status = TOC_STATUS_ACTIVE, .tag = "report:"}, NO_RELATION, NO_REFERENCE, ""},
};

static void a_record_gives_and_takes_pivots(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    UNIT_EACH(const struct pivot_row, row, pivot_rows)
    {
        struct toc_indicator i;
        struct toc_facts was;
        struct toc_slice tags[2][1];
        char id[TOC_KEY_HEX];
        name(&i, row->kind, row->value, id);
        i.now = facts_of(&row->now, tags[0]);
        if (row->prior.score >= 0) {
            was = facts_of(&row->prior, tags[1]);
            i.prior = &was;
        }
        struct toc_relation relation = row->relation;
        struct toc_reference reference = row->reference;
        i.relations = &relation;
        i.relations_count = relation.value.len != 0;
        i.references = &reference;
        i.references_count = reference.id.len + reference.url.len != 0;
        out.len = 0;
        out.text[0] = '\0';
        view(route, AMBER, &i, &out);
        sort_lines(&out);
        assert_string_equal(out.text, row->pivots);
    }
    toc_buf_done(&out.last);
    toc_route_free(route);
}

// Of what a record no longer has by a relation or reference only the link is known; what it has again anyway stays.
static void what_was_unlinked_is_taken_back(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_indicator i;
    char id[TOC_KEY_HEX];
    uint8_t unlinked[2][16];
    struct toc_slice tag[1];
    const struct shape now = {.status = TOC_STATUS_ACTIVE, .tag = "report:one"};
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    name(&i, TOC_KIND_CVE, "CVE-2026-1", id);
    i.now = facts_of(&now, tag);
    toc_link_id(TOC_PIVOT_KIND_REPORT, TOC_S("one"), unlinked[0]);
    toc_link_id(TOC_PIVOT_KIND_REPORT, TOC_S("two"), unlinked[1]);
    i.unlinked = unlinked;
    i.unlinked_count = 2;
    view(route, AMBER, &i, &out);
    sort_lines(&out);
    assert_string_equal(out.text, "+report:one\n-unknown:\n");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

static void a_failed_emit_ends_the_record(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    out.fail_after = 1;
    const struct shape now = {.status = TOC_STATUS_ACTIVE, .registrable = "bad.test"};
    assert_string_equal(send(route, AMBER, &none, &now, &out), "");
    assert_string_equal(send(route, AMBER, &none, &now, &out), "+registrable_domain:bad.test\n");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_record_gives_and_takes_pivots),
            cmocka_unit_test(what_was_unlinked_is_taken_back),
            cmocka_unit_test(a_failed_emit_ends_the_record),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
