// Any bytes as a URL through the guard: what the connector lets leave the hub takes without a word.
#include "lib/indicator/canon.h"
#include "lib/privacy/privacy.h"
#include "tests/fuzz/fuzz.h"

static struct toc_privacy *guard(unsigned flags)
{
    static const struct toc_slice names[] = {
            TOC_S_INIT("own.org"), TOC_S_INIT("8.20.30.0/24"), TOC_S_INIT("2a00:1234::/32")};
    static const struct toc_slice keys[] = {TOC_S_INIT("caseno")};
    const struct toc_privacy_rules rules = {names, 3, keys, 1, flags};
    struct toc_privacy *made = NULL;
    FUZZ_CHECK(!toc_failed(toc_privacy_new(&rules, &made, NULL)));
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_privacy *connector = guard(0), *hub = guard(TOC_PRIVACY_HUB);
    struct toc_arena arena;
    struct toc_buf value;
    struct toc_observation obs;
    struct toc_slice tag = toc_slice(data, size < 63 ? size : 63);
    enum toc_kind kind = TOC_KIND_URL;
    unsigned notes = 0;
    toc_arena_init(&arena, 1 << 16);
    toc_buf_init(&value, 4096);
    toc_observation_init(&obs);
    if (toc_canon(&kind, toc_slice(data, size), &value, &notes) == TOC_REFUSAL_NONE) {
        obs.kind = kind;
        obs.value = toc_buf_slice(&value);
        obs.description = toc_slice(data, size);
        obs.tags = &tag;
        obs.tags_count = 1;
        if (toc_privacy_check(connector, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes) ==
                TOC_REFUSAL_NONE) {
            FUZZ_CHECK(toc_canon_check(obs.kind, obs.value) == TOC_REFUSAL_NONE);
            FUZZ_CHECK(toc_privacy_check(hub, TOC_PRIVACY_DESCRIPTION, &obs, &arena, &notes) ==
                       TOC_REFUSAL_NONE);
            FUZZ_CHECK(notes == 0);
        }
    }
    toc_buf_done(&value);
    toc_arena_done(&arena);
    toc_privacy_free(connector);
    toc_privacy_free(hub);
    return 0;
}
