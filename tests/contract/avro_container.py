"""Rows of an Avro object container file (Avro 1.11), codec null, by avro_plain; and zstd through the system's library."""

import ctypes
import ctypes.util

import avro_plain


def rows(path, codec):
    with open(path, "rb") as stream:
        data = stream.read()
    if data[:4] != b"Obj\x01":
        raise ValueError("no container")
    meta, data = {}, data[4:]
    while True:
        count, data = avro_plain.read_long(data)
        if count == 0:
            break
        for _ in range(count):
            length, data = avro_plain.read_long(data)
            name, data = avro_plain.take(data, length)
            length, data = avro_plain.read_long(data)
            meta[name.decode()], data = avro_plain.take(data, length)
    if meta.get("avro.codec", b"null") != b"null":
        raise ValueError("codec")
    sync, data = data[:16], data[16:]
    out = []
    while data:
        count, data = avro_plain.read_long(data)
        size, data = avro_plain.read_long(data)
        block, data = avro_plain.take(data, size)
        for _ in range(count):
            row, block = codec.read(codec.schema, block)
            out.append(row)
        if block or data[:16] != sync:
            raise ValueError("block")
        data = data[16:]
    return out


def unzstd(frame, raw_length):
    library = ctypes.CDLL(ctypes.util.find_library("zstd"))
    library.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(raw_length)
    got = library.ZSTD_decompress(out, ctypes.c_size_t(raw_length), frame, ctypes.c_size_t(len(frame)))
    if got != raw_length:
        raise ValueError("zstd")
    return out.raw
