// tocsin-hub: authenticates, merges, weighs and republishes what members submit.
//
// The way of a record: topic submit -> worker (hub/worker: the exactly-once loop) -> fuse (hub/fuse: admit,
// merge, judge, publish) -> topics indicators.<audience>, receipts, quarantine, state.fuse -> route (hub/route) ->
// topics interest.<id>, receipts.<member>, pivots -> worker -> correlate (hub/correlate) -> correlations.<audience>.

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hub/conf.h"
#include "hub/worker/asks.h"
#include "hub/worker/correlate_stage.h"
#include "hub/worker/fuse_stage.h"
#include "hub/worker/library.h"
#include "hub/worker/route_runner.h"
#include "hub/worker/worker.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/bus/admin.h"
#include "lib/http/server.h"
#include "lib/indicator/key.h"
#include "lib/indicator/topics.h"

#define STUCK_MS 30000 // a loop that did not turn for so long is not alive
#define BROKER_TIMEOUT_MS 30000
#define WORKERS_MAX 256

struct hub {
    struct toc_hub_conf conf;
    struct toc_conf *owner;
    struct toc_bus_log log;
    struct toc_metrics *metrics;
    struct toc_key *key;
    uint8_t deployment_key[32];
    struct toc_library *library;
    struct toc_fuse_stage *fuse;
    struct toc_correlate_stage *correlate;
    struct toc_worker *workers[WORKERS_MAX];
    size_t worker_count;
    struct toc_worker *correlator;
    struct toc_route_runner *route;
    int32_t partitions;
    struct toc_asks *asks;
    struct toc_http *http;
    int ended_fd; // told when a thread ended because another process has its name
};

static void log_line(void *ctx, enum toc_log_level level, const char *text)
{
    (void)ctx;
    toc_log(level, "kafka", "%s", text);
}

// --- health ----------------------------------------------------------------------------------------

static void page_metrics(void *ctx, struct toc_http_reply *reply)
{
    struct hub *hub = ctx;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    toc_metrics_print(hub->metrics, &reply->body);
}

struct sign_of_life {
    enum toc_worker_life life;
    int64_t beat_ms;
};

// Of each thread in turn: the fuse workers, correlate, route. False: no more.
static bool sign_of_life(const struct hub *hub, size_t i, char name[32], struct sign_of_life *out)
{
    const struct toc_worker *worker = i < hub->worker_count ? hub->workers[i] : hub->correlator;
    if (i > hub->worker_count + 1)
        return false;
    if (i == hub->worker_count + 1) {
        snprintf(name, 32, "route");
        *out = (struct sign_of_life){toc_route_runner_life(hub->route), toc_route_runner_beat_ms(hub->route)};
        return true;
    }
    if (worker == hub->correlator)
        snprintf(name, 32, "correlate");
    else
        snprintf(name, 32, "worker %zu", i);
    *out = (struct sign_of_life){toc_worker_life(worker), toc_worker_beat_ms(worker)};
    return true;
}

static void page_live(void *ctx, struct toc_http_reply *reply)
{
    char name[32];
    struct sign_of_life sign;
    int64_t now = toc_monotonic_ms(NULL);
    for (size_t i = 0; sign_of_life(ctx, i, name, &sign); i++) {
        bool stuck = now - sign.beat_ms > STUCK_MS && sign.life == TOC_WORKER_RUNNING;
        if (stuck || sign.life == TOC_WORKER_ENDED) {
            reply->status = 503;
            toc_buf_printf(&reply->body, "%s does not turn\n", name);
        }
    }
    if (reply->status != 503)
        toc_buf_put_text(&reply->body, "alive\n");
}

static void page_ready(void *ctx, struct toc_http_reply *reply)
{
    char name[32];
    struct sign_of_life sign;
    for (size_t i = 0; sign_of_life(ctx, i, name, &sign); i++)
        if (sign.life != TOC_WORKER_RUNNING) {
            reply->status = 503;
            toc_buf_printf(&reply->body, "%s is not ready\n", name);
        }
    if (reply->status != 503)
        toc_buf_put_text(&reply->body, "ready\n");
}

