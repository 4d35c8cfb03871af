"""Kafka's protocol spoken by hand, for tests that must know exactly what the broker answers, and that send what no
client would: one TLS connection with one certificate, one request at a time, error codes as they come. Old versions of
each request (those Kafka 4 still takes), so that nothing is compact or tagged. https://kafka.apache.org/protocol"""

import socket
import ssl
import struct
import time

NONE = 0
# Names of the codes that tests look for.
ERRORS = {0: "none", 3: "unknown topic", 10: "too large", 29: "topic", 30: "group", 31: "cluster", 53: "transactional id",
          87: "invalid record", 76: "unsupported codec"}
READ = 3  # of ACLs


def name_of(code):
    return ERRORS.get(code, "error %d" % code)


def text(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value)) + value.encode()


def array(items):
    return struct.pack(">i", len(items)) + b"".join(items)


def varint(value):
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


CRC_TABLE = []
for _byte in range(256):
    for _ in range(8):
        _byte = (_byte >> 1) ^ (0x82F63B78 if _byte & 1 else 0)
    CRC_TABLE.append(_byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def record(at, value, key=None, headers=()):
    body = b"\0" + varint(0) + varint(at)
    for part in (key, value):
        body += varint(-1) if part is None else varint(len(part)) + part
    body += varint(len(headers))
    for name, content in headers:
        body += varint(len(name)) + name + varint(len(content)) + content
    return varint(len(body)) + body


def batch(records, count=None, attributes=0, magic=2, producer=(-1, -1, -1)):
    """A record batch; `records` are finished records or, with a codec in `attributes`, their packed bytes."""
    joined = records if isinstance(records, bytes) else b"".join(records)
    count = len(records) if count is None else count
    now = int(time.time() * 1000)
    body = struct.pack(">hiqqqhii", attributes, count - 1, now, now, *producer, count) + joined
    return struct.pack(">qiibI", 0, len(body) + 9, -1, magic, crc32c(body)) + body


class Answer:
    """Reads what came back."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def num(self, form):
        size = struct.calcsize(form)
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += size
        return value

    def text(self):
        size = self.num("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def bytes(self):
        size = self.num("i")
        if size < 0:
            return b""
        self.at += size
        return self.data[self.at - size:self.at]

    def array(self, read):
        return [read() for _ in range(max(0, self.num("i")))]


class Connection:
    def __init__(self, address, ca, certificate, key, seconds=30):
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(certificate, key)
        host, port = address.rsplit(":", 1)
        self.socket = context.wrap_socket(socket.create_connection((host, int(port)), seconds), server_hostname=host)
        self.last = 0

    def close(self):
        self.socket.close()

    def exactly(self, size):
        out = b""
        while len(out) < size:
            some = self.socket.recv(size - len(out))
            if not some:
                raise ConnectionError("the broker closed the connection")
            out += some
        return out

    def ask(self, api, version, body):
        self.last += 1
        request = struct.pack(">hhi", api, version, self.last) + text("raw") + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        answer = Answer(self.exactly(struct.unpack(">i", self.exactly(4))[0]))
        assert answer.num("i") == self.last
        return answer

    # ---- requests; each gives error codes

    def metadata(self, topics=None):
        """{topic: (error, partitions)}; of all topics one may see when none is named."""
        wanted = struct.pack(">i", -1) if topics is None else array([text(t) for t in topics])
        answer = self.ask(3, 4, wanted + b"\0")
        answer.num("i")
        answer.array(lambda: (answer.num("i"), answer.text(), answer.num("i"), answer.text()))
        answer.text(), answer.num("i")

        def partition():
            out = answer.num("h"), answer.num("i")
            answer.num("i")
            answer.array(lambda: answer.num("i")), answer.array(lambda: answer.num("i"))
            return out

        def topic():
            error, name, _ = answer.num("h"), answer.text(), answer.num("b")
            return name, (error, len(answer.array(partition)))
        return dict(answer.array(topic))

    def produce(self, topic, partition, batches, transactional_id=None, acks=-1):
        """(error, offset of the first record)"""
        data = b"".join(batches) if isinstance(batches, list) else batches
        part = struct.pack(">ii", partition, len(data)) + data
        body = text(transactional_id) + struct.pack(">hi", acks, 30000)
        answer = self.ask(0, 3, body + array([text(topic) + array([part])]))
        answer.num("i"), answer.text(), answer.num("i"), answer.num("i")
        return answer.num("h"), answer.num("q")

    def send(self, topic, partition, values):
        """One batch of plain records without key: the offset of the first one."""
        error, offset = self.produce(topic, partition, batch([record(i, v) for i, v in enumerate(values)]))
        if error:
            raise PermissionError("%s: %s" % (topic, name_of(error)))
        return offset

    def fetch(self, topic, partition=0, offset=0, isolation=0):
        """(error, bytes)"""
        part = struct.pack(">iqi", partition, offset, 1 << 20)
        body = struct.pack(">iiiib", -1, 100, 1, 1 << 20, isolation) + array([text(topic) + array([part])])
        answer = self.ask(1, 4, body)
        answer.num("i"), answer.num("i"), answer.text(), answer.num("i"), answer.num("i")
        error = answer.num("h")
        answer.num("q"), answer.num("q")
        answer.array(lambda: (answer.num("q"), answer.num("q")))
        return error, answer.bytes()

    def end(self, topic, partition=0, committed=False):
        """(error, offset): the high watermark, or the last stable offset."""
        body = struct.pack(">ib", -1, committed) + array([text(topic) + array([struct.pack(">iq", partition, -1)])])
        answer = self.ask(2, 2, body)
        answer.num("i"), answer.num("i"), answer.text(), answer.num("i"), answer.num("i")
        error = answer.num("h")
        answer.num("q")
        return error, answer.num("q")

    def committed(self, group, topic, partitions):
        """Offsets the group has committed, by partition."""
        wanted = text(topic) + array([struct.pack(">i", p) for p in partitions])
        answer = self.ask(9, 1, text(group) + array([wanted]))
        answer.num("i"), answer.text()
        return dict(answer.array(lambda: (answer.num("i"), (answer.num("q"), answer.text(), answer.num("h"))[0])))

    def create_topic(self, name):
        answer = self.ask(19, 2, array([text(name) + struct.pack(">ih", 1, 1) + array([]) + array([])]) +
                          struct.pack(">ib", 10000, 0))
        answer.num("i"), answer.num("i"), answer.text()
        return answer.num("h")

    def delete_topic(self, name):
        answer = self.ask(20, 1, array([text(name)]) + struct.pack(">i", 10000))
        answer.num("i"), answer.num("i"), answer.text()
        return answer.num("h")

    def delete_records(self, topic, partition=0):
        part = array([struct.pack(">iq", partition, -1)])
        answer = self.ask(21, 0, array([text(topic) + part]) + struct.pack(">i", 10000))
        answer.num("i"), answer.num("i"), answer.text(), answer.num("i"), answer.num("i"), answer.num("q")
        return answer.num("h")

    def alter_topic(self, topic, name, value):
        answer = self.ask(33, 0, array([struct.pack(">b", 2) + text(topic) + array([text(name) + text(value)])]) + b"\0")
        answer.num("i"), answer.num("i")
        return answer.num("h")

    def create_acl(self, principal, topic, operation):
        entry = struct.pack(">b", 2) + text(topic) + b"\3" + text(principal) + text("*") + struct.pack(">bb", operation, 3)
        answer = self.ask(30, 1, array([entry]))
        answer.num("i"), answer.num("i")
        return answer.num("h")

    def describe_acls(self):
        answer = self.ask(29, 1, b"\1" + text(None) + b"\1" + text(None) + text(None) + b"\1\1")
        answer.num("i")
        return answer.num("h")

    def find_coordinator(self, key, kind):
        """kind 0: of a group, 1: of a transactional id"""
        answer = self.ask(10, 1, text(key) + struct.pack(">b", kind))
        answer.num("i")
        return answer.num("h")

    def init_producer(self, transactional_id):
        answer = self.ask(22, 0, text(transactional_id) + struct.pack(">i", 10000))
        answer.num("i")
        return answer.num("h"), answer.num("q"), answer.num("h")
