#include "lib/indicator/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/compress.h"
#include "lib/base/digest.h"
#include "lib/base/key.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/indicator/audience.h"
#include "lib/indicator/limits.h"
#include "lib/indicator/segment.h"

#define DECISIONS_BYTES_MAX ((size_t)256 << 20)
#define UNPROVEN_MAX 1000 // decisions by keys nobody knows: they may still be granted, but not any number

enum about {
    ABOUT_KEY,
    ABOUT_MEMBER,
    ABOUT_INTEREST
};

// A decision as it came, with what is known of it.
struct page {
    struct toc_slice value; // owned
    struct toc_slice payload; // owned: framed Control
    uint8_t signer[TOC_KEY_ID_BYTES], deployment[16];
    enum about about;
    char id[TOC_ID_BYTES_MAX + 1]; // of the member or interest; a key's id in hex
    int64_t sequence;
    int64_t after; // highest sequence proven when it came: it must lie above
    bool proven; // by its signature
    bool over;   // to be dropped
    bool told;   // of an unproven one: complained of
    bool parsed; // an interest's expression was, and is in expr unless it is wrong
    struct toc_expr *expr;
};

struct toc_book {
    uint8_t genesis_digest[32];
    toc_book_complain_fn *complain;
    void *ctx;
    struct toc_zstd *zstd;
    struct toc_buf scratch;
    struct toc_arena genesis_arena, arena; // arena: what pages say, decoded anew by each settle
    struct toc_genesis *genesis;
    struct toc_slice genesis_payload; // owned
    struct page *pages; // by what they are about and sequence, since the last settle as they came
    size_t count, cap;
    int64_t last; // highest sequence proven
    struct toc_book_interest *interests;
    size_t interest_count, interest_cap;
};

static toc_rc no_memory(struct toc_err *err)
{
    return toc_fail_fate(err, TOC_FATE_FATAL, TOC_E_MEMORY, "out of memory for decisions");
}

static void complain(const struct toc_book *book, const char *what, const char *id, const char *why)
{
    char text[512];
    snprintf(text, sizeof text, "%s %s: %s", what, id, why);
    if (book->complain != NULL)
        book->complain(book->ctx, text);
}

toc_rc toc_book_new(const uint8_t genesis_digest[32], toc_book_complain_fn *fn, void *ctx, struct toc_book **out, struct toc_err *err)
{
    struct toc_book *book = toc_mem_alloc(1, sizeof *book);
    if (book == NULL)
        return no_memory(err);
    memcpy(book->genesis_digest, genesis_digest, sizeof book->genesis_digest);
    book->complain = fn;
    book->ctx = ctx;
    toc_buf_init(&book->scratch, TOC_SEGMENT_BYTES_MAX);
    toc_arena_init(&book->genesis_arena, DECISIONS_BYTES_MAX);
    toc_arena_init(&book->arena, DECISIONS_BYTES_MAX);
    book->zstd = toc_zstd_new();
    if (book->zstd == NULL) {
        toc_book_free(book);
        return no_memory(err);
    }
    *out = book;
    return TOC_OK;
}

static void page_done(struct page *page)
{
    toc_mem_free((void *)(uintptr_t)page->value.ptr);
    toc_mem_free((void *)(uintptr_t)page->payload.ptr);
    toc_expr_free(page->expr);
}

void toc_book_free(struct toc_book *book)
{
    if (book == NULL)
        return;
    for (size_t i = 0; i < book->count; i++)
        page_done(&book->pages[i]);
    toc_mem_free(book->pages);
    toc_mem_free(book->interests);
    toc_mem_free((void *)(uintptr_t)book->genesis_payload.ptr);
    toc_arena_done(&book->genesis_arena);
    toc_arena_done(&book->arena);
    toc_buf_done(&book->scratch);
    toc_zstd_free(book->zstd);
    toc_mem_free(book);
}

const struct toc_genesis *toc_book_genesis(const struct toc_book *book)
{
    return book->genesis;
}

const struct toc_book_interest *toc_book_interests(const struct toc_book *book, size_t *out_count)
{
    *out_count = book->interest_count;
    return book->interests;
}

