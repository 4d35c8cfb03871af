// Route: what a record causes is decided from the record and the decisions in force, whatever order those came in;
// a decision that is forged, foreign or old changes nothing.
#include "tests/unit/hub/route_kit.h"

#include "lib/base/mem.h"
#include "lib/indicator/book.h"
#include "schemas/receipt.h"

// --- interests -----------------------------------------------------------------------------------------

static const struct decision grant_operator = {.sequence = 2, .signer = ROOT, .grants = OPERATOR};

static const struct shape high = {.status = TOC_STATUS_ACTIVE, .score = 80},
        low = {.status = TOC_STATUS_ACTIVE, .score = 20}, high_withdrawn = {.status = TOC_STATUS_WITHDRAWN, .score = 80},
        high_disputed = {.status = TOC_STATUS_DISPUTED, .score = 80}, gone = {.status = TOC_STATUS_GONE};

static void the_record_alone_says_what_changed(void **state)
{
    (void)state;
    static const struct {
        const struct shape *prior, *now;
        const char *change;
    } rows[] = {
            {&none, &high, "enter"}, {&none, &low, NULL}, {&low, &high, "enter"}, {&high, &high, "update"},
            {&high, &high_disputed, "update"}, {&high, &low, "leave"}, {&high, &high_withdrawn, "leave"},
            {&high, &gone, "leave"}, {&low, &gone, NULL}, {&high_withdrawn, &gone, NULL},
            {&high_withdrawn, &high, "enter"}, {&low, &low, NULL},
    };
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, false);
    decide(route, &grant_operator);
    decide(route, &(struct decision){.sequence = 3, .signer = OPERATOR, .member = "st-marys", .clearance = TOC_MARKING_AMBER});
    decide(route, &(struct decision){.sequence = 4, .signer = OPERATOR, .member = "st-marys", .interest = "mine",
            .expression = "score >= 50"});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[64] = "";
        if (rows[i].change != NULL)
            snprintf(want, sizeof want, "mine %s amber 3/77\n", rows[i].change);
        assert_string_equal(send(route, AMBER, rows[i].prior, rows[i].now, &out), want);
        assert_string_equal(send(route, GREEN, rows[i].prior, rows[i].now, &out), ""); // not what it reads
    }
    assert_string_equal(said.text, "");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

struct case_of_decisions {
    const char *name;
    struct decision decisions[8];
    const char *amber, *green; // what a high indicator causes, new in that audience
    const char *complaint;     // a part of what is said; NULL: nothing is
    const char *federal;
};

static const struct case_of_decisions cases[] = {
        {"in order",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "b", .clearance = TOC_MARKING_GREEN},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 6, .signer = OPERATOR, .member = "b", .interest = "ib", .expression = "score > 1"}},
                "ia enter amber 3/77\n", "ib enter green 3/77\n", NULL, ""},
        {"compaction moved the key behind what it signed",
                {{.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 9, .signer = ROOT, .revokes = OPERATOR}},
                "ia enter amber 3/77\n", "", NULL, ""},
        {"a key revoked before it signed",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = ROOT, .revokes = OPERATOR},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", "decision on ia: it is signed by nobody", ""},
        {"nobody's key",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = STRANGER, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", "decision on ia: it is signed by nobody", ""},
        {"an operator makes no operators",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .grants = OPERATOR_2},
                        {.sequence = 5, .signer = OPERATOR_2, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", "decision on ia: it is signed by nobody", ""},
        {"another deployment's",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .foreign = true, .member = "a", .interest = "ia",
                                .expression = "score > 1"}},
                "", "", "another deployment's", ""},
        {"an old one played again",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1",
                                .removed = true},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", NULL, ""},
        {"changed",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 90"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "ia enter amber 3/77\n", "", NULL, ""},
        {"another clearance, another audience",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_GREEN}},
                "", "ia enter green 3/77\n", NULL, ""},
        {"suspended: goes on, it must miss nothing",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_GREEN,
                                .status = TOC_MEMBER_STATUS_SUSPENDED}},
                "", "ia enter green 3/77\n", NULL, ""},
        {"revoked: ends",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_GREEN,
                                .status = TOC_MEMBER_STATUS_REVOKED}},
                "", "", NULL, ""},
        {"of nobody known",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score > 1"}},
                "", "", NULL, ""},
        {"an expression that is none does not stop the others",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER},
                        {.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia", .expression = "score >> 1"},
                        {.sequence = 5, .signer = OPERATOR, .member = "a", .interest = "ib", .expression = "score > 1"}},
                "ib enter amber 3/77\n", "", "interest ia: column", ""},
        {"government reads federal",
                {{.sequence = 2, .signer = ROOT, .grants = OPERATOR},
                        {.sequence = 3, .signer = OPERATOR, .member = "gov", .clearance = TOC_MARKING_AMBER,
                                .role = TOC_MEMBER_ROLE_GOVERNMENT},
                        {.sequence = 4, .signer = OPERATOR, .member = "gov", .interest = "ig", .expression = "score > 1"}},
                "", "", NULL, "ig enter federal 3/77\n"},
};

