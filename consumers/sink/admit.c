#include "consumers/sink/admit.h"

#include "lib/base/limits.h"
#include "lib/indicator/canon.h"
#include "lib/indicator/special.h"

#define WIDEST_V4 16
#define WIDEST_V6 32

// ---- the floor: what nobody's mistake may ever block ----

struct floor_row {
    struct toc_guard guard;
    const char *why;
};

static const struct floor_row floor_rows[] = {
#define NAME(text, why)                                                                            \
    {                                                                                              \
        {.kind = TOC_KIND_DOMAIN, .value = TOC_S_INIT(text), .name = TOC_S_INIT(text)}, why        \
    }
#define V4(a, b, c, d, why)                                                                        \
    {                                                                                              \
        {.kind = TOC_KIND_IPV4, .has_network = true, .network = {{a, b, c, d}, 32, false}}, why    \
    }
#define V6(why, ...)                                                                               \
    {                                                                                              \
        {.kind = TOC_KIND_IPV6, .has_network = true, .network = {{__VA_ARGS__}, 128, true}}, why   \
    }
#define H(word) (word) >> 8, (word)&0xff

#define ROOT "a root server: without the root no name resolves"
        NAME("root-servers.net", ROOT),
        V4(198, 41, 0, 4, ROOT),
        V4(170, 247, 170, 2, ROOT),
        V4(192, 33, 4, 12, ROOT),
        V4(199, 7, 91, 13, ROOT),
        V4(192, 203, 230, 10, ROOT),
        V4(192, 5, 5, 241, ROOT),
        V4(192, 112, 36, 4, ROOT),
        V4(198, 97, 190, 53, ROOT),
        V4(192, 36, 148, 17, ROOT),
        V4(192, 58, 128, 30, ROOT),
        V4(193, 0, 14, 129, ROOT),
        V4(199, 7, 83, 42, ROOT),
        V4(202, 12, 27, 33, ROOT),
        V6(ROOT, H(0x2001), H(0x0503), H(0xba3e), [13] = 0x02, 0x00, 0x30),
        V6(ROOT, H(0x2801), H(0x01b8), H(0x0010), [15] = 0x0b),
        V6(ROOT, H(0x2001), H(0x0500), H(0x0002), [15] = 0x0c),
        V6(ROOT, H(0x2001), H(0x0500), H(0x002d), [15] = 0x0d),
        V6(ROOT, H(0x2001), H(0x0500), H(0x00a8), [15] = 0x0e),
        V6(ROOT, H(0x2001), H(0x0500), H(0x002f), [15] = 0x0f),
        V6(ROOT, H(0x2001), H(0x0500), H(0x0012), [14] = 0x0d, 0x0d),
        V6(ROOT, H(0x2001), H(0x0500), H(0x0001), [15] = 0x53),
        V6(ROOT, H(0x2001), H(0x07fe), [15] = 0x53),
        V6(ROOT, H(0x2001), H(0x0503), H(0x0c27), [13] = 0x02, 0x00, 0x30),
        V6(ROOT, H(0x2001), H(0x07fd), [15] = 0x01),
        V6(ROOT, H(0x2001), H(0x0500), H(0x009f), [15] = 0x42),
        V6(ROOT, H(0x2001), H(0x0dc3), [15] = 0x35),
        NAME("gtld-servers.net", "the servers of com and net"),

#define RESOLVER "a resolver that networks depend on"
        NAME("dns.google", RESOLVER),
        V4(8, 8, 8, 8, RESOLVER),
        V4(8, 8, 4, 4, RESOLVER),
        V6(RESOLVER, H(0x2001), H(0x4860), H(0x4860), [14] = 0x88, 0x88),
        V6(RESOLVER, H(0x2001), H(0x4860), H(0x4860), [14] = 0x88, 0x44),
        NAME("one.one.one.one", RESOLVER),
        NAME("cloudflare-dns.com", RESOLVER),
        V4(1, 1, 1, 1, RESOLVER),
        V4(1, 0, 0, 1, RESOLVER),
        V4(1, 1, 1, 2, RESOLVER),
        V4(1, 0, 0, 2, RESOLVER),
        V6(RESOLVER, H(0x2606), H(0x4700), H(0x4700), [14] = 0x11, 0x11),
        V6(RESOLVER, H(0x2606), H(0x4700), H(0x4700), [14] = 0x10, 0x01),
        NAME("dns.quad9.net", RESOLVER),
        V4(9, 9, 9, 9, RESOLVER),
        V4(149, 112, 112, 112, RESOLVER),
        V6(RESOLVER, H(0x2620), H(0x00fe), [15] = 0xfe),
        V6(RESOLVER, H(0x2620), H(0x00fe), [15] = 0x09),
        NAME("dns.opendns.com", RESOLVER),
        V4(208, 67, 222, 222, RESOLVER),
        V4(208, 67, 220, 220, RESOLVER),

#define UPDATES "updates of operating systems: without them every machine stays open"
        NAME("windowsupdate.com", UPDATES),
        NAME("windowsupdate.microsoft.com", UPDATES),
        NAME("update.microsoft.com", UPDATES),
        NAME("delivery.mp.microsoft.com", UPDATES),
        NAME("definitionupdates.microsoft.com", "virus definitions of Windows"),
        NAME("swscan.apple.com", UPDATES),
        NAME("swdist.apple.com", UPDATES),
        NAME("swcdn.apple.com", UPDATES),
        NAME("mesu.apple.com", UPDATES),
        NAME("gdmf.apple.com", UPDATES),
        NAME("updates.cdn-apple.com", UPDATES),
        NAME("debian.org", UPDATES),
        NAME("archive.ubuntu.com", UPDATES),
        NAME("security.ubuntu.com", UPDATES),
        NAME("cdn.redhat.com", UPDATES),
        NAME("updates.suse.com", UPDATES),
        NAME("update.googleapis.com", "updates of browsers and Android"),
        NAME("dl.google.com", "updates of browsers and Android"),

#define REVOCATION "tells which certificates are revoked: without it sign-in and signatures fail"
        NAME("ocsp.digicert.com", REVOCATION),
        NAME("crl3.digicert.com", REVOCATION),
        NAME("crl4.digicert.com", REVOCATION),
        NAME("ocsp.sectigo.com", REVOCATION),
        NAME("ocsp.globalsign.com", REVOCATION),
        NAME("ocsp.entrust.net", REVOCATION),
        NAME("lencr.org", REVOCATION),
        NAME("pki.goog", REVOCATION),

#define CLOCK "time: a wrong clock breaks every certificate and record"
        NAME("pool.ntp.org", CLOCK),
        NAME("time.nist.gov", CLOCK),
        NAME("time.windows.com", CLOCK),
        NAME("time.apple.com", CLOCK),
        NAME("time.google.com", CLOCK),

#define SIGN_IN "where staff sign in: blocked, nobody works"
        NAME("login.microsoftonline.com", SIGN_IN),
        NAME("login.microsoftonline.us", SIGN_IN),
        NAME("login.windows.net", SIGN_IN),
        NAME("accounts.google.com", SIGN_IN),
#undef NAME
#undef V4
#undef V6
#undef H
};