// --- start and end -----------------------------------------------------------------------------------

static toc_rc count_partitions(struct hub *hub, struct toc_err *err)
{
    struct toc_admin *admin;
    TOC_TRY(toc_admin_open(&hub->conf.kafka, hub->log, BROKER_TIMEOUT_MS, &admin, err));
    struct toc_topic_name submit = toc_topic(hub->conf.kafka.prefix, TOC_TOPIC_SUBMIT, TOC_S(""));
    toc_rc rc = toc_admin_partitions(admin, submit.text, &hub->partitions, err);
    toc_admin_close(admin);
    return rc.code == TOC_E_NOTFOUND ? toc_err_context(rc, err, "run `tocsinctl init` first") : rc;
}

static toc_rc route_question(void *ctx, struct toc_slice text, int32_t *out_partition, struct toc_err *err)
{
    const struct hub *hub = ctx;
    TOC_CLEANUP(toc_json_drop) json_t *question = NULL;
    TOC_TRY(toc_json_parse(text, &question, err));
    *out_partition = -1;
    if (!toc_slice_is(toc_json_text(question, "ask"), "explain"))
        return TOC_OK;
    enum toc_kind kind;
    uint8_t key[TOC_KEY_BYTES];
    TOC_ENSURE(toc_kind_parse(toc_json_text(question, "kind"), &kind), err, TOC_E_SYNTAX, "no such kind");
    toc_indicator_key(kind, toc_json_text(question, "value"), key);
    *out_partition = (int32_t)toc_key_partition(key, (uint32_t)hub->partitions);
    return TOC_OK;
}

static toc_rc genesis_digest(const struct hub *hub, uint8_t out[32], struct toc_err *err)
{
    TOC_ENSURE(toc_parse_hex(toc_slice_of(hub->conf.genesis_digest), out, 32), err, TOC_E_USAGE,
            "genesis_digest is not 64 hex digits");
    return TOC_OK;
}

static struct toc_worker_conf worker_conf(const struct hub *hub, const struct toc_stage *stage, int number)
{
    return (struct toc_worker_conf){
            .stage = stage,
            .bus = &hub->conf.kafka,
            .log = hub->log,
            .hub_id = hub->conf.hub_id,
            .number = number,
            .commit_ms = hub->conf.commit_ms,
            .session_ms = hub->conf.session_ms,
            .fetch_kbytes = hub->conf.fetch_kbytes,
            .metrics = hub->metrics,
            .ended_fd = hub->ended_fd,
    };
}

static toc_rc start_fuse(struct hub *hub, struct toc_err *err)
{
    struct toc_fuse_stage_conf conf = {
            .prefix = hub->conf.kafka.prefix, .hub_id = hub->conf.hub_id, .key = hub->key, .library = hub->library,
            .metrics = hub->metrics};
    TOC_TRY(genesis_digest(hub, conf.genesis_digest, err));
    memcpy(conf.deployment_key, hub->deployment_key, sizeof conf.deployment_key);
    TOC_TRY(toc_fuse_stage_new(&conf, &hub->fuse, err));
    for (int i = 0; i < (int)hub->conf.workers; i++) {
        const struct toc_worker_conf worker = worker_conf(hub, toc_fuse_stage(hub->fuse), i);
        TOC_TRY(toc_worker_start(&worker, &hub->workers[hub->worker_count], err));
        hub->worker_count++;
    }
    return TOC_OK;
}

static toc_rc start_correlate(struct hub *hub, struct toc_err *err)
{
    const struct toc_correlate_stage_conf conf = {
            .prefix = hub->conf.kafka.prefix,
            .partitions = hub->partitions < TOC_TOPIC_FEW ? hub->partitions : TOC_TOPIC_FEW,
            .metrics = hub->metrics,
    };
    TOC_TRY(toc_correlate_stage_new(&conf, &hub->correlate, err));
    const struct toc_worker_conf worker = worker_conf(hub, toc_correlate_stage(hub->correlate), 0);
    return toc_worker_start(&worker, &hub->correlator, err);
}

