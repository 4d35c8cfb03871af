#!/usr/bin/env bash
# Who may connect where, and as whom: asked with kcat, a client that shares no line with ours. Members reach their own
# port only and can never become admin or hub, whatever their certificate says.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pki=$TOC_KAFKA_PKI
topic=${TOC_PREFIX}topic
failures=0

client() { # CERTIFICATE [kcat option]...; CERTIFICATE is a file name without ending, "" = none
    local certificate=$1
    shift
    local options=(-X security.protocol=ssl -X "ssl.ca.location=$pki/hub-ca.pem")
    [ -z "$certificate" ] || options+=(-X "ssl.certificate.location=$certificate.crt" -X "ssl.key.location=$certificate.key")
    timeout 20 kcat "${options[@]}" "$@"
}

# A certificate of AUTHORITY with any subject.
certificate() { # NAME AUTHORITY SUBJECT [openssl req option]...
    local name=$1 ca=$pki/$2 subject=$3
    shift 3
    openssl genpkey -quiet -algorithm ed25519 -out "$work/$name.key"
    openssl req -new -utf8 -key "$work/$name.key" -subj "$subject" "$@" |
        openssl x509 -req -CA "$ca.pem" -CAkey "$ca.key" -set_serial "0x$(openssl rand -hex 8)" -days 2 \
            -out "$work/$name.crt" 2>/dev/null
}

check() { # WHAT FILE-OF-OUTPUT MUST-SAY
    if grep -qE "$3" "$2"; then
        echo "ok: $1"
    else
        echo "FAILED: $1; wanted \"$3\", got:"
        cat "$2"
        failures=$((failures + 1))
    fi
}

# kcat repeats until its time is up; what counts is why, and that comes at once. So the refused ones run side by side.
refused=() reasons=()
refuse() { # WHAT CERTIFICATE ADDRESS WHY
    local out=$work/refused.${#refused[@]}
    (client "$2" -b "$3" -L -m 2 >"$out" 2>&1 && echo "it was served" >"$out") &
    refused+=("$1")
    reasons+=("$4")
}

"$(dirname "$0")/../support/pki.sh" "$pki" st-marys admin-by-member
certificate upper hub-ca /CN=ADMIN
certificate more hub-ca /O=x/CN=admin
certificate multi hub-ca /O=x+CN=admin -multivalue-rdn
certificate inner member-ca "/O=CN=admin/CN=zzz"
certificate comma member-ca "/CN=a,CN=admin"
certificate long member-ca "/CN=$(printf 'a%.0s' {1..64})"
certificate admin member-ca /CN=admin
certificate hub member-ca /CN=hub
certificate prefixed member-ca /CN=m.st-marys

no_certificate='alert bad certificate|alert certificate required'
# A newer OpenSSL sends no certificate at all when the broker does not name its issuer.
wrong_authority='alert certificate (unknown|required)|alert unknown ca'
no_principal='Disconnected while requesting ApiVersion'
refuse "no certificate, hub's port" "" "$TOC_KAFKA" "$no_certificate"
refuse "no certificate, members' port" "" "$TOC_KAFKA_MEMBER" "$no_certificate"
refuse "certificate of nobody's authority, hub's port" "$pki/stranger" "$TOC_KAFKA" "$wrong_authority"
refuse "certificate of nobody's authority, members' port" "$pki/stranger" "$TOC_KAFKA_MEMBER" "$wrong_authority"
refuse "member on the hub's port" "$pki/st-marys" "$TOC_KAFKA" "$wrong_authority"
refuse "member named admin on the hub's port" "$work/admin" "$TOC_KAFKA" "$wrong_authority"
refuse "operator on the members' port" "$pki/admin" "$TOC_KAFKA_MEMBER" "$wrong_authority"
refuse "CN=ADMIN" "$work/upper" "$TOC_KAFKA" "$no_principal"
refuse "O=x, CN=admin" "$work/more" "$TOC_KAFKA" "$no_principal"
refuse "O=x+CN=admin" "$work/multi" "$TOC_KAFKA" "$no_principal"
refuse "a member's O=CN=admin" "$work/inner" "$TOC_KAFKA_MEMBER" "$no_principal"
refuse "a member's CN with a comma" "$work/comma" "$TOC_KAFKA_MEMBER" "$no_principal"
refuse "a name of 64 characters" "$work/long" "$TOC_KAFKA_MEMBER" "$no_principal"

openssl s_client -connect "$TOC_KAFKA_MEMBER" -tls1_2 -CAfile "$pki/hub-ca.pem" </dev/null >"$work/tls12" 2>&1 || true
check "TLS 1.2 is refused" "$work/tls12" 'alert protocol version'

# admin makes a topic by Kafka's own means and sees it; nobody else has a right to it yet.
# shellcheck source=../support/kafka.sh
. "$(dirname "$0")/../support/kafka.sh"
kafka_tool "$TOC_KAFKA_DIR" org.apache.kafka.tools.TopicCommand --create --topic "$topic"
client "$pki/admin" -b "$TOC_KAFKA" -L -t "$topic" >"$work/admin.out" 2>&1 || true
check "operator sees the topic" "$work/admin.out" "topic \"$topic\" with 1 partitions"
for name in "$pki/st-marys" "$work/admin" "$work/hub" "$work/prefixed"; do
    client "$name" -b "$TOC_KAFKA_MEMBER" -L -t "$topic" >"$work/member.out" 2>&1 || true
    check "member's certificate $(basename "$name") is served, without rights" "$work/member.out" \
        "topic \"$topic\" with 0 partitions.*(authorization failed|Unknown topic)"
done
client "$pki/hub" -b "$TOC_KAFKA" -L -t "$topic" >"$work/hub.out" 2>&1 || true
check "hub is no super user" "$work/hub.out" "topic \"$topic\" with 0 partitions.*(authorization failed|Unknown topic)"

# The principals' names, as the authorizer knows them: a right given to m.st-marys is st-marys's on the members' port,
# and m.admin is somebody else than admin.
kafka_tool "$TOC_KAFKA_DIR" org.apache.kafka.tools.AclCommand --add --allow-principal User:m.st-marys --operation Write \
    --topic "$topic" >/dev/null
# The broker answers that a right is given before its own authorizer has read it.
deadline=$((SECONDS + 20))
until echo one | client "$pki/st-marys" -b "$TOC_KAFKA_MEMBER" -P -t "$topic" >"$work/write" 2>&1 && echo written >>"$work/write"; do
    [ $SECONDS -lt $deadline ] || break
done
check "m.st-marys may write" "$work/write" '^written$'
echo two | client "$work/admin" -b "$TOC_KAFKA_MEMBER" -P -t "$topic" >"$work/write" 2>&1 || true
check "m.admin may not" "$work/write" 'Topic authorization failed|authorization'
client "$pki/admin" -b "$TOC_KAFKA" -C -t "$topic" -o beginning -e -q >"$work/read" 2>&1 || true
check "admin reads what was written" "$work/read" '^one$'
[ "$(cat "$work/read")" = one ] || { echo "FAILED: more was written than may be"; failures=$((failures + 1)); }

wait
for i in "${!refused[@]}"; do
    check "refused: ${refused[i]}" "$work/refused.$i" "${reasons[i]}"
done
[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
