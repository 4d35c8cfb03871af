"""consume.py BROKERS CA CERTIFICATE KEY TOPIC PARTITIONS [DAYS]: schemas/CONSUMING.md in under 80 lines. Prints the picture
when it is whole: one live indicator a line (kind, value, advice), then "whole". With DAYS its clock then jumps, as if the
machine had slept: at the next record it must begin anew if that was over five days, and else go on and print what is left."""

import os
import sys
import time

import avro_plain
from kafka import KafkaConsumer, TopicPartition

SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas")
CODECS = {avro_plain.fingerprint(s): avro_plain.Codec(s)
          for s in (avro_plain.load(SCHEMAS, stem) for stem in ("indicator", "head"))}
FIVE_DAYS = 5 * 86400


def decode(value):
    if value[:2] != b"\xc3\x01" or value[2:10] not in CODECS:
        raise ValueError("not a record of these schemas: update them")
    return CODECS[value[2:10]].decode(value[10:])


class Picture:
    def __init__(self):
        self.live, self.heads, self.had = {}, {}, {}

    def take(self, record):
        if record.offset <= self.had.get(record.partition, -1):
            return
        self.had[record.partition] = record.offset
        if record.key == b"head":
            self.heads[record.partition] = decode(record.value)["stream_time"]
            return
        indicator = None if record.value is None else decode(record.value)
        if indicator and indicator["now"]["status"] in ("active", "disputed"):
            self.live[record.key] = indicator
        else:
            self.live.pop(record.key, None)

    def show(self):
        for row in sorted((i["kind"], i["value"], i["now"]["advice"]) for i in self.live.values()):
            print(*row)
        print("whole", flush=True)


def read_whole(consumer, parts):
    """From the beginning to the ends as they are now, and until every partition has shown a head."""
    picture, ends = Picture(), consumer.end_offsets(parts)
    consumer.seek_to_beginning(*parts)
    while len(picture.heads) < len(parts) or any(consumer.position(p) < ends[p] for p in parts):
        for record in (r for records in consumer.poll(timeout_ms=200).values() for r in records):
            picture.take(record)
    return picture


def next_records(consumer):
    while True:
        records = [r for records in consumer.poll(timeout_ms=200).values() for r in records]
        if records:
            return records


brokers, ca, certificate, key, topic, partitions = sys.argv[1:7]
consumer = KafkaConsumer(bootstrap_servers=brokers, security_protocol="SSL", ssl_cafile=ca, ssl_certfile=certificate,
                         ssl_keyfile=key, isolation_level="read_committed", group_id=None, enable_auto_commit=False)
parts = [TopicPartition(topic, p) for p in range(int(partitions))]
consumer.assign(parts)
picture = read_whole(consumer, parts)
picture.show()
if len(sys.argv) > 7:
    heard, jump = time.time(), float(sys.argv[7]) * 86400
    records = next_records(consumer)
    if time.time() + jump - heard > FIVE_DAYS:
        print("anew")
        picture = read_whole(consumer, parts)
    for record in records:
        picture.take(record)
    picture.show()