static toc_rc start_route(struct hub *hub, struct toc_err *err)
{
    struct toc_route_runner_conf conf = {
            .bus = &hub->conf.kafka,
            .log = hub->log,
            .hub_id = hub->conf.hub_id,
            .session_ms = hub->conf.session_ms,
            .fetch_kbytes = hub->conf.fetch_kbytes,
            .metrics = hub->metrics,
            .ended_fd = hub->ended_fd,
    };
    TOC_TRY(genesis_digest(hub, conf.genesis_digest, err));
    return toc_route_runner_start(&conf, &hub->route, err);
}

// What can be told without a broker is told first.
static toc_rc check_files(struct hub *hub, struct toc_err *err)
{
    TOC_TRY(toc_bus_quickstart_check(hub->conf.kafka.ca, hub->conf.kafka.brokers, err));
    TOC_TRY(toc_bus_quickstart_check(hub->conf.kafka.ca, hub->conf.http.address, err));
    TOC_TRY(toc_key_load(hub->conf.signing_key, &hub->key, err));
    return toc_file_read_secret(hub->conf.deployment_key, hub->deployment_key, sizeof hub->deployment_key, err);
}

static toc_rc start(struct hub *hub, const struct toc_http_route *routes, struct toc_err *err)
{
    const char *advice;
    hub->log = (struct toc_bus_log){.line = log_line};
    hub->metrics = toc_metrics_new();
    TOC_ENSURE(hub->metrics != NULL, err, TOC_E_MEMORY, "out of memory");
    TOC_TRY(toc_bus_version_check(toc_bus_version(), &advice, err));
    if (advice != NULL)
        toc_log(TOC_LOG_WARN, "hub", "%s", advice);
    TOC_TRY(check_files(hub, err));
    TOC_TRY(count_partitions(hub, err));
    TOC_TRY(toc_library_new(&hub->conf.kafka, hub->log, &hub->library, err));
    TOC_TRY(start_fuse(hub, err));
    TOC_TRY(start_correlate(hub, err));
    TOC_TRY(start_route(hub, err));
    const struct toc_asks_conf asks = {.path = hub->conf.socket, .workers = hub->workers,
            .worker_count = hub->worker_count, .route = route_question, .ctx = hub};
    TOC_TRY(toc_asks_open(&asks, &hub->asks, err));
    const struct toc_http_options http = {.address = hub->conf.http.address, .port = (uint16_t)hub->conf.http.port,
            .allow_remote = hub->conf.http.remote, .routes = routes};
    TOC_TRY(toc_http_open(&http, &hub->http, err));
    toc_log(TOC_LOG_INFO, "hub", "%s: %zu workers, correlate, route, %" PRId32 " partitions, http on port %u", hub->conf.hub_id,
            hub->worker_count, hub->partitions, toc_http_port(hub->http));
    return TOC_OK;
}

static void stop(struct hub *hub)
{
    toc_http_close(hub->http);
    toc_asks_close(hub->asks);
    // All at once, then one after the other: an end takes what the slowest takes.
    for (size_t i = 0; i < hub->worker_count; i++)
        toc_worker_tell_stop(hub->workers[i]);
    toc_worker_tell_stop(hub->correlator);
    toc_route_runner_tell_stop(hub->route);
    for (size_t i = 0; i < hub->worker_count; i++)
        toc_worker_stop(hub->workers[i]);
    toc_worker_stop(hub->correlator);
    toc_route_runner_stop(hub->route);
    toc_fuse_stage_free(hub->fuse);
    toc_correlate_stage_free(hub->correlate);
    toc_library_free(hub->library);
    toc_key_free(hub->key);
    toc_metrics_free(hub->metrics);
    toc_conf_free(hub->owner);
}