static void only_decisions_in_force_count(void **state)
{
    (void)state;
    UNIT_EACH(const struct case_of_decisions, row, cases)
    {
        struct said said = {0};
        struct out out;
        struct toc_route *route = new_route(&said);
        begin(&out, false);
        for (size_t i = 0; i < 8 && row->decisions[i].sequence != 0; i++)
            decide(route, &row->decisions[i]);
        print_message("%s\n", row->name);
        assert_string_equal(send(route, AMBER, &none, &high, &out), row->amber);
        assert_string_equal(send(route, GREEN, &none, &high, &out), row->green);
        assert_string_equal(send(route, CLEAR, &none, &high, &out), "");
        assert_string_equal(send(route, FEDERAL, &none, &high, &out), row->federal);
        if (row->complaint == NULL)
            assert_string_equal(said.text, "");
        else
            assert_shows(said.text, row->complaint);
        toc_buf_done(&out.last);
        toc_route_free(route);
    }
}

// The same when every decision is judged before the next one comes.
static void one_by_one_is_the_same(void **state)
{
    (void)state;
    UNIT_EACH(const struct case_of_decisions, row, cases)
    {
        struct said said = {0};
        struct out out;
        struct toc_route *route = new_route(&said);
        begin(&out, false);
        print_message("%s\n", row->name);
        for (size_t i = 0; i < 8 && row->decisions[i].sequence != 0; i++) {
            decide(route, &row->decisions[i]);
            send(route, FEDERAL, &none, &low, &out);
        }
        assert_string_equal(send(route, AMBER, &none, &high, &out), row->amber);
        assert_string_equal(send(route, GREEN, &none, &high, &out), row->green);
        toc_buf_done(&out.last);
        toc_route_free(route);
    }
}

static void a_back_dated_decision_comes_too_late(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_route *route = new_route(&said);
    begin(&out, false);
    decide(route, &grant_operator);
    decide(route, &(struct decision){.sequence = 3, .signer = OPERATOR, .member = "a", .clearance = TOC_MARKING_AMBER});
    decide(route, &(struct decision){.sequence = 10, .signer = ROOT, .revokes = OPERATOR});
    assert_string_equal(send(route, AMBER, &none, &high, &out), "");
    decide(route, &(struct decision){.sequence = 4, .signer = OPERATOR, .member = "a", .interest = "ia",
            .expression = "score > 1"}); // as if it had been signed before
    assert_string_equal(send(route, AMBER, &none, &high, &out), "");
    assert_shows(said.text, "played again");
    toc_buf_done(&out.last);
    toc_route_free(route);
}

static void what_cannot_be_read_is_left_out(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_err err = {0};
    struct toc_route *route = new_route(&said);
    struct toc_route_totals totals;
    begin(&out, true);
    assert_ok(toc_route_decision(route, TOC_S("no segment"), &err), err);
    assert_shows(said.text, "cannot be read");
    const struct toc_route_input inputs[] = {
            {.has_value = true, .key = TOC_S("head"), .value = TOC_S("x")}, // no view: nothing wrong
            {.has_value = false, .key = TOC_S("00")},                      // a tombstone: nothing wrong
            {.has_value = true, .key = TOC_S("00"), .value = TOC_S("x")},
    };
    UNIT_EACH(const struct toc_route_input, input, inputs)
        assert_ok(toc_route_view(route, AMBER, input, take, &out, &err), err);
    assert_ok(toc_route_receipt(route, &inputs[2], take, &out, &err), err);
    assert_ok(toc_route_totals(route, &totals, &err), err);
    assert_int_equal(totals.unreadable, 2);
    assert_int_equal(out.len, 0);
    toc_buf_done(&out.last);
    toc_route_free(route);
}

