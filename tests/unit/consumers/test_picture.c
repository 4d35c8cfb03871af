// A subscriber fed from memory: what comes into every output, what leaves them, what is refused.
#include "tests/support/unit.h"

#include <unistd.h>

#include "consumers/runner/picture.h"
#include "lib/base/time.h"
#include "lib/indicator/topics.h"
#include "schemas/head.h"
#include "schemas/interest_change.h"

#define T0 INT64_C(1767225600000)
#define PARTITIONS 4
#define OUTPUTS 4

static const struct toc_sink *const sinks[OUTPUTS] = {
        &toc_sink_list, &toc_sink_rpz, &toc_sink_csv, &toc_sink_jsonl};

struct bench {
    char dir[TOC_PATH_BYTES_MAX], paths[OUTPUTS][TOC_PATH_BYTES_MAX];
    struct toc_picture *picture;
    struct toc_psl *suffixes;
    struct toc_expr *interest;
    int64_t next[PARTITIONS]; // offset
    int64_t now;
};

static void open_picture(
        struct bench *b, const char *interest, const struct toc_guard *own, size_t own_count)
{
    struct toc_err err = {0};
    size_t column;
    *b = (struct bench){.now = T0};
    assert_ok(toc_psl_open(TOC_S("com\norg\nuk\nco.uk\n"), &b->suffixes, &err), err);
    if (interest != NULL)
        assert_ok(toc_expr_parse(toc_slice_of(interest), &b->interest, &column, &err), err);
    struct toc_picture_conf conf = {.audience = "amber",
            .marking = TOC_MARKING_AMBER,
            .interest = b->interest,
            .stale_ms = 7 * TOC_MS_DAY,
            .gate = {.own = own, .own_count = own_count, .suffixes = b->suffixes}};
    assert_ok(toc_picture_new(&conf, &b->picture, &err), err);
    unit_temp_dir(b->dir);
    for (size_t i = 0; i < OUTPUTS; i++) {
        struct toc_output *output = NULL;
        assert_ok(toc_path_join(b->paths[i], b->dir, sinks[i]->name, &err), err);
        assert_ok(toc_output_new(sinks[i], b->paths[i], 0640, &output, &err), err);
        assert_ok(toc_picture_add(b->picture, output, &err), err);
    }
    toc_picture_begins(b->picture, PARTITIONS);
}

static void close_picture(struct bench *b)
{
    toc_picture_free(b->picture);
    toc_expr_free(b->interest);
    toc_psl_free(b->suffixes);
    unit_remove_dir(b->dir);
}

// ---- records ----

static struct toc_indicator indicator_of(enum toc_kind kind, const char *value)
{
    struct toc_indicator indicator;
    toc_indicator_init(&indicator);
    indicator.kind = kind;
    indicator.value = toc_slice_of(value);
    indicator.born = T0;
    indicator.n = 1;
    indicator.now.status = TOC_STATUS_ACTIVE;
    indicator.now.advice = TOC_ADVICE_BLOCK;
    indicator.now.has_score = true;
    indicator.now.score = 70;
    return indicator;
}

struct wire { // a record as Kafka has it
    char key[TOC_KEY_HEX];
    struct toc_buf value;
    struct toc_picture_record record;
};

static void wire_of(struct bench *b, struct toc_indicator indicator, struct wire *out)
{
    uint8_t key[TOC_KEY_BYTES];
    toc_indicator_key(indicator.kind, indicator.value, key);
    toc_key_hex(key, out->key);
    indicator.id = toc_slice_of(out->key);
    toc_buf_init(&out->value, 1 << 20);
    toc_indicator_put(&indicator, &out->value);
    int32_t partition = (int32_t)toc_key_partition(key, PARTITIONS);
    out->record = (struct toc_picture_record){.partition = partition,
            .offset = b->next[partition]++,
            .published_ms = b->now,
            .key = toc_slice_of(out->key),
            .value = toc_buf_slice(&out->value)};
}

static void tell(struct bench *b, struct toc_indicator indicator)
{
    struct wire wire;
    struct toc_err err = {0};
    wire_of(b, indicator, &wire);
    assert_ok(toc_picture_record(b->picture, &wire.record, &err), err);
    toc_buf_done(&wire.value);
}

static void tell_block(struct bench *b, enum toc_kind kind, const char *value)
{
    tell(b, indicator_of(kind, value));
}

static void tell_tombstone(struct bench *b, enum toc_kind kind, const char *value)
{
    struct wire wire;
    struct toc_err err = {0};
    wire_of(b, indicator_of(kind, value), &wire);
    wire.record.tombstone = true;
    wire.record.value = (struct toc_slice){0};
    assert_ok(toc_picture_record(b->picture, &wire.record, &err), err);
    toc_buf_done(&wire.value);
}

