#include "lib/bus/fail.h"

#include "lib/base/text.h"

enum toc_code toc_bus_code(rd_kafka_resp_err_t error)
{
    static const struct {
        rd_kafka_resp_err_t error;
        enum toc_code code;
    } codes[] = {
            {RD_KAFKA_RESP_ERR_NO_ERROR, TOC_E_OK},
            {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, TOC_E_AUTH},
            {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, TOC_E_AUTH},
            {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, TOC_E_AUTH},
            {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, TOC_E_AUTH},
            {RD_KAFKA_RESP_ERR__AUTHENTICATION, TOC_E_AUTH},
            {RD_KAFKA_RESP_ERR__SSL, TOC_E_AUTH},
            {RD_KAFKA_RESP_ERR__TIMED_OUT, TOC_E_TIMEOUT},
            {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, TOC_E_TIMEOUT},
            {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, TOC_E_TIMEOUT},
            {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, TOC_E_TIMEOUT},
            {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, TOC_E_TIMEOUT},
            {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, TOC_E_NOTFOUND},
            {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, TOC_E_NOTFOUND},
            {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, TOC_E_NOTFOUND},
            {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, TOC_E_NOTFOUND},
            {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, TOC_E_NOTFOUND},
            {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, TOC_E_EXISTS},
            {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, TOC_E_LENGTH},
            {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, TOC_E_LENGTH},
            {RD_KAFKA_RESP_ERR_INVALID_CONFIG, TOC_E_USAGE},
            {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, TOC_E_REFUSED},
            {RD_KAFKA_RESP_ERR__QUEUE_FULL, TOC_E_BUSY},
            {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, TOC_E_BUSY},
            {RD_KAFKA_RESP_ERR__INVALID_ARG, TOC_E_USAGE},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].error == error)
            return codes[i].code;
    return TOC_E_KAFKA;
}

toc_rc toc_bus_fail(struct toc_err *err, enum toc_fate fate, rd_kafka_resp_err_t error,
        struct toc_bus_act act, const char *detail)
{
    enum toc_code code = toc_bus_code(error);
    if (code == TOC_E_OK) // a failure without a number
        code = TOC_E_KAFKA;
    if (code == TOC_E_AUTH && act.right != NULL && error != RD_KAFKA_RESP_ERR__SSL)
        return toc_fail_fate(err, fate, code,
                "%s: not allowed; the operator must grant %s to this certificate", act.what,
                act.right);

    const char *text = rd_kafka_err2str(error);
    if (detail == NULL || *detail == '\0')
        return toc_fail_fate(err, fate, code, "%s: %s", act.what, text);
    // A time-out by itself tells nobody what to do: the trouble behind it comes first.
    char shown[TOC_BUS_DETAIL_BYTES_MAX];
    toc_text_show(shown, sizeof shown, toc_slice_of(detail));
    return toc_fail_fate(err, fate, code, "%s: %s (%s)", act.what, shown, text);
}
