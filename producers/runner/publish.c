#include "producers/runner/publish.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "producers/runner/capture.h"
#include "producers/runner/dry_run.h"
#include "producers/runner/full_list.h"
#include "producers/runner/input.h"
#include "producers/runner/receipts.h"
#include "producers/runner/rows.h"
#include "producers/runner/sender.h"
#include "producers/runner/setup.h"
#include "producers/runner/spool.h"
#include "producers/runner/submission.h"

struct run {
    const struct toc_publish_options *options;
    char input[512]; // its name as messages show it: others may have chosen it
    struct toc_setup setup;
    struct toc_report report;
    char state[TOC_PATH_BYTES_MAX]; // the state directory in use
    const char *dir;                // for files without a name
    struct toc_spool *spool;        // NULL in dry runs
    struct toc_zstd *zstd;
    struct toc_sender *sender;
    struct toc_receipts *receipts;
    struct toc_reader *reader;
    int stop_fd; // signalfd while a pipe is followed; -1
    bool stopped, held;
};

// ---- messages

static void complain(const struct toc_err *err)
{
    fprintf(stderr, "tocsin-publish: %s\n", err->text);
}

static void on_bus_line(void *ctx, enum toc_log_level level, const char *text)
{
    (void)ctx;
    if (level <= TOC_LOG_WARN)
        toc_log(level, "kafka", "%s", text);
}

static bool is_stopped(void *ctx)
{
    struct run *run = ctx;
    struct signalfd_siginfo info;
    if (run->stop_fd >= 0 && read(run->stop_fd, &info, sizeof info) == (ssize_t)sizeof info)
        run->stopped = true;
    return run->stopped;
}

static toc_rc on_stored(
        void *ctx, int64_t seq, int32_t index, int32_t observations, struct toc_err *err)
{
    struct run *run = ctx;
    return toc_receipts_expect(run->receipts, seq, index, observations, err);
}

static int64_t now_ms(const struct run *run)
{
    bool may = run->options->dry_run || run->options->segments != NULL;
    return may && run->options->at_ms != 0 ? run->options->at_ms : toc_now_ms(NULL);
}

// ---- opening

// The writer of a capture made at a given time follows from the key, so that the same input gives the
// same bytes.
static void capture_writer(const struct run *run, uint8_t digest[TOC_SHA256_BYTES])
{
    toc_sha256(toc_key_public(run->setup.key), TOC_KEY_PUBLIC_BYTES, digest);
}

// Captures have a state of their own: their numbers must not be missing in the hub's eyes.
static toc_rc open_spool(struct run *run, struct toc_err *err)
{
    const struct toc_member_conf *conf = &run->setup.conf;
    uint8_t digest[TOC_SHA256_BYTES];
    struct toc_spool_owner owner = {.member = conf->member, .partitions = run->setup.partitions};
    memcpy(owner.deployment, run->setup.deployment, sizeof owner.deployment);
    if (run->options->segments != NULL && run->options->at_ms != 0) {
        capture_writer(run, digest);
        owner.writer = digest;
    }
    TOC_TRY(toc_path_join(
            run->state, conf->state, run->options->segments != NULL ? "capture" : "", err));
    TOC_TRY(toc_spool_open(run->state, &owner, &run->spool, err));
    run->dir = toc_spool_dir(run->spool);
    run->zstd = toc_zstd_new();
    TOC_ENSURE(run->zstd != NULL, err, TOC_E_MEMORY, "no memory for zstd");
    return TOC_OK;
}

static toc_rc open_bus(struct run *run, struct toc_err *err)
{
    const struct toc_publish_options *o = run->options;
    struct toc_bus_log log = {on_bus_line, run};
    struct toc_sender_options sender = {
            .kafka = &run->setup.conf.kafka, .log = log, .stop = is_stopped, .ctx = run};
    struct toc_receipts_options receipts = {.kafka = &run->setup.conf.kafka,
            .log = log,
            .member = run->setup.conf.member,
            .writer = toc_spool_writer(run->spool)};
    if (o->wait) {
        sender.stored = on_stored;
        TOC_TRY(toc_receipts_open(&receipts, &run->receipts, err));
    }
    return toc_sender_open(&sender, &run->sender, err);
}

