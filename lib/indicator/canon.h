// Canonical forms: what every indicator's value looks like before it gets a key. The rules stand in
// schemas/CANONICAL.md. Three laws hold and are tested: canonicalising twice changes nothing; what is
// accepted passes toc_canon_check; what passes the check is left as it is. Nothing is guessed: a value
// with two readings is refused with a code of schemas/refusals.tsv. Pure, any thread.
#pragma once

#include "lib/base/buf.h"
#include "lib/base/slice.h"
#include "lib/indicator/kind.h"

// What was changed beside spelling: bits of *notes. A reader tells the user.
enum toc_note {
    TOC_NOTE_USERINFO_REMOVED = 1 << 0, // url: user:password@ cut
    TOC_NOTE_FRAGMENT_REMOVED = 1 << 1, // url: #... cut
    TOC_NOTE_DEFAULT_PORT = 1 << 2,     // url: :80, :443, :21 cut where it is the scheme's own
    TOC_NOTE_IDN = 1 << 3,              // an international label became its A-label
    TOC_NOTE_SINGLE_ADDRESS = 1 << 4,   // a /32 or /128 became the address
    TOC_NOTE_SCHEME_ASSUMED = 1 << 5,   // http:// was put before it, as the feed's setting asks
};

// Appends the canonical value of `raw` to `out`, nothing when refused. *kind says what raw claims to
// be; it becomes narrower when the value is: a cidr of one address turns into ipv4 or ipv6. ASCII white
// space around the value is ignored; defanged spellings are the caller's business (toc_refang). Bits
// are added to *notes. A full `out` shows in toc_buf_check, not here.
enum toc_refusal toc_canon(
        enum toc_kind *kind, struct toc_slice raw, struct toc_buf *out, unsigned *notes);

// The hub's check that `value` is canonical: ASCII rules and tables in this source only, no libidn2,
// no allocation, below 100 ns for a domain or address. Any code but NONE means "not canonical".
enum toc_refusal toc_canon_check(enum toc_kind kind, struct toc_slice value);

enum toc_guess_flag {
    TOC_GUESS_ASSUME_SCHEME = 1 << 0, // host/path counts as http://host/path
};

// toc_canon for a bare value of a list: its form decides the kind (url, cidr, endpoint, ipv4, ipv6,
// hash by length, cve, email, domain: no value fits two). *kind is set only when accepted.
enum toc_refusal toc_canon_guess(struct toc_slice raw, enum toc_kind *kind, struct toc_buf *out,
        unsigned *notes, unsigned flags);

// toc_canon for a URL without scheme where the feed's setting says that it is one: http:// is put before
// it (note). Refused as canon.url.scheme are a value that has a scheme, one that begins with '/' and one
// with '@' before its first '/'.
enum toc_refusal toc_canon_assumed(struct toc_slice raw, struct toc_buf *out, unsigned *notes);

// The host inside a canonical value: of an endpoint, url or email its host (IPv6 without brackets), of
// a domain or address the value itself; empty for every other kind. Borrowed from `value`.
struct toc_slice toc_value_host(enum toc_kind kind, struct toc_slice value);

// True if `name` is `domain` or a name below it. Both canonical; nothing lies under an empty domain.
bool toc_domain_covers(struct toc_slice domain, struct toc_slice name);

// Kind of such a host: domain, ipv4 or ipv6; unknown when empty.
enum toc_kind toc_host_kind(struct toc_slice host);
