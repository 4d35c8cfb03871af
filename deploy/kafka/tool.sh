#!/usr/bin/env bash
# tool.sh --jars DIR --keystore FILE --ca FILE CLASS ARGUMENT...: runs one of Kafka's own command-line tools with the
# checked class path, as the principal of the key store (PEM: key and certificate), trusting the authority FILE.
#   tool.sh ... org.apache.kafka.tools.AclCommand --bootstrap-server 127.0.0.1:19092 --list
# A java takes about a second to start, so put several things into one call where the tool allows it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
jars='' keystore='' ca=''
while [[ ${1:-} == --* ]] && [ $# -ge 2 ]; do
    case $1 in
    --jars) jars=$2 ;;
    --keystore) keystore=$(realpath "$2") ;;
    --ca) ca=$(realpath "$2") ;;
    *) break ;;
    esac
    shift 2
done
if [ $# = 0 ] || [[ $1 == --* ]] || [ -z "$jars" ] || [ -z "$keystore" ] || [ -z "$ca" ]; then
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
fi

client_settings() {
    printf '%s\n' security.protocol=SSL ssl.keystore.type=PEM "ssl.keystore.location=$keystore" \
        ssl.truststore.type=PEM "ssl.truststore.location=$ca"
}

class_path=$("$here/verify.sh" "$jars")
exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="$here/log4j2-tool.properties" \
    -cp "$class_path" "$@" --command-config <(client_settings)
