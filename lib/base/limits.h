// Maxima of lib/base, each with its reason. Nothing that comes from outside grows past one of
// these.
#pragma once

#define TOC_JSON_BYTES_MAX (1024 * 1024) // one JSON text handed to jansson: a STIX object, a line
#define TOC_JSON_DEPTH_MAX 32            // real STIX and MISP nest below 12
#define TOC_LINE_BYTES_MAX (1024 * 1024) // one line of a feed; longer ones are refused, not cut
#define TOC_TEXT_BYTES_MAX 4096          // one field of free text after toc_text_safe
#define TOC_CONFIG_BYTES_MAX (1024 * 1024)
#define TOC_KEY_FILE_BYTES_MAX (16 * 1024)
#define TOC_CERT_FILE_BYTES_MAX (256 * 1024) // a certificate with its chain
#define TOC_PATH_BYTES_MAX 4096
