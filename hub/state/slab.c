#include "hub/state/slab.h"

#include <string.h>

#include "lib/base/mem.h"

// Under the address sanitizer a body that was freed, or what lies behind one, is out of bounds.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 // as gcc says it
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

#define PAGE_BYTES ((size_t)16 * 1024)
#define CHUNK_PAGES 64
#define WORDS 16

// At the start of each page. Giving a place back touches this alone: a body that goes is cold.
struct slab_page {
    struct slab_page *next, *prev;
    uint32_t place_bytes;
    uint16_t places, used;
    uint64_t free[WORDS]; // a bit a place
};
_Static_assert((PAGE_BYTES - sizeof(struct slab_page)) / SLAB_LEAST <= WORDS * 64, "a bit a place");

struct slab_chunk {
    struct slab_chunk *next; // pages follow, aligned
};

static unsigned class_of(uint32_t len)
{
    return len <= SLAB_LEAST ? 0 : (len - SLAB_LEAST + SLAB_STEP - 1) / SLAB_STEP;
}

static struct slab_page *page_of(uint8_t *body)
{
    return (struct slab_page *)(void *)(body - (uintptr_t)body % PAGE_BYTES);
}

// --- lists of pages ------------------------------------------------------------------------------

static void link_page(struct slab_page **list, struct slab_page *page)
{
    page->prev = NULL;
    page->next = *list;
    if (page->next != NULL)
        page->next->prev = page;
    *list = page;
}

static void unlink_page(struct slab_page **list, struct slab_page *page)
{
    if (page->prev != NULL)
        page->prev->next = page->next;
    else
        *list = page->next;
    if (page->next != NULL)
        page->next->prev = page->prev;
}

static bool add_chunk(struct slab *slab)
{
    uint8_t *memory = toc_mem_resize(NULL, (CHUNK_PAGES + 1) * PAGE_BYTES, 1);
    if (memory == NULL)
        return false;
    struct slab_chunk *chunk = (struct slab_chunk *)(void *)memory;
    chunk->next = slab->chunks;
    slab->chunks = chunk;
    uint8_t *page = memory + (PAGE_BYTES - (uintptr_t)memory % PAGE_BYTES);
    for (unsigned i = CHUNK_PAGES; i-- > 0;)
        link_page(&slab->empty, (struct slab_page *)(void *)(page + i * PAGE_BYTES));
    return true;
}

static void page_begin(struct slab_page *page, uint32_t place_bytes)
{
    *page = (struct slab_page){.place_bytes = place_bytes};
    page->places = (uint16_t)((PAGE_BYTES - sizeof *page) / place_bytes);
    for (unsigned i = 0; i < page->places; i++)
        page->free[i / 64] |= (uint64_t)1 << i % 64;
    ASAN_POISON_MEMORY_REGION(page + 1, PAGE_BYTES - sizeof *page);
}

static struct slab_page *page_for(struct slab *slab, unsigned class)
{
    if (slab->partial[class] != NULL)
        return slab->partial[class];
    if (slab->empty == NULL && !add_chunk(slab))
        return NULL;
    struct slab_page *page = slab->empty;
    unlink_page(&slab->empty, page);
    page_begin(page, SLAB_LEAST + class * SLAB_STEP);
    link_page(&slab->partial[class], page);
    slab->bytes += PAGE_BYTES;
    return page;
}

// --- bodies --------------------------------------------------------------------------------------

static uint8_t *take_place(struct slab_page *page, uint32_t len)
{
    unsigned word = 0;
    while (page->free[word] == 0)
        word++;
    unsigned place = word * 64 + (unsigned)__builtin_ctzll(page->free[word]);
    page->free[word] &= page->free[word] - 1;
    page->used++;
    uint8_t *body = (uint8_t *)(page + 1) + (size_t)place * page->place_bytes;
    ASAN_UNPOISON_MEMORY_REGION(body, len);
    return body;
}

uint8_t *slab_take(struct slab *slab, uint32_t len)
{
    if (len > SLAB_BYTES_MAX) {
        uint8_t *body = toc_mem_resize(NULL, len, 1);
        slab->bytes += body == NULL ? 0 : len;
        return body;
    }
    struct slab_page *page = page_for(slab, class_of(len));
    if (page == NULL)
        return NULL;
    uint8_t *body = take_place(page, len);
    if (page->used == page->places)
        unlink_page(&slab->partial[class_of(len)], page);
    return body;
}

uint8_t *slab_exchange(struct slab *slab, uint8_t *body, uint32_t len, uint32_t new_len)
{
    if (body != NULL && new_len <= SLAB_BYTES_MAX && class_of(len) == class_of(new_len)) {
        ASAN_POISON_MEMORY_REGION(body, len);
        ASAN_UNPOISON_MEMORY_REGION(body, new_len);
        return body;
    }
    uint8_t *fresh = slab_take(slab, new_len);
    if (fresh != NULL)
        slab_free(slab, body, len);
    return fresh;
}

void slab_free(struct slab *slab, uint8_t *body, uint32_t len)
{
    if (body == NULL)
        return;
    if (len > SLAB_BYTES_MAX) {
        slab->bytes -= len;
        toc_mem_free(body);
        return;
    }
    struct slab_page *page = page_of(body), **partial = &slab->partial[class_of(len)];
    if (page->used == page->places)
        link_page(partial, page);
    unsigned place = (unsigned)(body - (uint8_t *)(page + 1)) / page->place_bytes;
    page->free[place / 64] |= (uint64_t)1 << place % 64;
    ASAN_POISON_MEMORY_REGION(body, page->place_bytes);
    if (--page->used > 0)
        return;
    unlink_page(partial, page);
    link_page(&slab->empty, page);
    slab->bytes -= PAGE_BYTES;
}

void slab_done(struct slab *slab)
{
    for (struct slab_chunk *chunk = slab->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        ASAN_UNPOISON_MEMORY_REGION(chunk, (CHUNK_PAGES + 1) * PAGE_BYTES);
        toc_mem_free(chunk);
    }
    memset(slab, 0, sizeof *slab);
}