static toc_rc open_run(struct run *run, struct toc_err *err)
{
    const struct toc_publish_options *o = run->options;
    toc_text_show(run->input, sizeof run->input, toc_slice_of(o->input == NULL ? "" : o->input));
    struct toc_report_options report = {.input = run->input,
            .rejects = o->rejects,
            .out = stderr,
            .terminal = isatty(STDERR_FILENO) == 1};
    report.quote = report.terminal || o->dry_run;
    TOC_TRY(toc_setup_load(o, &run->setup, err));
    TOC_ENSURE(o->segments == NULL || access(o->segments, F_OK) != 0, err, TOC_E_EXISTS,
            "%s is there already", o->segments);
    const char *temporary = getenv("TMPDIR");
    run->dir = temporary == NULL ? "/tmp" : temporary;
    if (!o->dry_run)
        TOC_TRY(open_spool(run, err));
    return toc_report_open(&run->report, &report, err);
}

static void close_run(struct run *run)
{
    toc_reader_close(run->reader);
    toc_sender_close(run->sender);
    toc_receipts_close(run->receipts);
    toc_spool_close(run->spool);
    toc_zstd_free(run->zstd);
    toc_setup_done(&run->setup);
    if (run->stop_fd >= 0)
        close(run->stop_fd);
}

// ---- one submission

static toc_rc open_reader(struct run *run, FILE *stream, struct toc_err *err)
{
    const struct toc_reader_row *row = NULL;
    if (run->reader != NULL)
        return TOC_OK;
    TOC_TRY(toc_input_format(stream, run->options->format, &row, err));
    TOC_ENSURE(!row->whole || !run->options->follow, err, TOC_E_USAGE,
            "%s cannot be followed: it is read twice", row->name);
    // Objects may state their own marking; a line cannot.
    TOC_ENSURE(run->setup.has_marking || row->whole, err, TOC_E_USAGE, "%s: %s: %s",
            toc_refusal_code(TOC_REFUSAL_MARKING_MISSING),
            toc_refusal_meaning(TOC_REFUSAL_MARKING_MISSING),
            toc_refusal_todo(TOC_REFUSAL_MARKING_MISSING));
    struct toc_reader_options options = toc_setup_reader(&run->setup);
    return toc_reader_open(row, &options, &run->reader, err);
}

static void tell_full_list(const struct run *run, const struct toc_full_list *list)
{
    if (list->held)
        fprintf(stderr,
                "%s: the list shrank from %llu to %llu: %llu missing are held, not withdrawn; "
                "--accept-shrink withdraws them\n",
                run->input, (unsigned long long)list->before,
                (unsigned long long)list->now, (unsigned long long)list->missing);
    else if (run->report.options.terminal && list->missing > 0)
        fprintf(stderr, "%s: %llu are no longer on the list and withdrawn\n", run->input,
                (unsigned long long)list->missing);
}

// Replaces the plan by one with the withdrawals in it.
static toc_rc join_full_list(struct run *run, struct toc_plan *plan, struct toc_err *err)
{
    char last[TOC_PATH_BYTES_MAX], next[TOC_PATH_BYTES_MAX];
    struct toc_plan joined;
    struct toc_full_list list;
    const char *state = run->spool != NULL ? run->state : run->setup.conf.state;
    TOC_ENSURE(state != NULL, err, TOC_E_USAGE,
            "--full-list needs -c member.conf: the last list lies in its state");
    TOC_TRY(toc_spool_list_path(state, run->setup.feed_id, last, err));
    if (run->spool != NULL)
        TOC_TRY(toc_spool_new_list_path(run->spool, next, err));
    toc_rc rc = toc_plan_init(&joined, run->dir, err);
    if (!toc_failed(rc))
        rc = toc_full_list_join(plan, last, run->spool != NULL ? next : NULL,
                run->options->accept_shrink, &joined, &list, err);
    if (toc_failed(rc)) {
        toc_plan_done(&joined);
        return rc;
    }
    toc_plan_done(plan);
    *plan = joined;
    run->held = run->held || list.held;
    tell_full_list(run, &list);
    return TOC_OK;
}

