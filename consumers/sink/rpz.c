// A response policy zone (draft-vixie-dnsop-dns-rpz-00): a resolver answers NXDOMAIN for the names in
// it, for all names below them, and for every answer that holds a listed address. Owner names are
// relative, so the zone may have any name of up to ZONE_BYTES_MAX bytes. What the member allows stands
// in front as rpz-passthru, so that a listed address does not take an allowed name with it.
#include "consumers/sink/sink.h"

#include "lib/base/text.h"
#include "lib/indicator/address.h"
#include "lib/indicator/limits.h"

#define ZONE_BYTES_MAX 63 // of the zone's own name, with its dots
#define TTL "60"
#define TRIGGER_BYTES_MAX 64

static const char nxdomain[] = "CNAME .";
static const char passthru[] = "CNAME rpz-passthru.";

// ---- addresses ----

// Section 4.1.1: "prefixlength.B4.B3.B2.B1.rpz-ip", lowest byte first.
static void put_ipv4(const struct toc_network *net, struct toc_buf *out)
{
    const uint8_t *a = net->address;
    toc_buf_printf(out, "%u.%u.%u.%u.%u.rpz-ip", net->prefix, a[3], a[2], a[1], a[0]);
}

// The same section for IPv6: "prefixlength.W8.W7.W6.W5.W4.W3.W2.W1.rpz-ip"; the longest run of zero
// words is written "zz". Of two equal runs it is the one written last: BIND warns about the other.
static void put_ipv6(const struct toc_network *net, struct toc_buf *out)
{
    unsigned words[8];
    size_t zeros = 0, zeros_at = 8;
    for (size_t i = 0; i < 8; i++)
        words[i] = (unsigned)net->address[14 - 2 * i] << 8 | net->address[15 - 2 * i];
    for (size_t i = 0; i < 8; i++) {
        size_t n = 0;
        while (i + n < 8 && words[i + n] == 0)
            n++;
        if (n > 0 && n >= zeros) {
            zeros = n;
            zeros_at = i;
        }
    }
    toc_buf_printf(out, "%u", net->prefix);
    for (size_t i = 0; i < 8; i++) {
        if (zeros > 1 && i == zeros_at) {
            toc_buf_put_text(out, ".zz");
            i += zeros - 1;
        } else {
            toc_buf_printf(out, ".%x", words[i]);
        }
    }
    toc_buf_put_text(out, ".rpz-ip");
}

static void put_network(const struct toc_network *net, const char *action, struct toc_buf *out)
{
    if (net->v6)
        put_ipv6(net, out);
    else
        put_ipv4(net, out);
    toc_buf_printf(out, " %s", action);
}

// ---- names ----

// Only what needs no escape in a zone file (RFC 1035 section 5.1) and is no trigger of another kind:
// "1.0.0.0.0.rpz-ip" as a name would mean all of IPv4 (tried with BIND, which takes it).
static bool is_plain_name(struct toc_slice name)
{
    size_t label = 0;
    if (name.len + strlen("*..") + ZONE_BYTES_MAX > TOC_DOMAIN_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (label == 0 && toc_slice_starts(toc_slice_sub(name, i, SIZE_MAX), TOC_S("rpz-")))
            return false;
        if (plain ? label == TOC_LABEL_BYTES_MAX : c != '.' || label == 0)
            return false;
        label = plain ? label + 1 : 0;
    }
    return label != 0;
}

static void put_name(struct toc_slice name, const char *action, struct toc_buf *out)
{
    toc_buf_put_slice(out, name);
    toc_buf_printf(out, " %s\n*.", action);
    toc_buf_put_slice(out, name);
    toc_buf_printf(out, " %s", action);
}

// ---- the sink ----

static bool put_rule(const struct toc_guard *value, const char *action, struct toc_buf *out)
{
    if (value->has_network)
        put_network(&value->network, action, out);
    else if (is_plain_name(value->name))
        put_name(value->name, action, out);
    else
        return false;
    return true;
}

static bool entry(const struct toc_sink_picture *picture, const struct toc_indicator *indicator,
        int64_t published_ms, struct toc_buf *out)
{
    struct toc_guard value = {.kind = indicator->kind};
    (void)picture;
    (void)published_ms;
    if (indicator->kind == TOC_KIND_DOMAIN)
        value.name = indicator->value;
    else if (indicator->kind == TOC_KIND_IPV4 || indicator->kind == TOC_KIND_IPV6 ||
             indicator->kind == TOC_KIND_CIDR)
        value.has_network = toc_network_of(indicator->kind, indicator->value, &value.network);
    // Of a URL, an endpoint or an e-mail address DNS sees the host only, and that is not the value.
    return put_rule(&value, nxdomain, out);
}

// The serial in the SOA line of our own header; false when there is none.
static bool serial_of(struct toc_slice file, uint32_t *out)
{
    static const char before[] = "@ IN SOA localhost. root.localhost. ";
    uint64_t n;
    for (size_t pos = 0; pos < file.len; pos++) {
        struct toc_slice line = toc_slice_sub(file, pos, SIZE_MAX);
        line.len = toc_slice_find(line, '\n');
        struct toc_slice rest = toc_slice_sub(line, strlen(before), SIZE_MAX);
        if (toc_slice_starts(line, toc_slice_of(before)) &&
                toc_parse_u64(toc_slice_sub(rest, 0, toc_slice_find(rest, ' ')), UINT32_MAX, &n)) {
            *out = (uint32_t)n;
            return true;
        }
        pos += line.len;
    }
    return false;
}

// The clock's seconds, but always above the last (RFC 1982 section 3.2): else secondaries would keep
// the old zone after a clock went back.
static uint32_t serial_after(const struct toc_sink_page *page)
{
    uint32_t now = (uint32_t)(page->written_ms / 1000), last;
    if (serial_of(page->previous, &last) && (int32_t)(now - last) <= 0)
        return last + 1;
    return now;
}

static void header(const struct toc_sink_page *page, struct toc_buf *out)
{
    toc_sink_comment(page, "; ", "response policy zone: NXDOMAIN for what is listed", out);
    toc_buf_printf(out,
            "$TTL " TTL "\n@ IN SOA localhost. root.localhost. %lu 60 60 86400 " TTL "\n"
            "@ IN NS localhost.\n",
            (unsigned long)serial_after(page));
    for (size_t i = 0; i < page->allowed_count; i++) {
        const struct toc_guard *allowed = &page->allowed[i];
        if (put_rule(allowed, passthru, out))
            toc_buf_put_byte(out, '\n');
    }
}

static const char *entry_end(const struct toc_sink_page *page)
{
    (void)page;
    return "\n";
}

const struct toc_sink toc_sink_rpz = {
        .name = "rpz",
        .takes = TOC_SINK_TAKES_BLOCK,
        .entry = entry,
        .header = header,
        .entry_end = entry_end,
};
