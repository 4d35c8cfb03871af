// The state directory: one writer per output, what is remembered and when not, acceptances taken once.
#include "tests/support/unit.h"

#include <unistd.h>

#include "consumers/runner/store.h"
#include "lib/base/time.h"

#define T0 INT64_C(1767225600000)

struct bench {
    char dir[TOC_PATH_BYTES_MAX], states[TOC_PATH_BYTES_MAX], path[TOC_PATH_BYTES_MAX];
    struct toc_output *output;
    struct toc_store_slot *slot;
};

static struct toc_sink_picture picture = {.audience = "green", .marking = TOC_MARKING_GREEN};

static struct toc_output *new_output(struct bench *b, const struct toc_sink *sink)
{
    struct toc_output *output = NULL;
    struct toc_err err = {0};
    assert_ok(toc_output_new(sink, b->path, 0640, &output, &err), err);
    return output;
}

static void take(struct bench *b)
{
    struct toc_err err = {0};
    assert_ok(toc_store_take(b->states, b->output, &b->slot, &err), err);
}

static int setup(void **state)
{
    static struct bench bench;
    struct toc_err err = {0};
    bench = (struct bench){0};
    unit_temp_dir(bench.dir);
    assert_ok(toc_path_join(bench.states, bench.dir, "state/subscribe", &err), err);
    assert_ok(toc_path_join(bench.path, bench.dir, "list.txt", &err), err);
    bench.output = new_output(&bench, &toc_sink_list);
    take(&bench);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    toc_store_drop(b->slot);
    toc_output_free(b->output);
    unit_remove_dir(b->dir);
    return 0;
}

static void write_one_line(struct bench *b)
{
    struct toc_err err = {0};
    bool written;
    struct toc_output_fact fact = {
            .kind = TOC_KIND_DOMAIN, .value = TOC_S("a.example.com"), .score = 60};
    struct toc_sink_page page = {.picture = &picture, .written_ms = T0};
    toc_indicator_key(fact.kind, fact.value, fact.key);
    assert_ok(toc_output_offer(b->output, &fact, fact.value, false, &err), err);
    assert_ok(toc_output_publish(b->output, &page, &written, &err), err);
}

static void test_one_writer(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    struct toc_store_slot *second = NULL;
    char again[TOC_PATH_BYTES_MAX];
    assert_code(toc_store_take(b->states, b->output, &second, &err), TOC_E_BUSY, err);
    assert_shows(err.text, "list.txt");
    // The same file by another way is the same file.
    assert_ok(toc_path_join(again, b->dir, "state/../list.txt", &err), err);
    struct toc_output *other = NULL;
    assert_ok(toc_output_new(&toc_sink_list, again, 0640, &other, &err), err);
    assert_code(toc_store_take(b->states, other, &second, &err), TOC_E_BUSY, err);
    toc_output_free(other);
    other = new_output(b, &toc_sink_csv); // nor may another sink write it
    assert_code(toc_store_take(b->states, other, &second, &err), TOC_E_BUSY, err);
    toc_output_free(other);
    toc_store_drop(b->slot);
    take(b);
}

static void test_what_is_remembered(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    struct toc_fresh fresh = {.partitions = 1, .heads = {T0}}, heard = {0};
    write_one_line(b);
    assert_ok(toc_store_save(b->slot, b->output, TOC_S("s"), &fresh, &err), err);
    toc_output_free(b->output);

    b->output = new_output(b, &toc_sink_list);
    assert_code(toc_store_load(b->slot, b->output, TOC_S("t"), &heard, &err), TOC_E_NOTFOUND, err);
    assert_ok(toc_store_load(b->slot, b->output, TOC_S("s"), &heard, &err), err);
    assert_int_equal(toc_output_counts(b->output).shown, 1);
    assert_true(toc_fresh_as_of(&heard) == T0);
    toc_output_free(b->output);

    b->output = new_output(b, &toc_sink_csv); // another sink's lines
    assert_code(toc_store_load(b->slot, b->output, TOC_S("s"), &heard, &err), TOC_E_NOTFOUND, err);
    toc_output_free(b->output);

    b->output = new_output(b, &toc_sink_list);
    assert_int_equal(unlink(b->path), 0); // somebody took the file away: it begins anew
    assert_code(toc_store_load(b->slot, b->output, TOC_S("s"), &heard, &err), TOC_E_NOTFOUND, err);
    assert_int_equal(toc_output_counts(b->output).shown, 0);
}

static void test_nothing_saved(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    struct toc_fresh fresh = {0};
    write_one_line(b);
    assert_code(toc_store_load(b->slot, b->output, TOC_S("s"), &fresh, &err), TOC_E_NOTFOUND, err);
}

static void test_acceptance(void **state)
{
    struct bench *b = *state;
    struct toc_err err = {0};
    size_t count = 0;
    assert_false(toc_store_accepted(b->slot, toc_now_ms(NULL)));
    assert_ok(toc_store_accept_all(b->states, &count, &err), err);
    assert_int_equal(count, 1);
    assert_true(toc_store_accepted(b->slot, toc_now_ms(NULL)));
    assert_false(toc_store_accepted(b->slot, toc_now_ms(NULL))); // once
    assert_ok(toc_store_accept_all(b->states, &count, &err), err);
    assert_false(
            toc_store_accepted(b->slot, toc_now_ms(NULL) + TOC_STORE_ACCEPT_MS + 1000)); // void
    assert_false(toc_store_accepted(b->slot, toc_now_ms(NULL)));                         // and gone
    assert_code(toc_store_accept_all("/nonexistent", &count, &err), TOC_E_NOTFOUND, err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_one_writer, setup, teardown),
            cmocka_unit_test_setup_teardown(test_what_is_remembered, setup, teardown),
            cmocka_unit_test_setup_teardown(test_nothing_saved, setup, teardown),
            cmocka_unit_test_setup_teardown(test_acceptance, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
