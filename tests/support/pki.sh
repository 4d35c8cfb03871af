#!/usr/bin/env bash
# pki.sh DIR [MEMBER...]: keys and certificates for tests, into DIR; keeps what is there, so members can be added later.
#   hub-ca.pem member-ca.pem wrong-ca.pem   the two authorities of a deployment, and one that nobody trusts (.key beside)
#   NAME.key NAME.crt NAME.pem              private key, certificate, both in one file; 0600
#     broker (hub CA, subjectAltName localhost and 127.0.0.1, its .pem ends with the CA: Kafka's key store)
#     admin, hub (hub CA), each MEMBER (member CA, Ed25519), stranger (wrong CA)
# For tests only: no request is looked at, nothing is refused, the authorities' keys lie beside the certificates.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: pki.sh DIR [MEMBER...]" >&2; exit 2; }
umask 077
mkdir -p "$1"
cd "$1"
shift
days=60

new_key() { # NAME ALGORITHM; PKCS#8, the only form Kafka reads from PEM
    case $2 in
    ed25519) openssl genpkey -quiet -algorithm ed25519 -out "$1.key" ;;
    p256) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
    esac
}

authority() { # NAME
    [ -e "$1.pem" ] && return
    new_key "$1" p256
    openssl req -x509 -new -key "$1.key" -days $days -subj "/CN=TEST $1" -out "$1.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

certificate() { # NAME AUTHORITY ALGORITHM [EXTENSION]...
    local name=$1 ca=$2 algorithm=$3
    shift 3
    [ -e "$name.pem" ] && return
    new_key "$name" "$algorithm"
    openssl req -new -key "$name.key" -subj "/CN=$name" |
        openssl x509 -req -CA "$ca.pem" -CAkey "$ca.key" -set_serial "0x$(openssl rand -hex 8)" -days $days \
            -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "$@") \
            -out "$name.crt" 2>/dev/null
    cat "$name.key" "$name.crt" >"$name.pem"
}

authority hub-ca
authority member-ca
authority wrong-ca
if [ ! -e broker.pem ]; then
    certificate broker hub-ca p256 extendedKeyUsage=serverAuth,clientAuth subjectAltName=DNS:localhost,IP:127.0.0.1
    cat hub-ca.pem >>broker.pem
fi
certificate admin hub-ca p256 extendedKeyUsage=clientAuth
certificate hub hub-ca ed25519 extendedKeyUsage=clientAuth
certificate stranger wrong-ca ed25519 extendedKeyUsage=clientAuth
for member in "$@"; do
    certificate "$member" member-ca ed25519 extendedKeyUsage=clientAuth
done