static toc_rc seal(struct run *run, struct toc_plan *plan, const struct toc_seal_sink *sink,
        struct toc_err *err)
{
    struct toc_seal_head head;
    toc_setup_head(&run->setup, &head);
    memcpy(head.writer, toc_spool_writer(run->spool), sizeof head.writer);
    head.seq = toc_spool_next_seq(run->spool);
    head.created = now_ms(run);
    return toc_seal_plan(
            plan, &head, run->setup.key, run->zstd, toc_spool_positions(run->spool), sink, err);
}

static toc_rc seal_capture(struct run *run, struct toc_plan *plan, struct toc_err *err)
{
    struct toc_capture_file *capture = NULL;
    TOC_TRY(toc_capture_create(
            run->options->segments, run->setup.partitions, now_ms(run), &capture, err));
    struct toc_seal_sink sink = toc_capture_sink(capture);
    toc_rc rc = seal(run, plan, &sink, err);
    if (toc_failed(rc)) {
        toc_capture_abandon(capture);
        return rc;
    }
    return toc_capture_finish(capture, err);
}

static toc_rc seal_spool(struct run *run, struct toc_plan *plan, struct toc_err *err)
{
    struct toc_seal_sink sink = toc_spool_sink(run->spool);
    return seal(run, plan, &sink, err);
}

static toc_rc keep(struct run *run, struct toc_plan *plan, struct toc_err *err)
{
    struct toc_spool_meta meta = {.feed = run->setup.feed_id,
            .observations = (int64_t)plan->observations,
            .segments = plan->segments};
    int64_t seq = toc_spool_next_seq(run->spool);
    bool capture = run->options->segments != NULL;
    if (plan->observations == 0)
        return TOC_OK; // nothing to say; a list that was emptied and accepted says withdrawals
    TOC_TRY(capture ? seal_capture(run, plan, err) : seal_spool(run, plan, err));
    TOC_TRY(toc_spool_commit(run->spool, &meta, err));
    return capture ? toc_spool_remove(run->spool, seq, err) : TOC_OK;
}

static toc_rc check_room(const struct run *run, struct toc_err *err)
{
    int64_t *seqs = NULL;
    size_t count = 0;
    TOC_TRY(toc_spool_pending(run->spool, &seqs, &count, err));
    toc_mem_free(seqs);
    TOC_ENSURE(count < TOC_SPOOL_PENDING_MAX, err, TOC_E_LIMIT,
            "%zu submissions wait for the broker: nothing more is read until it answers", count);
    return TOC_OK;
}

static toc_rc make_plan(struct run *run, FILE *stream, struct toc_plan *plan, struct toc_err *err)
{
    TOC_TRY(toc_submission_read(
            &run->setup, run->reader, stream, run->dir, &run->report, plan, err));
    return run->options->full_list ? join_full_list(run, plan, err) : TOC_OK;
}

static toc_rc use_plan(struct run *run, struct toc_plan *plan, struct toc_err *err)
{
    return run->options->dry_run ? toc_dry_run_print(plan, run->options->json, stdout, err)
                                 : keep(run, plan, err);
}

// From a stream to a whole submission in the spool (or on the screen).
static toc_rc submit(struct run *run, FILE *stream, struct toc_err *err)
{
    struct toc_plan plan = {0};
    TOC_TRY(open_reader(run, stream, err));
    if (run->spool != NULL) {
        TOC_TRY(check_room(run, err));
        TOC_TRY(toc_spool_begin(run->spool, err));
    }
    toc_rc rc = make_plan(run, stream, &plan, err);
    if (!toc_failed(rc))
        rc = use_plan(run, &plan, err);
    if (!toc_failed(rc) && run->report.options.terminal)
        fprintf(stderr, "\r\033[K%s: %llu observations in %d segments\n", run->input,
                (unsigned long long)plan.observations, (int)plan.segments);
    toc_plan_done(&plan);
    if (run->spool != NULL)
        toc_spool_drop(run->spool); // what was not committed
    return rc;
}

// ---- sending

static toc_rc send_pending(struct run *run, struct toc_err *err)
{
    int64_t *seqs = NULL;
    size_t count = 0;
    toc_rc rc = TOC_OK;
    TOC_TRY(toc_spool_pending(run->spool, &seqs, &count, err));
    for (size_t i = 0; i < count && !toc_failed(rc); i++)
        rc = toc_sender_send(run->sender, run->spool, seqs[i], err);
    toc_mem_free(seqs);
    return toc_failed(rc)
                   ? toc_err_context(rc, err, "not everything was sent (the rest is spooled)")
                   : TOC_OK;
}

