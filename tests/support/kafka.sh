# shellcheck shell=bash
# Real brokers for tests, to be sourced by bash scripts (set -euo pipefail). A broker started here ends with the process
# that $kafka_guardian names (default: the script itself), however that process ends.
#
#   kafka_start DIR [option of broker.sh]...   starts a broker in DIR on free ports, with its test PKI in DIR/pki;
#                                              the second time in the same DIR: the same PKI, other ports
#   kafka_stop DIR
#   kafka_tool DIR CLASS ARGUMENT...           one of Kafka's own tools, as admin
#   DIR/env                                    what a test needs to know, as shell assignments:
#     TOC_KAFKA          127.0.0.1:PORT for operator and hub
#     TOC_KAFKA_MEMBER   127.0.0.1:PORT for members
#     TOC_KAFKA_PKI      keys and certificates (tests/support/pki.sh DIR NAME adds members)
#     TOC_KAFKA_DIR      DIR itself; the broker's words are in DIR/log/broker.log

kafka_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
kafka_guardian=${kafka_guardian:-$$}

# Three ports the kernel has free now, outside the range it gives to outgoing connections.
kafka_free_ports() {
    python3 - <<'END'
import random
import socket

held = []
while len(held) < 3:
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", random.randrange(20000, 32000)))
        held.append(one)
    except OSError:
        one.close()
print(",".join(str(one.getsockname()[1]) for one in held))
END
}

kafka_start() {
    local dir=$1 jars ports hub_port member_port
    shift
    jars=$("$kafka_root/deploy/kafka/fetch.sh")
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    "$kafka_root/tests/support/pki.sh" "$dir/pki"
    (
        # From the choice of the ports until the broker holds them, no other test run may choose.
        flock 6
        ports=$(kafka_free_ports)
        "$kafka_root/deploy/kafka/broker.sh" start --dir "$dir" --jars "$jars" --ports "$ports" \
            --keystore "$dir/pki/broker.pem" --hub-ca "$dir/pki/hub-ca.pem" --member-ca "$dir/pki/member-ca.pem" \
            --while "$kafka_guardian" "$@" 6>&-
    ) 6>"${TMPDIR:-/tmp}/tocsin-test-ports.$(id -u)"
    IFS=, read -r hub_port member_port < <(sed -n 's/^advertised.listeners=SSL:\/\/\(.*\),MEMBER:\/\/\(.*\)/\1,\2/p' \
        "$dir/server.properties")
    {
        printf 'export TOC_KAFKA=%q TOC_KAFKA_MEMBER=%q\n' "$hub_port" "$member_port"
        printf 'export TOC_KAFKA_PKI=%q TOC_KAFKA_DIR=%q\n' "$dir/pki" "$dir"
    } >"$dir/env"
}

kafka_stop() {
    "$kafka_root/deploy/kafka/broker.sh" stop --dir "$1"
}

kafka_tool() {
    local dir=$1 jars
    shift
    jars=$("$kafka_root/deploy/kafka/fetch.sh")
    (
        # shellcheck disable=SC1091 # written by kafka_start
        . "$dir/env"
        "$kafka_root/deploy/kafka/tool.sh" --jars "$jars" --keystore "$dir/pki/admin.pem" --ca "$dir/pki/hub-ca.pem" \
            "$@" --bootstrap-server "$TOC_KAFKA"
    )
}
