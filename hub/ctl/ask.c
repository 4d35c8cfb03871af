#include "hub/ctl/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/json.h"

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define TIMEOUT_MS 30000

static toc_rc dial(const char *path, int *out, struct toc_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    TOC_ENSURE(strlen(path) < sizeof address.sun_path, err, TOC_E_USAGE, "socket path of %zu bytes", strlen(path));
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    TOC_ENSURE(fd >= 0, err, TOC_E_IO, "socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int why = errno;
        close(fd);
        return toc_fail(err, TOC_E_NOTFOUND, "no hub listens on %s: %s", path, strerror(why));
    }
    *out = fd;
    return TOC_OK;
}

static toc_rc read_answer(int fd, struct toc_buf *out, struct toc_err *err)
{
    while (out->len == 0 || out->ptr[out->len - 1] != '\n') {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        TOC_ENSURE(poll(&p, 1, TIMEOUT_MS) > 0, err, TOC_E_TIMEOUT, "the hub does not answer");
        uint8_t *at = toc_buf_reserve(out, 65536);
        TOC_ENSURE(at != NULL, err, TOC_E_LENGTH, "the hub's answer is too long");
        ssize_t n = read(fd, at, 65536);
        TOC_ENSURE(n > 0, err, TOC_E_IO, "the hub hung up");
        out->len += (size_t)n;
    }
    return TOC_OK;
}

// jansson limits of toc_json_parse are for foreign text; a status of many members is our own.
static toc_rc parse_answer(struct toc_slice text, json_t **out, struct toc_err *err)
{
    json_error_t why;
    json_t *answer = json_loadb((const char *)text.ptr, text.len, 0, &why);
    TOC_ENSURE(answer != NULL, err, TOC_E_SYNTAX, "the hub's answer is no JSON: %s", why.text);
    const char *error = json_string_value(json_object_get(answer, "error"));
    toc_rc rc = error == NULL ? TOC_OK : toc_fail(err, TOC_E_REFUSED, "the hub says: %s", error);
    if (toc_failed(rc))
        json_decref(answer);
    else
        *out = answer;
    return rc;
}

toc_rc ask_socket(const char *path, const char *question, json_t **out, struct toc_err *err)
{
    int fd = -1;
    struct toc_buf text;
    TOC_TRY(dial(path, &fd, err));
    toc_buf_init(&text, ANSWER_BYTES_MAX);
    toc_buf_put_text(&text, question);
    toc_buf_put_byte(&text, '\n');
    toc_rc rc = TOC_OK;
    if (send(fd, text.ptr, text.len, MSG_NOSIGNAL) != (ssize_t)text.len)
        rc = toc_fail(err, TOC_E_IO, "the hub on %s does not listen", path);
    toc_buf_clear(&text);
    if (!toc_failed(rc))
        rc = read_answer(fd, &text, err);
    if (!toc_failed(rc))
        rc = parse_answer(toc_buf_slice(&text), out, err);
    toc_buf_done(&text);
    close(fd);
    return rc;
}

toc_rc ask_status(struct ctl *ctl, json_t **out, size_t *out_hubs, struct toc_err *err)
{
    TOC_ENSURE(ctl->conf.hub_sockets.count > 0, err, TOC_E_USAGE, "operator.conf names no hub_sockets");
    json_t *all = json_array();
    TOC_ENSURE(all != NULL, err, TOC_E_MEMORY, "out of memory");
    *out_hubs = 0;
    for (size_t i = 0; i < ctl->conf.hub_sockets.count; i++) {
        json_t *one;
        toc_rc rc = ask_socket(ctl->conf.hub_sockets.items[i], "{\"ask\":\"status\"}", &one, err);
        if (rc.code == TOC_E_NOTFOUND)
            continue;
        if (toc_failed(rc)) {
            json_decref(all);
            return rc;
        }
        ++*out_hubs;
        json_array_extend(all, one);
        json_decref(one);
    }
    *out = all;
    return TOC_OK;
}

toc_rc ask_explain(struct ctl *ctl, const char *kind, struct toc_slice value, json_t **out, struct toc_err *err)
{
    struct toc_buf question;
    struct toc_jw w;
    toc_buf_init(&question, 8192);
    toc_jw_init(&w, &question);
    toc_jw_open(&w, '{');
    toc_jw_key(&w, "ask");
    toc_jw_text(&w, TOC_S("explain"));
    toc_jw_key(&w, "kind");
    toc_jw_text(&w, toc_slice_of(kind));
    toc_jw_key(&w, "value");
    toc_jw_text(&w, value);
    toc_jw_close(&w, '}');
    toc_rc rc = toc_fail(err, TOC_E_NOTFOUND, "no hub on this machine owns that value's partition");
    const char *text = toc_buf_cstr(&question);
    for (size_t i = 0; text != NULL && i < ctl->conf.hub_sockets.count; i++) {
        rc = ask_socket(ctl->conf.hub_sockets.items[i], text, out, err);
        if (rc.code == TOC_E_NOTFOUND)
            continue;
        if (toc_failed(rc) || json_object_get(*out, "elsewhere") == NULL)
            break;
        long long partition = (long long)json_integer_value(json_object_get(*out, "elsewhere"));
        json_decref(*out);
        rc = toc_fail(err, TOC_E_NOTFOUND, "partition %lld is with a hub elsewhere: ask on its machine", partition);
    }
    toc_buf_done(&question);
    return rc;
}
