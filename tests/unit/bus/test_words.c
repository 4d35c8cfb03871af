#include "tests/support/unit.h"

#include <librdkafka/rdkafka.h>

#include "lib/bus/fail.h"
#include "lib/bus/words.h"

static const struct toc_bus_conf conf = {
        .brokers = "b:1", .ca = "ca.pem", .certificate = "me.crt", .key = "me.key"};

#define AT "[thrd:ssl://h.example:9093/bootstrap]: ssl://h.example:9093/bootstrap: "

static void librdkafkas_lines_become_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        int x509;
        const char *words;
    } rows[] = {
            {AT "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: "
                "broker certificate "
                "could not be verified (after 6ms in state SSL_HANDSHAKE)",
                    19,
                    "h.example:9093: the broker's certificate is not signed by the authority in "
                    "ca.pem: wrong "
                    "file, or not the broker you think"},
            {AT "SSL handshake failed: certificate verify failed", 10,
                    "h.example:9093: the broker's certificate has expired"},
            {AT "SSL handshake failed: certificate verify failed", 9,
                    "h.example:9093: the broker's certificate is not valid yet: check this "
                    "machine's clock"},
            {AT "SSL handshake failed: certificate verify failed", 62,
                    "h.example:9093: the broker's certificate does not name this host: use the "
                    "name the operator "
                    "gave"},
            {AT "SSL handshake failed: certificate verify failed", 7,
                    "h.example:9093: the broker's certificate cannot be verified with ca.pem "
                    "(X.509 error 7)"},
            {AT "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL "
                "alert number 42 "
                "(after 1ms in state APIVERSION_QUERY)",
                    0,
                    "h.example:9093: the broker wants a certificate and got none that it can use: "
                    "see "
                    "kafka.certificate"},
            {AT "Receive failed: error:0A000416:SSL routines::sslv3 alert certificate unknown: SSL "
                "alert number 46",
                    0,
                    "h.example:9093: the broker refuses our certificate me.crt: expired, or signed "
                    "by an authority "
                    "that this port does not trust"},
            {AT "Receive failed: sslv3 alert certificate expired", 0,
                    "h.example:9093: the broker refuses our certificate me.crt: it has expired; "
                    "ask the operator "
                    "for a new one"},
            {AT "Connect to ipv4#127.0.0.1:9093 failed: Connection refused (after 0ms in state "
                "CONNECT)",
                    0, "h.example:9093: nothing listens there: wrong port, or the broker is down"},
            {AT "Failed to resolve 'h.example:9093': Name or service not known (after 0ms in state "
                "CONNECT)",
                    0, "h.example:9093: no such host name"},
            {AT "SSL handshake failed: error:0A00010B:SSL routines::wrong version number", 0,
                    "h.example:9093: that port does not speak TLS"},
            {"[thrd:ssl://h.example:9093/1]: ssl://h.example:9093/1: Connection setup timed out in "
             "state CONNECT",
                    0,
                    "h.example:9093: no answer in time: a firewall in between, or the broker is "
                    "overloaded"},
            {AT "Disconnected while requesting ApiVersion: might be caused by ...", 0,
                    "h.example:9093: closed the connection at once: not a Kafka port with TLS, or "
                    "our certificate "
                    "me.crt was refused"},
            // not known: its own words, without the decoration
            {AT "Something new (after 3ms in state UP)", 0, "Something new"},
            {"no decoration at all", 0, "no decoration at all"},
            {"Evil \x1b[31m\ntext", 0, "Evil [31m text"},
            {"", 0, ""},
            {"[thrd:", 0, "[thrd:"},
            {"ssl://", 0, "ssl://"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[TOC_BUS_TROUBLE_BYTES_MAX], small[20];
        assert_string_equal(
                toc_bus_words(&conf, rows[i].raw, rows[i].x509, out, sizeof out), rows[i].words);
        toc_bus_words(&conf, rows[i].raw, rows[i].x509, small, sizeof small);
        assert_true(strlen(small) < sizeof small);
    }
}

static void errors_have_a_code_and_name_the_right(void **state)
{
    (void)state;
    static const struct {
        rd_kafka_resp_err_t error;
        const char *right, *detail;
        enum toc_code code;
        const char *text;
    } rows[] = {
            {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "Write on topic t", "x", TOC_E_AUTH,
                    "doing: not allowed; the operator must grant Write on topic t to this "
                    "certificate"},
            {RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, "h:1: no such host name", TOC_E_TIMEOUT,
                    "doing: h:1: no such host name (Local: Timed out)"},
            {RD_KAFKA_RESP_ERR__TIMED_OUT, "Read on topic t", "", TOC_E_TIMEOUT,
                    "doing: Local: Timed out"},
            {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, NULL, NULL, TOC_E_LENGTH,
                    "doing: Broker: Message size too large"},
            {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, NULL, NULL, TOC_E_NOTFOUND,
                    "doing: Broker: Unknown topic or partition"},
            {RD_KAFKA_RESP_ERR_UNKNOWN, NULL, "odd", TOC_E_KAFKA,
                    "doing: odd (Unknown broker error)"},
            {RD_KAFKA_RESP_ERR_NO_ERROR, NULL, NULL, TOC_E_KAFKA, "doing: Success"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_err err = {0};
        const struct toc_bus_act act = {"doing", rows[i].right};
        if (rows[i].error != RD_KAFKA_RESP_ERR_NO_ERROR)
            assert_int_equal(toc_bus_code(rows[i].error), rows[i].code);
        assert_code(toc_bus_fail(&err, TOC_FATE_RETRY, rows[i].error, act, rows[i].detail),
                rows[i].code, err);
        assert_int_equal(err.fate, TOC_FATE_RETRY);
        assert_string_equal(err.text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(librdkafkas_lines_become_sentences),
            cmocka_unit_test(errors_have_a_code_and_name_the_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