static void tell_heads(struct bench *b, int64_t stream_time)
{
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct toc_head head = {.stream_time = stream_time};
        struct toc_buf value;
        struct toc_err err = {0};
        toc_buf_init(&value, 100);
        toc_head_put(&head, &value);
        struct toc_picture_record record = {.partition = p,
                .offset = b->next[p]++,
                .key = TOC_S(TOC_HEAD_KEY),
                .value = toc_buf_slice(&value)};
        assert_ok(toc_picture_record(b->picture, &record, &err), err);
        toc_buf_done(&value);
    }
}

static void tell_change(
        struct bench *b, enum toc_change change, struct toc_indicator indicator, int64_t offset)
{
    struct wire wire;
    struct toc_err err = {0};
    struct toc_buf value;
    wire_of(b, indicator, &wire);
    indicator.id = toc_slice_of(wire.key);
    struct toc_interest_change step = {.change = change,
            .audience = TOC_S("amber"),
            .partition = wire.record.partition,
            .offset = offset,
            .indicator = indicator};
    toc_buf_init(&value, 1 << 20);
    toc_interest_change_put(&step, &value);
    struct toc_picture_record record = {
            .partition = 0, .offset = 0, .value = toc_buf_slice(&value)};
    assert_ok(toc_picture_change(b->picture, &record, &err), err);
    toc_buf_done(&value);
    toc_buf_done(&wire.value);
}

static void publish(struct bench *b)
{
    struct toc_err err = {0};
    bool written;
    for (size_t i = 0; i < OUTPUTS; i++)
        assert_ok(toc_picture_publish(b->picture, i, b->now, &written, &err), err);
}

static void begin(struct bench *b) // the first picture is there
{
    tell_heads(b, b->now);
    assert_true(toc_picture_ends(b->picture));
    publish(b);
}

// In which of list, rpz, csv, jsonl (bits 1, 2, 4, 8) the text stands.
static unsigned where(struct bench *b, const char *text)
{
    unsigned found = 0;
    for (size_t i = 0; i < OUTPUTS; i++) {
        struct toc_buf file = unit_read(b->paths[i]);
        found |= (unsigned)(strstr(toc_buf_cstr(&file), text) != NULL) << i;
        toc_buf_done(&file);
    }
    return found;
}

// ---- tests ----

static void test_the_start_needs_every_head(void **state)
{
    (void)state;
    struct bench b;
    open_picture(&b, NULL, NULL, 0);
    tell_block(&b, TOC_KIND_DOMAIN, "a.example.com");
    assert_false(toc_picture_ends(b.picture));
    toc_picture_allow(b.picture, NULL, 0); // which writes the header anew, where there is one
    publish(&b);
    assert_int_equal(access(b.paths[0], F_OK), -1); // nothing is written before all is known
    begin(&b);
    assert_int_equal(where(&b, "a.example.com"), 15);
    close_picture(&b);
}

static void test_who_takes_what(void **state)
{
    (void)state;
    struct bench b;
    open_picture(&b, "advice >= alert and not tag = \"test\"", NULL, 0);
    struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, "alert.example.com");
    indicator.now.advice = TOC_ADVICE_ALERT;
    tell(&b, indicator);
    indicator = indicator_of(TOC_KIND_DOMAIN, "none.example.com");
    indicator.now.advice = TOC_ADVICE_NONE;
    tell(&b, indicator);
    indicator = indicator_of(TOC_KIND_DOMAIN, "tagged.example.com");
    struct toc_slice tag = TOC_S("test");
    indicator.now.tags = &tag;
    indicator.now.tags_count = 1;
    tell(&b, indicator);
    tell_block(&b, TOC_KIND_DOMAIN, "block.example.com");
    tell_block(&b, TOC_KIND_URL, "https://u.example.com/x");
    tell_block(&b, TOC_KIND_DOMAIN, "co.uk"); // the gate, whatever the advice
    tell_block(&b, TOC_KIND_IPV4, "8.8.8.8");
    tell_block(&b, TOC_KIND_IPV4, "10.1.2.3");
    begin(&b);
    assert_int_equal(where(&b, "alert.example.com"), 4 | 8);
    assert_int_equal(where(&b, "none.example.com"), 0);
    assert_int_equal(where(&b, "tagged.example.com"), 0);
    assert_int_equal(where(&b, "block.example.com"), 15);
    assert_int_equal(where(&b, "https://u.example.com/x"), 1 | 4 | 8); // RPZ cannot say it
    assert_int_equal(where(&b, "co.uk"), 0);
    assert_int_equal(where(&b, "8.8.8.8"), 0);
    assert_int_equal(where(&b, "10.1.2.3"), 0);
    close_picture(&b);
}