// ---- how a guard keeps a value out ----

struct toc_guard toc_guard_of(enum toc_kind kind, struct toc_slice value)
{
    struct toc_guard g = {.kind = kind, .value = value};
    struct toc_slice host = toc_value_host(kind, value);
    g.has_network = toc_network_of(kind, value, &g.network);
    if (toc_host_kind(host) == TOC_KIND_DOMAIN)
        g.name = host;
    return g;
}

bool toc_guard_read(struct toc_slice text, struct toc_arena *arena, struct toc_guard *out)
{
    enum toc_kind kind = TOC_KIND_UNKNOWN;
    struct toc_buf canonical;
    struct toc_slice kept = {0};
    unsigned notes = 0;
    toc_buf_init(&canonical, TOC_TEXT_BYTES_MAX);
    if (toc_canon_guess(text, &kind, &canonical, &notes, 0) == TOC_REFUSAL_NONE && !canonical.failed)
        kept = toc_arena_copy(arena, toc_buf_slice(&canonical));
    toc_buf_done(&canonical);
    if (kept.ptr != NULL)
        *out = toc_guard_of(kind, kept);
    return kept.ptr != NULL;
}

// Stands for a place, not for something at it: others can lie under it.
static bool is_place(const struct toc_guard *g)
{
    return g->kind == TOC_KIND_DOMAIN || g->kind == TOC_KIND_IPV4 || g->kind == TOC_KIND_IPV6 ||
           g->kind == TOC_KIND_CIDR;
}

