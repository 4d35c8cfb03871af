// How Tocsin's own outputs are known again, so that what came from a hub is never fed back to it as
// evidence (read.echo). The sinks write these marks, the readers look for them; both take them here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/indicator/key.h"

#define TOC_IDENTITY_NAME "Tocsin"

// First line of every list, CSV and RPZ output, behind its comment character ('#' or ';') and a blank.
#define TOC_IDENTITY_MARK "Tocsin output"

// The tag, and the beginning of every tag, that only a hub may give.
#define TOC_IDENTITY_TAG "tocsin:"

// STIX ids are UUIDv5 (RFC 4122 section 4.3) in a namespace of our own,
// 5cd8ebea-ddf0-5525-9bbd-c296f706ce78, which is the UUIDv5 of "tocsin.invalid" in the DNS namespace:
// equal in every deployment, so one hub knows another's.
#define TOC_IDENTITY_STIX "identity--d44a4061-fd79-5c04-9836-208c82b82ef4" // of the name "identity"

#define TOC_STIX_ID_MAX 80 // type "--" UUID, NUL

// The STIX id a hub gives to its object of this type about an indicator: UUIDv5 of the key's 32 hex
// digits, an underscore and the type. Cuts nothing: type is one of STIX's own ("indicator", "sighting").
void toc_identity_stix_id(
        const char *type, const uint8_t key[TOC_KEY_BYTES], char out[TOC_STIX_ID_MAX]);

// True if `origin` is the id a hub gives to an object about just this indicator.
bool toc_identity_minted(struct toc_slice origin, const uint8_t key[TOC_KEY_BYTES]);

// True if a comment's text (without the comment character) is the mark.
bool toc_identity_marks(struct toc_slice comment);

// True for a tag only a hub may give.
bool toc_identity_tags(struct toc_slice tag);