static void a_receipt_goes_to_its_member_as_it_is(void **state)
{
    (void)state;
    struct said said = {0};
    struct out out;
    struct toc_err err = {0};
    struct toc_buf value;
    struct toc_receipt receipt;
    struct toc_route *route = new_route(&said);
    begin(&out, true);
    toc_buf_init(&value, 4096);
    toc_receipt_init(&receipt);
    receipt.member = TOC_S("st-marys");
    toc_receipt_put(&receipt, &value);
    const struct toc_route_input input = {
            .time = 1234, .has_value = true, .key = TOC_S("00ff/1/0"), .value = toc_buf_slice(&value)};
    assert_ok(toc_route_receipt(route, &input, take, &out, &err), err);
    assert_string_equal(out.text, "receipts.st-marys 00ff/1/0\n");
    assert_slices_equal(toc_buf_slice(&out.last), input.value);

    receipt.member = TOC_S("St Marys/../x"); // no id: it would name somebody else's topic
    toc_buf_clear(&value);
    toc_receipt_put(&receipt, &value);
    const struct toc_route_input odd = {.time = 1234, .has_value = true, .key = TOC_S("k"), .value = toc_buf_slice(&value)};
    out.len = 0;
    assert_ok(toc_route_receipt(route, &odd, take, &out, &err), err);
    assert_int_equal(out.len, 0);
    toc_buf_done(&value);
    toc_buf_done(&out.last);
    toc_route_free(route);
}

// A decision for which memory ran out is not one that cannot be read: it is taken again, and nobody complains of it.
static void memory_that_runs_out_loses_no_decision(void **state)
{
    (void)state;
    struct said said = {0};
    struct toc_err err = {0};
    struct toc_member member;
    struct toc_control control;
    uint8_t digest[TOC_SHA256_BYTES];
    int failures = 0;
    toc_member_init(&member);
    toc_control_init(&control);
    member.id = member.organisation = TOC_S("st-marys");
    control.sequence = 2;
    control.member = &member;
    struct toc_buf genesis = genesis_value(), value = seal(&control, ROOT, deployment);
    toc_sha256(genesis.ptr, genesis.len, digest);
    for (uint64_t nth = 1; nth <= 20; nth++) {
        struct toc_book *book;
        const struct toc_member *found;
        assert_ok(toc_book_new(digest, complain, &said, &book, &err), err);
        assert_ok(toc_book_take(book, toc_buf_slice(&genesis), &err), err);
        toc_mem_fail_at(nth);
        toc_rc rc = toc_book_take(book, toc_buf_slice(&value), &err);
        toc_mem_fail_at(0);
        if (toc_failed(rc)) {
            failures++;
            assert_code(rc, TOC_E_MEMORY, err);
            assert_ok(toc_book_take(book, toc_buf_slice(&value), &err), err);
        }
        assert_ok(toc_book_settle(book, &err), err);
        assert_ok(toc_book_member(book, member.id, &found, &err), err);
        assert_non_null(found);
        toc_book_free(book);
    }
    assert_in_range(failures, 3, 19);
    assert_string_equal(said.text, "");
    toc_buf_done(&value);
    toc_buf_done(&genesis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_record_alone_says_what_changed),
            cmocka_unit_test(only_decisions_in_force_count),
            cmocka_unit_test(one_by_one_is_the_same),
            cmocka_unit_test(a_back_dated_decision_comes_too_late),
            cmocka_unit_test(what_cannot_be_read_is_left_out),
            cmocka_unit_test(memory_that_runs_out_loses_no_decision),
            cmocka_unit_test(a_receipt_goes_to_its_member_as_it_is),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