static bool lies_under(const struct toc_guard *a, const struct toc_guard *place)
{
    if (!is_place(place))
        return false;
    if (a->has_network && place->has_network)
        return toc_network_covers(&place->network, &a->network);
    return toc_domain_covers(place->name, a->name);
}

static bool keeps_out(const struct toc_guard *g, const struct toc_guard *v)
{
    return (g->kind == v->kind && toc_slice_eq(g->value, v->value)) || lies_under(v, g) ||
           lies_under(g, v);
}

static bool any_keeps_out(
        const struct toc_guard *guards, size_t count, const struct toc_guard *value)
{
    for (size_t i = 0; i < count; i++)
        if (keeps_out(&guards[i], value))
            return true;
    return false;
}

// ---- the rules ----

static bool is_public_suffix(const struct toc_psl *suffixes, struct toc_slice name)
{
    return name.len != 0 && toc_psl_suffix(suffixes, name, NULL).len == name.len;
}

static bool is_wide(const struct toc_guard *v)
{
    return v->has_network && v->network.prefix < (v->network.v6 ? WIDEST_V6 : WIDEST_V4);
}

static const char *floor_word(const struct toc_guard *value)
{
    for (size_t i = 0; i < sizeof floor_rows / sizeof *floor_rows; i++)
        if (keeps_out(&floor_rows[i].guard, value))
            return floor_rows[i].why;
    return NULL;
}

static enum toc_admit refuse(enum toc_admit verdict, const char *reason, const char **why)
{
    if (why != NULL)
        *why = reason;
    return verdict;
}

enum toc_admit toc_sink_admit(
        const struct toc_gate *gate, enum toc_kind kind, struct toc_slice value, const char **why)
{
    if (toc_canon_check(kind, value) != TOC_REFUSAL_NONE)
        return refuse(TOC_ADMIT_FORM, "not in canonical form", why);
    struct toc_guard v = toc_guard_of(kind, value);
    if (any_keeps_out(gate->allowed, gate->allowed_count, &v))
        return refuse(
                TOC_ADMIT_ALLOWED, "the allow file lets it, or something in it, through", why);
    if (any_keeps_out(gate->own, gate->own_count, &v))
        return refuse(TOC_ADMIT_OWN, "one of your own names or networks", why);
    if (is_public_suffix(gate->suffixes, v.name))
        return refuse(TOC_ADMIT_SUFFIX, "a public suffix: strangers have names under it", why);
    const char *word = NULL;
    if (toc_special_address(kind, value, &word))
        return refuse(TOC_ADMIT_SPECIAL, word, why);
    if (is_wide(&v))
        return refuse(TOC_ADMIT_WIDE, "a network wider than /16 (IPv4) or /32 (IPv6)", why);
    word = floor_word(&v);
    return word == NULL ? TOC_ADMITTED : refuse(TOC_ADMIT_FLOOR, word, why);
}

const char *toc_admit_name(enum toc_admit verdict)
{
    static const char *const names[TOC_ADMIT_COUNT] = {
            [TOC_ADMITTED] = "admitted",
            [TOC_ADMIT_ALLOWED] = "allowed",
            [TOC_ADMIT_OWN] = "own",
            [TOC_ADMIT_FORM] = "form",
            [TOC_ADMIT_SUFFIX] = "public-suffix",
            [TOC_ADMIT_SPECIAL] = "special",
            [TOC_ADMIT_WIDE] = "wide",
            [TOC_ADMIT_FLOOR] = "floor",
    };
    return verdict < TOC_ADMIT_COUNT ? names[verdict] : "unknown";
}