static void test_what_ends_leaves_every_output(void **state)
{
    (void)state;
    static const char *const values[] = {"w.example.com", "e.example.com", "g.example.com",
            "t.example.com", "n.example.com", "x.example.com"};
    struct bench b;
    open_picture(&b, NULL, NULL, 0);
    UNIT_EACH(const char *const, value, values) tell_block(&b, TOC_KIND_DOMAIN, *value);
    begin(&b);
    UNIT_EACH(const char *const, value, values) assert_int_equal(where(&b, *value), 15);

    static const struct row {
        const char *value;
        enum toc_status status;
    } ends[] = {{"w.example.com", TOC_STATUS_WITHDRAWN}, {"e.example.com", TOC_STATUS_EXPIRED},
            {"g.example.com", TOC_STATUS_GONE}};
    UNIT_EACH(const struct row, row, ends)
    {
        struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, row->value);
        indicator.now.status = row->status;
        tell(&b, indicator);
    }
    tell_tombstone(&b, TOC_KIND_DOMAIN, "t.example.com");
    struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, "n.example.com");
    indicator.now.advice = TOC_ADVICE_NONE;
    tell(&b, indicator);
    publish(&b);
    UNIT_EACH(const struct row, row, ends) assert_int_equal(where(&b, row->value), 0);
    assert_int_equal(where(&b, "t.example.com"), 0);
    assert_int_equal(where(&b, "n.example.com"), 4 | 8); // no block any more
    assert_int_equal(where(&b, "x.example.com"), 15);

    tell_block(&b, TOC_KIND_DOMAIN, "w.example.com"); // published again: back
    tell_block(&b, TOC_KIND_DOMAIN, "t.example.com");
    publish(&b);
    assert_int_equal(where(&b, "w.example.com"), 15);
    assert_int_equal(where(&b, "t.example.com"), 15);
    tell_tombstone(&b, TOC_KIND_DOMAIN, "never.example.com"); // nobody knew it
    close_picture(&b);
}

static void test_repeats_are_ignored(void **state)
{
    (void)state;
    struct bench b;
    struct wire first, second;
    struct toc_err err = {0};
    open_picture(&b, NULL, NULL, 0);
    struct toc_indicator indicator = indicator_of(TOC_KIND_DOMAIN, "a.example.com");
    wire_of(&b, indicator, &first);
    indicator.now.status = TOC_STATUS_WITHDRAWN;
    wire_of(&b, indicator, &second);
    assert_ok(toc_picture_record(b.picture, &first.record, &err), err);
    assert_ok(toc_picture_record(b.picture, &second.record, &err), err);
    assert_ok(toc_picture_record(b.picture, &first.record, &err), err); // an old word once more
    begin(&b);
    assert_int_equal(where(&b, "a.example.com"), 0);
    assert_int_equal(toc_picture_counts(b.picture).repeated, 1);
    assert_int_equal(toc_picture_counts(b.picture).records, 2);
    toc_buf_done(&first.value);
    toc_buf_done(&second.value);
    close_picture(&b);
}

static void refuses(struct bench *b, const struct toc_picture_record *record, enum toc_code code)
{
    struct toc_err err = {0};
    uint64_t before = toc_picture_counts(b->picture).refused;
    assert_code(toc_picture_record(b->picture, record, &err), code, err);
    assert_int_equal(toc_picture_counts(b->picture).refused, before + (code != TOC_E_RANGE));
}