// Until SIGTERM or SIGINT (0), or until another process took the name of one of the threads (1): it has taken, or
// will take, those of all.
static int wait_for_end(const struct hub *hub, int signals)
{
    struct pollfd events[] = {{.fd = signals, .events = POLLIN}, {.fd = hub->ended_fd, .events = POLLIN}};
    struct signalfd_siginfo info;
    while (poll(events, 2, -1) < 0)
        if (errno != EINTR)
            return 1;
    if (events[0].revents == 0) {
        toc_log(TOC_LOG_ERROR, "hub",
                "hub_id \"%s\" is in use by another process, which started later and goes on; this one ends. Stop one of them "
                "for good, or give each a hub_id of its own in its hub.conf",
                hub->conf.hub_id);
        return 1;
    }
    if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
        return 1;
    toc_log(TOC_LOG_INFO, "hub", "signal %u: finishing what is in hand", info.ssi_signo);
    return 0;
}

static int run(struct hub *hub)
{
    const struct toc_http_route routes[] = {
            {.path = "/metrics", .handle = page_metrics, .ctx = hub},
            {.path = "/livez", .handle = page_live, .ctx = hub},
            {.path = "/readyz", .handle = page_ready, .ctx = hub},
            {0},
    };
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL); // before any thread: only the signalfd sees them
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    hub->ended_fd = eventfd(0, EFD_CLOEXEC);
    struct toc_err err;
    int code = 1;
    if (signals < 0 || hub->ended_fd < 0)
        toc_log(TOC_LOG_ERROR, "hub", "signals and events: %s", strerror(errno));
    else if (toc_failed(start(hub, routes, &err)))
        toc_log(TOC_LOG_ERROR, "hub", "%s", err.text);
    else
        code = wait_for_end(hub, signals);
    stop(hub);
    if (signals >= 0)
        close(signals);
    if (hub->ended_fd >= 0)
        close(hub->ended_fd);
    return code;
}

static int usage(FILE *to, int code)
{
    fputs("usage: tocsin-hub -c hub.conf [--check] [--log-json] [--log-level error|warn|info|debug]\n"
          "       tocsin-hub --print-config    the reference of all keys\n"
          "       tocsin-hub --version | --help\n",
            to);
    return code;
}

static int print_config(void)
{
    struct toc_err err;
    if (!toc_failed(toc_conf_show(toc_hub_rows, stdout, &err)))
        return 0;
    fprintf(stderr, "tocsin-hub: %s\n", err.text);
    return 1;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
            {"log-json", no_argument, NULL, 'j'}, {"log-level", required_argument, NULL, 'l'},
            {"print-config", no_argument, NULL, 'p'}, {"version", no_argument, NULL, 'V'},
            {"help", no_argument, NULL, 'h'}, {0}};
    const char *path = NULL;
    bool check = false, json = false;
    enum toc_log_level level = TOC_LOG_INFO;
    for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (c == 'c')
            path = optarg;
        else if (c == 'k')
            check = true;
        else if (c == 'j')
            json = true;
        else if (c == 'p')
            return print_config();
        else if (c == 'V')
            return puts("tocsin-hub " TOC_VERSION) < 0;
        else if (c == 'h')
            return usage(stdout, 0);
        else if (c != 'l' || !toc_log_level_parse(optarg, &level))
            return usage(stderr, 2);
    }
    if (path == NULL || optind != argc)
        return usage(stderr, 2);
    toc_log_setup(level, json);
    struct hub hub = {0};
    struct toc_err err;
    if (toc_failed(toc_hub_conf_load(path, &hub.conf, &hub.owner, &err))) {
        fprintf(stderr, "tocsin-hub: %s\n", err.text);
        return 2;
    }
    if (check) {
        toc_conf_free(hub.owner);
        return puts("the configuration is sound") < 0;
    }
    return run(&hub);
}