// ---- the whole run

static toc_rc submit_input(struct run *run, struct toc_err *err)
{
    FILE *stream = NULL;
    if (run->options->input == NULL)
        return TOC_OK;
    TOC_TRY(toc_input_open(run->options->input, run->dir, &stream, err));
    toc_rc rc = submit(run, stream, err);
    fclose(stream);
    return rc;
}

static toc_rc catch_signals(struct run *run, struct toc_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    run->stop_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    TOC_ENSURE(run->stop_fd >= 0, err, TOC_E_IO, "signalfd failed");
    return TOC_OK;
}

// A broker that does not answer stops the reading, not the program: the pipe's writer waits.
static toc_rc send_until_done(struct run *run, struct toc_err *err)
{
    toc_rc rc = send_pending(run, err);
    while (toc_failed(rc) && !run->stopped && err->fate == TOC_FATE_RETRY) {
        complain(err);
        rc = send_pending(run, err);
    }
    return rc;
}

static toc_rc follow_piece(
        struct run *run, struct toc_follow *follow, bool *out_more, struct toc_err *err)
{
    FILE *piece = NULL;
    size_t lines = 0;
    TOC_TRY(toc_nameless_open(run->dir, &piece, err));
    toc_rc rc = toc_follow_next(follow, piece, &lines, err);
    if (!toc_failed(rc) && lines > 0)
        rc = submit(run, piece, err);
    fclose(piece);
    *out_more = lines > 0;
    if (toc_failed(rc) || run->sender == NULL)
        return rc;
    return send_until_done(run, err);
}

static toc_rc follow_input(struct run *run, struct toc_err *err)
{
    struct toc_follow follow;
    bool more = true;
    toc_rc rc = TOC_OK;
    toc_follow_init(&follow, STDIN_FILENO, run->stop_fd, NULL);
    while (more && !run->stopped && !toc_failed(rc))
        rc = follow_piece(run, &follow, &more, err);
    toc_follow_done(&follow);
    return rc;
}

static toc_rc run_all(struct run *run, struct toc_err *err)
{
    const struct toc_publish_options *o = run->options;
    bool sends = !o->dry_run && o->segments == NULL;
    TOC_TRY(open_run(run, err));
    if (o->follow) {
        TOC_TRY(catch_signals(run, err));
        if (sends)
            TOC_TRY(open_bus(run, err));
        return follow_input(run, err);
    }
    TOC_TRY(submit_input(run, err));
    if (!sends)
        return TOC_OK;
    TOC_TRY(open_bus(run, err));
    TOC_TRY(send_pending(run, err));
    return run->receipts == NULL
                   ? TOC_OK
                   : toc_receipts_wait(run->receipts, o->timeout_ms, is_stopped, run, err);
}

static int exit_code(const struct run *run, toc_rc rc)
{
    if (toc_failed(rc))
        return rc.code == TOC_E_USAGE ? TOC_EXIT_USAGE : TOC_EXIT_FAILED;
    bool accepted =
            run->receipts == NULL || toc_receipts_all_accepted(toc_receipts_sums(run->receipts));
    bool nothing_taken = run->report.taken == 0 && run->report.refused_total > 0;
    return run->held || nothing_taken || !accepted ? TOC_EXIT_PARTLY : TOC_EXIT_OK;
}

int toc_publish(const struct toc_publish_options *options)
{
    struct run run = {.options = options, .stop_fd = -1};
    struct toc_err err = {0}, closing = {0};
    toc_rc rc = run_all(&run, &err);
    if (run.report.options.out != NULL)
        toc_report_summary(&run.report);
    if (toc_failed(rc))
        complain(&err);
    if (run.setup.unmarked && !toc_failed(rc))
        fprintf(stderr,
                "no marking is stated: sending this would be refused (--marking TLP:GREEN)\n");
    if (run.receipts != NULL && !toc_failed(rc))
        toc_receipts_print(toc_receipts_sums(run.receipts), stdout);
    toc_rc closed = toc_report_close(&run.report, &closing);
    if (toc_failed(closed))
        complain(&closing);
    int code = exit_code(&run, toc_failed(rc) ? rc : closed);
    close_run(&run);
    return code;
}