// --- taking ------------------------------------------------------------------------------------------

// The Control inside; its texts are borrowed from *out_payload, which the caller frees. MEMORY, or it cannot be read.
static toc_rc open_control(struct toc_book *book, struct toc_slice value, struct toc_arena *arena,
        struct toc_signed_segment *envelope, struct toc_slice *out_payload, struct toc_control *out, struct toc_err *err)
{
    struct toc_slice payload;
    if (toc_signed_open(value, arena, envelope) != TOC_REFUSAL_NONE ||
            toc_signed_payload(envelope, book->zstd, &book->scratch, &payload) != TOC_REFUSAL_NONE)
        return toc_fail(err, TOC_E_SYNTAX, "no signed segment");
    *out_payload = toc_slice(toc_mem_dup(payload.ptr, payload.len), payload.len);
    if (out_payload->ptr == NULL)
        return no_memory(err);
    toc_rc rc = toc_control_get(*out_payload, arena, out, err);
    if (toc_failed(rc))
        toc_mem_free((void *)(uintptr_t)out_payload->ptr);
    return rc.code == TOC_E_MEMORY ? no_memory(err) : rc;
}

static toc_rc take_genesis(struct toc_book *book, struct toc_slice value, struct toc_err *err)
{
    struct toc_signed_segment envelope;
    struct toc_control control;
    struct toc_slice payload;
    toc_rc rc = open_control(book, value, &book->genesis_arena, &envelope, &payload, &control, err);
    if (rc.code == TOC_E_MEMORY)
        return rc;
    if (toc_failed(rc)) {
        complain(book, "decision", "genesis", "it cannot be read");
    } else if (control.genesis == NULL || toc_signed_by_root(value, envelope.key_id, control.genesis) != TOC_REFUSAL_NONE) {
        toc_mem_free((void *)(uintptr_t)payload.ptr);
        complain(book, "decision", "genesis", "it is not signed by its own root");
    } else {
        book->genesis = control.genesis;
        book->genesis_payload = payload;
    }
    return TOC_OK;
}

// What the decision is about; false: nothing of the book's.
static bool name_page(struct page *page, const struct toc_control *c)
{
    struct toc_slice id = c->member != NULL ? c->member->id : c->interest != NULL ? c->interest->id : TOC_S("");
    uint8_t key[TOC_KEY_ID_BYTES];
    if (c->key != NULL) {
        page->about = ABOUT_KEY;
        toc_key_id(c->key->public_key, key);
        toc_hex(page->id, key, sizeof key);
        return true;
    }
    if (!toc_id_valid(id))
        return false;
    page->about = c->member != NULL ? ABOUT_MEMBER : ABOUT_INTEREST;
    snprintf(page->id, sizeof page->id, "%.*s", TOC_SLICE_ARG(id));
    return true;
}

toc_rc toc_book_take(struct toc_book *book, struct toc_slice value, struct toc_err *err)
{
    uint8_t digest[TOC_SHA256_BYTES];
    struct toc_signed_segment envelope = {0};
    struct toc_control control = {0};
    struct page page = {.after = book->last};
    toc_sha256(value.ptr, value.len, digest);
    if (memcmp(digest, book->genesis_digest, sizeof digest) == 0)
        return book->genesis == NULL ? take_genesis(book, value, err) : TOC_OK;
    toc_arena_reset(&book->arena);
    book->interest_count = 0; // they borrow from the arena
    toc_rc rc = open_control(book, value, &book->arena, &envelope, &page.payload, &control, err);
    if (rc.code == TOC_E_MEMORY)
        return rc;
    if (toc_failed(rc)) {
        complain(book, "decision", "?", "it cannot be read");
        return TOC_OK;
    }
    page.value = toc_slice(toc_mem_dup(value.ptr, value.len), value.len);
    page.sequence = control.sequence;
    memcpy(page.signer, envelope.key_id, sizeof page.signer);
    memcpy(page.deployment, envelope.deployment, sizeof page.deployment);
    bool ours = name_page(&page, &control);
    if (!ours || page.value.ptr == NULL ||
            toc_mem_grow((void **)&book->pages, &book->cap, book->count + 1, sizeof page) != 0) {
        page_done(&page);
        return ours ? no_memory(err) : TOC_OK;
    }
    book->pages[book->count++] = page;
    return TOC_OK;
}