static void test_what_is_refused(void **state)
{
    (void)state;
    struct bench b;
    struct wire wire, other;
    open_picture(&b, NULL, NULL, 0);
    wire_of(&b, indicator_of(TOC_KIND_DOMAIN, "a.example.com"), &wire);
    wire_of(&b, indicator_of(TOC_KIND_DOMAIN, "b.example.com"), &other);

    struct toc_picture_record record = wire.record;
    record.key = other.record.key; // somebody else's key
    record.offset = 100;
    refuses(&b, &record, TOC_E_REFUSED);
    record = wire.record;
    record.partition = (record.partition + 1) % PARTITIONS;
    record.offset = 101;
    refuses(&b, &record, TOC_E_REFUSED);
    record.partition = PARTITIONS;
    refuses(&b, &record, TOC_E_RANGE);
    record.partition = -1;
    refuses(&b, &record, TOC_E_RANGE);
    record = wire.record;
    record.offset = 102;
    record.value.len /= 2;
    refuses(&b, &record, TOC_E_TRUNCATED);
    record.offset = 103;
    record.value = TOC_S("no record");
    refuses(&b, &record, TOC_E_SCHEMA);
    record.offset = 104;
    record.key = TOC_S("not hex");
    record.tombstone = true;
    refuses(&b, &record, TOC_E_SYNTAX);
    record.tombstone = false;
    record.offset = 105;
    record.key = TOC_S(TOC_HEAD_KEY);
    record.value = wire.record.value; // a head that is an indicator
    refuses(&b, &record, TOC_E_SCHEMA);
    toc_buf_done(&wire.value);
    toc_buf_done(&other.value);

    wire_of(&b, indicator_of(TOC_KIND_DOMAIN, "1.0.0.0.0.rpz-ip"), &wire);
    wire.record.offset = 200;
    refuses(&b, &wire.record, TOC_E_REFUSED);
    toc_buf_done(&wire.value);
    for (size_t i = 0; i < PARTITIONS; i++)
        b.next[i] = 1000;
    tell_block(&b, TOC_KIND_DOMAIN, "c.example.com"); // the rest goes on
    begin(&b);
    assert_int_equal(where(&b, "c.example.com"), 15);
    assert_int_equal(where(&b, "a.example.com"), 0);
    close_picture(&b);
}

static void test_following_an_interest(void **state)
{
    (void)state;
    struct bench b;
    open_picture(&b, "kind = domain", NULL, 0);
    tell_block(&b, TOC_KIND_DOMAIN, "a.example.com");
    tell_block(&b, TOC_KIND_DOMAIN, "b.example.com");
    begin(&b);
    // Route repeats what was had in the first picture, then goes on.
    struct toc_indicator a = indicator_of(TOC_KIND_DOMAIN, "a.example.com");
    struct toc_indicator c = indicator_of(TOC_KIND_DOMAIN, "c.example.com");
    tell_change(&b, TOC_CHANGE_LEAVE, a, 0);
    publish(&b);
    assert_int_equal(where(&b, "a.example.com"), 15);
    tell_change(&b, TOC_CHANGE_LEAVE, a, 50);
    tell_change(&b, TOC_CHANGE_ENTER, c, 51);
    publish(&b);
    assert_int_equal(where(&b, "a.example.com"), 0);
    assert_int_equal(where(&b, "c.example.com"), 15);
    c.now.advice = TOC_ADVICE_ALERT;
    tell_change(&b, TOC_CHANGE_UPDATE, c, 52);
    tell_change(&b, TOC_CHANGE_UPDATE, indicator_of(TOC_KIND_URL, "https://u.example.com/"), 53);
    publish(&b);
    assert_int_equal(where(&b, "c.example.com"), 4 | 8);
    assert_int_equal(
            where(&b, "https://u.example.com/"), 0); // the same evaluator has the last word
    close_picture(&b);
}

static void test_allow_wins(void **state)
{
    (void)state;
    struct bench b;
    struct toc_guard allowed = toc_guard_of(TOC_KIND_DOMAIN, TOC_S("portal.example.com"));
    open_picture(&b, NULL, NULL, 0);
    tell_block(&b, TOC_KIND_DOMAIN, "portal.example.com");
    tell_block(&b, TOC_KIND_URL, "https://portal.example.com/x");
    tell_block(&b, TOC_KIND_DOMAIN, "other.example.com");
    begin(&b);
    assert_int_equal(where(&b, "portal.example.com"), 15);
    toc_picture_allow(b.picture, &allowed, 1);
    publish(&b);
    assert_int_equal(where(&b, "portal.example.com"), 2); // in RPZ as what passes
    assert_int_equal(where(&b, "portal.example.com CNAME rpz-passthru."), 2);
    assert_int_equal(where(&b, "portal.example.com CNAME .\n"), 0);
    assert_int_equal(where(&b, "other.example.com"), 15);
    tell_block(&b, TOC_KIND_DOMAIN, "portal.example.com"); // the hub insists
    tell_block(&b, TOC_KIND_DOMAIN, "new.portal.example.com");
    publish(&b);
    assert_int_equal(where(&b, "portal.example.com\n"), 0);
    assert_int_equal(where(&b, "new.portal.example.com"), 0);
    toc_picture_allow(b.picture, NULL, 0);
    publish(&b);
    assert_int_equal(where(&b, "portal.example.com"), 15);
    assert_int_equal(where(&b, "rpz-passthru"), 0);
    close_picture(&b);
}

