// The state of a partition against a naive model: entries, rows, timers, transactions.
#include "tests/unit/hub/state_model.h"

static void same_as_the_model(void **state)
{
    (void)state;
    static struct model_run run;
    for (unsigned seed = 1; seed <= 40; seed++) {
        if (!model_seed_wanted(seed))
            continue;
        print_message("seed %u\n", seed);
        model_begin(&run, seed);
        for (unsigned txn = 0; txn < 60; txn++) {
            for (uint64_t n = model_random(&run, 60); n > 0; n--)
                assert_true(model_change(&run));
            if (txn % 5 == 0)
                model_same(&run, &run.now);
            if (model_random(&run, 3) == 0)
                model_rollback(&run);
            else
                model_commit(&run);
            assert_false(toc_state_changed(run.state));
            model_same(&run, &run.committed);
        }
        model_end(&run);
    }
}

// Whichever allocation of a transaction fails: the change it belongs to did not happen, the rest
// stands, and rollback and commit work.
static void without_memory(void **state)
{
    (void)state;
    static struct model_run run;
    bool failed = true;
    for (uint64_t at = 1; failed; at++) {
        model_begin(&run, at % 7);
        failed = false;
        for (unsigned i = 0; i < 150; i++)
            assert_true(model_change(&run));
        model_commit(&run);
        toc_mem_fail_at(at);
        for (unsigned i = 0; i < 400; i++)
            if (!model_change(&run)) {
                failed = true;
                toc_mem_fail_at(0);
                model_same(&run, &run.now);
            }
        toc_mem_fail_at(0);
        if (at % 2 == 0)
            model_rollback(&run);
        else
            model_commit(&run);
        model_same(&run, &run.committed);
        model_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(same_as_the_model),
            cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
