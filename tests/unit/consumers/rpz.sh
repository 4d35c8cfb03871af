#!/usr/bin/env bash
# rpz.sh SINK_FILE: what the rpz sink writes is loaded by a real BIND, which then answers as it should. Names and
# addresses are answered from zones on this machine; the server's root is an empty zone of its own, so nothing is asked
# outside.
set -euo pipefail

sink_file=$1
dir=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    rm -rf "$dir"
}
trap finish EXIT

fail() {
    echo "rpz.sh: $*" >&2
    [ ! -e "$dir/named.log" ] || grep -v 'automatic empty zone' "$dir/named.log" | tail -n 40 >&2
    exit 1
}

# ---- the zone, and named-checkzone

write_zone() {
    "$sink_file" rpz "$dir/policy.zone" <<'END'
domain evil.example.com
domain xn--bcher-kva.example.net
domain a_b.example.net
domain _dmarc.example.net
ipv4 185.220.101.7
cidr 185.221.0.0/24
ipv6 2a0b:f4c2::7
ipv6 2a0b:0:0:1:0:0:1:7
ipv6 2a0b:0:1:2:3:4:5:6
cidr 2a0c:1::/48
cidr 2a0d::/32
url https://evil.example.org/x
allow domain portal.example.org
allow ipv4 185.221.0.9
END
}
write_zone
named-checkzone -i none policy.test "$dir/policy.zone" >"$dir/checkzone" || fail "named-checkzone: $(cat "$dir/checkzone")"
# A long zone name still leaves room: the longest name the sink takes.
long=$(printf 'a%.0s' $(seq 59)).$(printf 'b%.0s' $(seq 60)).$(printf 'c%.0s' $(seq 62)).com
[ ${#long} = 187 ] || fail "the long name has ${#long} characters"
echo "domain $long" | "$sink_file" rpz "$dir/long.zone"
named-checkzone -i none "$(printf 'z%.0s' $(seq 58)).test" "$dir/long.zone" >"$dir/checkzone" ||
    fail "long names: $(cat "$dir/checkzone")"
grep -q '^a' "$dir/long.zone" || fail "the long name was left out"

# ---- a resolver with it

cat >"$dir/root.zone" <<'END'
$TTL 60
@ IN SOA localhost. root.localhost. 1 60 60 60 60
@ IN NS ns
ns IN A 127.0.0.1
END
zone() { # NAME RECORD...: an ordinary zone of this machine
    local name=$1
    shift
    { cat "$dir/root.zone"; printf '%s\n' "$@"; } >"$dir/$name.zone"
    printf 'zone "%s" { type primary; file "%s"; };\n' "$name" "$dir/$name.zone"
}
zones=$(
    zone example.com 'good A 198.51.100.1' 'evil A 198.51.100.2' 'www.evil A 198.51.100.3' 'devil A 198.51.100.4' \
        'onlisted A 185.220.101.7' 'beside A 185.220.101.8' 'innet A 185.221.0.77' 'allowedaddress A 185.221.0.9' \
        'six AAAA 2a0b:f4c2::7' 'sixbeside AAAA 2a0b:f4c2::8' 'sixruns AAAA 2a0b:0:0:1:0:0:1:7' \
        'sixfull AAAA 2a0b:0:1:2:3:4:5:6' 'sixnet AAAA 2a0c:1::99' 'sixwide AAAA 2a0d:0:ffff::1'
    zone example.net 'a_b A 198.51.100.5' 'xn--bcher-kva A 198.51.100.6' '_dmarc TXT x'
    zone example.org 'portal A 185.220.101.7' 'www.portal A 185.220.101.7' 'evil A 198.51.100.7'
)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$dir/named.conf" <<END
options {
    directory "$dir"; pid-file "$dir/named.pid"; session-keyfile "$dir/session.key";
    listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; };
    allow-query { 127.0.0.1; }; recursion yes; dnssec-validation no; notify no; check-names primary ignore;
    response-policy { zone "policy.test" policy given; } qname-wait-recurse no min-update-interval 0;
};
controls { };
zone "." { type primary; file "$dir/root.zone"; };
zone "policy.test" { type primary; file "$dir/policy.zone"; };
$zones
END
: >"$dir/named.log"
named -g -c "$dir/named.conf" >"$dir/named.log" 2>&1 &
server=$!

ask() { # NAME TYPE -> status, then the answers
    dig +time=2 +tries=1 @127.0.0.1 -p "$port" "$1" "$2" +noall +comments +answer |
        awk '/status:/ { sub(/.*status: /, ""); sub(/,.*/, ""); print } /IN[\t ]/ { print $NF }' | xargs
}
wait_until() { # WHAT COMMAND...: at most 20 s
    local what=$1 end=$((SECONDS + 20))
    shift
    until "$@"; do
        kill -0 "$server" 2>/dev/null || fail "named has ended"
        [ $SECONDS -lt $end ] || fail "$what: not within 20 s"
        python3 -c 'import select; select.select([], [], [], 0.05)'
    done
}
answers() { [ "$(ask "$1" "$2" 2>/dev/null)" = "$3" ]; }
wait_until "all zones are loaded" grep -q 'all zones loaded' "$dir/named.log"
grep -q 'zone ./IN: loaded' "$dir/named.log" || fail "the root is not ours: the server could ask outside"
wait_until "named answers" answers good.example.com A 'NOERROR 198.51.100.1'

check() { # NAME TYPE WANT
    local got
    got=$(ask "$1" "$2")
    [ "$got" = "$3" ] || fail "$1 $2: $got, not $3"
}
check evil.example.com A NXDOMAIN
check www.evil.example.com A NXDOMAIN
check devil.example.com A 'NOERROR 198.51.100.4'
check a_b.example.net A NXDOMAIN
check xn--bcher-kva.example.net A NXDOMAIN
check _dmarc.example.net TXT NXDOMAIN
check onlisted.example.com A NXDOMAIN
check beside.example.com A 'NOERROR 185.220.101.8'
check innet.example.com A NXDOMAIN
check six.example.com AAAA NXDOMAIN
check sixbeside.example.com AAAA 'NOERROR 2a0b:f4c2::8'
check sixruns.example.com AAAA NXDOMAIN
check sixfull.example.com AAAA NXDOMAIN
check sixnet.example.com AAAA NXDOMAIN
check sixwide.example.com AAAA NXDOMAIN
# What the member allows passes, also when it lies on a listed address, and a listed network around it.
check portal.example.org A 'NOERROR 185.220.101.7'
check www.portal.example.org A 'NOERROR 185.220.101.7'
check allowedaddress.example.com A 'NOERROR 185.221.0.9'
check evil.example.org A 'NOERROR 198.51.100.7' # a URL on it is no reason to block the host
if grep -iE 'rpz.*(error|invalid|warning)|not canonical|bad owner' "$dir/named.log"; then
    fail "named complains about the zone"
fi

# ---- a change arrives: the serial grows, so a reload takes it

"$sink_file" rpz "$dir/policy.zone" <<'END'
domain devil.example.com
END
kill -HUP "$server"
wait_until "the new zone is served" answers devil.example.com A NXDOMAIN
check evil.example.com A 'NOERROR 198.51.100.2' # withdrawn: resolves again
echo "rpz.sh: BIND answers as the zone says"
