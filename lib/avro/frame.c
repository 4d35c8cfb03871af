#include "lib/avro/frame.h"

#include "lib/base/rd.h"

#define CRC64_EMPTY UINT64_C(0xc15d213aa4d7a795) // the polynomial, and the value of no bytes

toc_rc toc_frame_open(
        struct toc_slice framed, uint64_t *fingerprint, struct toc_slice *body, struct toc_err *err)
{
    struct toc_rd rd = toc_rd_over(framed);
    uint64_t marker = toc_rd_be(&rd, 2);
    uint64_t print = toc_rd_le(&rd, 8);
    TOC_ENSURE(toc_rd_ok(&rd) && marker == 0xc301, err, TOC_E_SCHEMA,
            "%zu bytes without the header of Avro single-object encoding", framed.len);
    *fingerprint = print;
    *body = toc_slice_sub(framed, TOC_FRAME_BYTES, framed.len);
    return TOC_OK;
}

void toc_frame_put(struct toc_buf *out, uint64_t fingerprint)
{
    uint8_t header[TOC_FRAME_BYTES] = {0xc3, 0x01};
    for (unsigned i = 0; i < 8; i++)
        header[2 + i] = (uint8_t)(fingerprint >> (8 * i));
    toc_buf_put(out, header, sizeof header);
}

// Bit by bit: schemas are fingerprinted when they are built, never per record.
uint64_t toc_avro_fingerprint(struct toc_slice canonical)
{
    uint64_t crc = CRC64_EMPTY;
    for (size_t i = 0; i < canonical.len; i++) {
        crc ^= canonical.ptr[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? CRC64_EMPTY : 0);
    }
    return crc;
}
