#include "lib/bus/group_meta.h"

#include <string.h>

// Text up to NUL at *pos, which moves behind it; false when there is no NUL.
static bool take_text(struct toc_slice bytes, size_t *pos, struct toc_slice *out)
{
    struct toc_slice rest = toc_slice_sub(bytes, *pos, bytes.len);
    size_t len = toc_slice_find(rest, 0);
    if (len == rest.len)
        return false;
    *out = toc_slice_sub(rest, 0, len);
    *pos += len + 1;
    return true;
}

toc_rc toc_group_meta_parse(struct toc_slice bytes, struct toc_group_meta *out, struct toc_err *err)
{
    const struct toc_slice magic = TOC_S("CGMDv2:");
    struct toc_group_meta meta = {0};
    size_t pos = magic.len;

    TOC_ENSURE(toc_slice_starts(bytes, magic), err, TOC_E_SYNTAX,
            "group metadata of %zu bytes in a form that is not known", bytes.len);
    TOC_ENSURE(bytes.len - pos >= sizeof meta.generation, err, TOC_E_TRUNCATED,
            "group metadata of %zu bytes", bytes.len);
    memcpy(&meta.generation, bytes.ptr + pos, sizeof meta.generation);
    pos += sizeof meta.generation;

    bool whole = take_text(bytes, &pos, &meta.group) && take_text(bytes, &pos, &meta.member) &&
                 pos < bytes.len;
    if (whole && bytes.ptr[pos++] == 0)
        whole = take_text(bytes, &pos, &meta.instance);
    TOC_ENSURE(whole && pos == bytes.len, err, TOC_E_TRUNCATED, "group metadata of %zu bytes",
            bytes.len);
    *out = meta;
    return TOC_OK;
}

toc_rc toc_group_meta_check(const struct toc_group_meta *meta, struct toc_err *err)
{
    if (meta->generation >= 0 && meta->member.len > 0 && meta->instance.len > 0)
        return TOC_OK;
    return toc_fail_fate(err, TOC_FATE_ABORT_TXN, TOC_E_REFUSED,
            "offsets not committed: no member of the group at this moment (generation %d)",
            meta->generation);
}
