#include "lib/indicator/identity.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/digest.h"

#define UUID_BYTES 38 // with the "--" before it

static const uint8_t namespace_bytes[16] = {0x5c, 0xd8, 0xeb, 0xea, 0xdd, 0xf0, 0x55, 0x25, 0x9b,
        0xbd, 0xc2, 0x96, 0xf7, 0x06, 0xce, 0x78};

void toc_identity_stix_id(
        const char *type, const uint8_t key[TOC_KEY_BYTES], char out[TOC_STIX_ID_MAX])
{
    char hex[TOC_KEY_HEX];
    uint8_t name[sizeof namespace_bytes + TOC_STIX_ID_MAX], u[20];
    toc_key_hex(key, hex);
    memcpy(name, namespace_bytes, sizeof namespace_bytes);
    int len = snprintf((char *)name + sizeof namespace_bytes, TOC_STIX_ID_MAX, "%s_%s", hex, type);
    toc_sha1(name, sizeof namespace_bytes + (size_t)len, u);
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x50); // version 5
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80); // variant of RFC 4122
    snprintf(out, TOC_STIX_ID_MAX,
            "%s--%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", type, u[0],
            u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
            u[15]);
}

bool toc_identity_minted(struct toc_slice origin, const uint8_t key[TOC_KEY_BYTES])
{
    char type[TOC_STIX_ID_MAX - TOC_KEY_HEX], id[TOC_STIX_ID_MAX];
    if (origin.len <= UUID_BYTES || origin.len - UUID_BYTES >= sizeof type)
        return false;
    size_t len = origin.len - UUID_BYTES;
    memcpy(type, origin.ptr, len);
    type[len] = '\0';
    toc_identity_stix_id(type, key, id);
    return toc_slice_is(origin, id);
}

bool toc_identity_marks(struct toc_slice comment)
{
    return toc_slice_starts(toc_slice_trim(comment), TOC_S(TOC_IDENTITY_MARK));
}

bool toc_identity_tags(struct toc_slice tag)
{
    return toc_slice_starts(tag, TOC_S(TOC_IDENTITY_TAG));
}