static void test_own_names_never(void **state)
{
    (void)state;
    struct bench b;
    struct toc_guard own = toc_guard_of(TOC_KIND_DOMAIN, TOC_S("st-marys.org"));
    open_picture(&b, NULL, &own, 1);
    tell_block(&b, TOC_KIND_DOMAIN, "st-marys.org");
    tell_block(&b, TOC_KIND_URL, "https://www.st-marys.org/");
    begin(&b);
    assert_int_equal(where(&b, "st-marys.org"), 0);
    assert_int_equal(toc_picture_counts(b.picture).shut[TOC_ADMIT_OWN], 2);
    close_picture(&b);
}

static void test_stale_is_said(void **state)
{
    (void)state;
    struct bench b;
    open_picture(&b, NULL, NULL, 0);
    tell_block(&b, TOC_KIND_DOMAIN, "a.example.com");
    tell_block(&b, TOC_KIND_IPV4, "185.220.101.7");
    begin(&b);
    b.now += 7 * TOC_MS_DAY;
    publish(&b);
    assert_int_equal(where(&b, "STALE") | where(&b, "\"stale\":true"), 0);
    assert_int_equal(where(&b, "185.220.101.7"), 1 | 4 | 8);
    b.now += 1;
    publish(&b);
    assert_int_equal(where(&b, "STALE") | where(&b, "\"stale\":true"), 15);
    assert_int_equal(where(&b, "185.220.101.7"), 0);
    assert_int_equal(where(&b, "a.example.com"), 15);
    tell_heads(&b, b.now);
    publish(&b);
    assert_int_equal(where(&b, "STALE") | where(&b, "\"stale\":true"), 0);
    assert_int_equal(where(&b, "185.220.101.7"), 1 | 4 | 8);
    close_picture(&b);
}

// Writes all of them; bits of those written. Only the zone may fail, and with this code.
static unsigned publish_all(struct bench *b, enum toc_code zone)
{
    unsigned all = 0;
    for (size_t i = 0; i < OUTPUTS; i++) {
        struct toc_err err = {0};
        bool written = false;
        assert_code(toc_picture_publish(b->picture, i, b->now, &written, &err),
                i == 1 ? zone : TOC_E_OK, err);
        all |= (unsigned)written << i;
    }
    return all;
}

static void test_one_bad_disk_does_not_stop_the_others(void **state)
{
    (void)state;
    struct bench b;
    open_picture(&b, NULL, NULL, 0);
    assert_int_equal(mkdir(b.paths[1], 0700), 0); // where the zone should go
    tell_block(&b, TOC_KIND_DOMAIN, "a.example.com");
    tell_heads(&b, b.now);
    assert_true(toc_picture_ends(b.picture));
    assert_int_equal(publish_all(&b, TOC_E_IO), 1 | 4 | 8);
    b.now += TOC_PICTURE_RETRY_MS - 1; // it rests, the others go on
    tell_block(&b, TOC_KIND_DOMAIN, "b.example.com");
    assert_int_equal(publish_all(&b, TOC_E_OK), 1 | 4 | 8);
    assert_int_equal(rmdir(b.paths[1]), 0);
    b.now += 1;
    assert_int_equal(publish_all(&b, TOC_E_OK), 2);
    assert_int_equal(where(&b, "b.example.com"), 15);
    close_picture(&b);
}

// Away for too long: the picture is told once more, and what it no longer says is gone.
static void test_told_again(void **state)
{
    (void)state;
    struct bench b;
    open_picture(&b, NULL, NULL, 0);
    tell_block(&b, TOC_KIND_DOMAIN, "a.example.com");
    tell_block(&b, TOC_KIND_DOMAIN, "b.example.com");
    begin(&b);
    toc_picture_begins(b.picture, PARTITIONS);
    memset(b.next, 0, sizeof b.next); // also the same offsets count anew
    tell_block(&b, TOC_KIND_DOMAIN, "b.example.com");
    publish(&b);
    assert_int_equal(where(&b, "a.example.com"), 15); // until all is told
    begin(&b);
    assert_int_equal(where(&b, "a.example.com"), 0);
    assert_int_equal(where(&b, "b.example.com"), 15);
    close_picture(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_the_start_needs_every_head),
            cmocka_unit_test(test_who_takes_what),
            cmocka_unit_test(test_what_ends_leaves_every_output),
            cmocka_unit_test(test_repeats_are_ignored),
            cmocka_unit_test(test_what_is_refused),
            cmocka_unit_test(test_following_an_interest),
            cmocka_unit_test(test_allow_wins),
            cmocka_unit_test(test_own_names_never),
            cmocka_unit_test(test_stale_is_said),
            cmocka_unit_test(test_one_bad_disk_does_not_stop_the_others),
            cmocka_unit_test(test_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