// --- judging -------------------------------------------------------------------------------------------

static toc_rc decode(struct toc_book *book, const struct page *page, struct toc_control *out, struct toc_err *err)
{
    return toc_failed(toc_control_get(page->payload, &book->arena, out, err)) ? no_memory(err) : TOC_OK;
}

static int compare_names(const struct page *a, const struct page *b)
{
    return a->about != b->about ? (a->about < b->about ? -1 : 1) : strcmp(a->id, b->id);
}

static int compare_pages(const void *a, const void *b)
{
    const struct page *x = a, *y = b;
    int c = compare_names(x, y);
    return c != 0 ? c : (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

// The page in force on a thing: after drop_old the only proven one.
static struct page *page_on(const struct toc_book *book, enum about about, const char *id)
{
    struct page wanted = {.about = about, .sequence = INT64_MIN};
    size_t low = 0, high = book->count;
    snprintf(wanted.id, sizeof wanted.id, "%s", id);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare_pages(&book->pages[mid], &wanted) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < book->count && compare_names(&book->pages[low], &wanted) == 0; low++)
        if (book->pages[low].proven)
            return &book->pages[low];
    return NULL;
}

// Signed by an operator's key that root granted, and had not revoked by then.
static toc_rc signed_by_operator(struct toc_book *book, const struct page *page, bool *out, struct toc_err *err)
{
    struct toc_control control;
    char id[2 * TOC_KEY_ID_BYTES + 1];
    toc_hex(id, page->signer, sizeof page->signer);
    const struct page *grant = page_on(book, ABOUT_KEY, id);
    *out = false;
    if (grant == NULL)
        return TOC_OK;
    TOC_TRY(decode(book, grant, &control, err));
    *out = control.key->role == TOC_KEY_ROLE_OPERATOR && (!control.key->revoked || page->sequence < grant->sequence) &&
            toc_signed_by(page->value, page->signer, control.key->public_key) == TOC_REFUSAL_NONE;
    return TOC_OK;
}

static toc_rc prove(struct toc_book *book, struct page *page, struct toc_err *err)
{
    bool good = toc_signed_by_root(page->value, page->signer, book->genesis) == TOC_REFUSAL_NONE;
    if (!good && page->about != ABOUT_KEY) // only root makes keys
        TOC_TRY(signed_by_operator(book, page, &good, err));
    if (!good)
        return TOC_OK;
    page->proven = true;
    page->over = page->sequence <= page->after ||
            memcmp(page->deployment, book->genesis->deployment, sizeof page->deployment) != 0;
    if (page->over)
        complain(book, "decision on", page->id, "it is an old one played again, or another deployment's");
    else if (page->sequence > book->last)
        book->last = page->sequence;
    return TOC_OK;
}

static toc_rc prove_all(struct toc_book *book, bool keys, struct toc_err *err)
{
    for (size_t i = 0; i < book->count; i++)
        if (!book->pages[i].proven && (book->pages[i].about == ABOUT_KEY) == keys)
            TOC_TRY(prove(book, &book->pages[i], err));
    return TOC_OK;
}

static void suspect(const struct toc_book *book, struct page *page, bool judged, size_t how_many)
{
    if (judged && !page->told)
        complain(book, "decision on", page->id, "it is signed by nobody who may decide that");
    page->told = page->told || judged;
    page->over = how_many > UNPROVEN_MAX;
}

// Of each thing the proven page of highest sequence stays. Unproven ones stay, too: their key may be granted
// yet; of too many the lowest sequences go.
static void drop_old(struct toc_book *book, bool last_pass)
{
    const struct page *better = NULL;
    size_t kept = 0, unproven = 0;
    for (size_t i = book->count; i > 0; i--) {
        struct page *page = &book->pages[i - 1];
        if (!page->proven)
            suspect(book, page, last_pass, ++unproven);
        else if (better != NULL && compare_names(better, page) == 0)
            page->over = true;
        else if (!page->over)
            better = page;
    }
    for (size_t i = 0; i < book->count; i++) {
        if (book->pages[i].over)
            page_done(&book->pages[i]);
        else
            book->pages[kept++] = book->pages[i];
    }
    book->count = kept;
}

// --- looking up --------------------------------------------------------------------------------------

static toc_rc look_up(struct toc_book *book, enum about about, struct toc_slice id, struct toc_control *out, struct toc_err *err)
{
    char name[TOC_ID_BYTES_MAX + 1];
    toc_control_init(out);
    if (!toc_id_valid(id))
        return TOC_OK;
    snprintf(name, sizeof name, "%.*s", TOC_SLICE_ARG(id));
    const struct page *page = page_on(book, about, name);
    return page == NULL ? TOC_OK : decode(book, page, out, err);
}

toc_rc toc_book_member(struct toc_book *book, struct toc_slice id, const struct toc_member **out, struct toc_err *err)
{
    struct toc_control control;
    TOC_TRY(look_up(book, ABOUT_MEMBER, id, &control, err));
    *out = control.member;
    return TOC_OK;
}

toc_rc toc_book_interest(struct toc_book *book, struct toc_slice id, const struct toc_interest **out, struct toc_err *err)
{
    struct toc_control control;
    TOC_TRY(look_up(book, ABOUT_INTEREST, id, &control, err));
    *out = control.interest;
    return TOC_OK;
}

// --- interests -----------------------------------------------------------------------------------------

static void parse(struct toc_book *book, struct page *page, struct toc_slice text)
{
    struct toc_err why;
    size_t column;
    page->parsed = true;
    if (toc_failed(toc_expr_parse(text, &page->expr, &column, &why)))
        complain(book, "interest", page->id, why.text);
}

// A suspended member's interest goes on: it cannot read it now, and must have missed nothing when it is
// restored. A revoked one's ends.
static toc_rc add_interest(struct toc_book *book, struct page *page, struct toc_err *err)
{
    struct toc_control control;
    TOC_TRY(decode(book, page, &control, err));
    const struct toc_member *whose;
    TOC_TRY(toc_book_member(book, control.interest->member, &whose, err));
    if (control.interest->removed || whose == NULL)
        return TOC_OK;
    int audience = toc_audience_of(book->genesis->audiences, book->genesis->audiences_count, whose);
    if (!page->parsed)
        parse(book, page, control.interest->expression);
    if (audience < 0 || page->expr == NULL || whose->status == TOC_MEMBER_STATUS_REVOKED)
        return TOC_OK;
    if (toc_mem_grow((void **)&book->interests, &book->interest_cap, book->interest_count + 1,
                sizeof *book->interests) != 0)
        return no_memory(err);
    book->interests[book->interest_count++] =
            (struct toc_book_interest){.id = control.interest->id, .audience = audience, .expr = page->expr};
    return TOC_OK;
}

static int by_id(const void *a, const void *b)
{
    return toc_slice_cmp(((const struct toc_book_interest *)a)->id, ((const struct toc_book_interest *)b)->id);
}

toc_rc toc_book_settle(struct toc_book *book, struct toc_err *err)
{
    toc_arena_reset(&book->arena);
    book->interest_count = 0;
    if (book->genesis == NULL)
        return TOC_OK;
    if (book->count > 1)
        qsort(book->pages, book->count, sizeof *book->pages, compare_pages);
    TOC_TRY(prove_all(book, true, err));
    drop_old(book, false);
    TOC_TRY(prove_all(book, false, err));
    drop_old(book, true);
    for (size_t i = 0; i < book->count; i++)
        if (book->pages[i].about == ABOUT_INTEREST && book->pages[i].proven)
            TOC_TRY(add_interest(book, &book->pages[i], err));
    if (book->interest_count > 1)
        qsort(book->interests, book->interest_count, sizeof *book->interests, by_id);
    return TOC_OK;
}
