#!/usr/bin/env bash
# One command from a clone to a running Tocsin: packages, build, Apache Kafka on loopback with mutual TLS, a deployment
# with one government source and three members, real feeds in, block lists out. deploy/README.md says what is where.
# shellcheck disable=SC2317 # traps call stop_all, finish and interrupted
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$root/quickstart
feeds=$root/deploy/quickstart/feeds

usage() {
    cat <<'END'
usage: deploy/quickstart.sh [--once] [--fresh] [--ports H,M,C] [--bin DIR]
Stays up until Ctrl-C; a second run keeps its data and takes seconds.
  --once         stop everything at the end; exit 0 only if nothing was lost on the way
  --fresh        start over: remove the data of earlier runs
  --ports H,M,C  ports on 127.0.0.1: operator and hub, members, Kafka's own (19092,19094,19093)
  --bin DIR      programs that are built already; without it they are built in build/release
END
}

once=false fresh=false ports='' bin=''
while [ $# -gt 0 ]; do
    case $1 in
    --once) once=true ;;
    --fresh) fresh=true ;;
    --ports)
        ports=${2:-}
        [[ $ports =~ ^[0-9]+,[0-9]+,[0-9]+$ ]] || { usage >&2; exit 2; }
        shift
        ;;
    --bin)
        [ -x "${2:-}/tocsin-hub" ] || { echo "quickstart: --bin wants a folder with tocsin-hub and the others" >&2; exit 2; }
        bin=$(cd "$2" && pwd)
        shift
        ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

built=${bin:+true}
bin=${bin:-$root/build/release/bin}
terminal=false
[ ! -t 1 ] || terminal=true

# --- saying what happens ---------------------------------------------------------------------------------

# step TEXT HINT: what is done from here on, and what to do if it fails.
step() {
    now=$1 hint=$2
    printf '[%3d s] %s\n' $SECONDS "$1"
}

# A line that the next one overwrites; on a terminal only.
progress() {
    ! $terminal || printf '\r\033[K        %s' "$*"
}
progress_end() {
    ! $terminal || printf '\r\033[K'
}

die() {
    progress_end
    echo "quickstart: $*" >&2
    now=''
    exit 1
}

# quiet LOG COMMAND...: its words go to the log, and to the terminal if it fails.
quiet() {
    local log=$dir/log/$1 rc=0
    shift
    "$@" >>"$log" 2>&1 || rc=$?
    if [ $rc != 0 ]; then
        progress_end
        tail -n 12 "$log" >&2
    fi
    return $rc
}

# Puts commas into the numbers of columns, each of which keeps its width.
group() {
    sed -E ':a; s/ ( +[0-9]+)([0-9]{3})\b/\1,\2/; ta'
}

ctl() { "$bin/tocsinctl" -c "$dir/operator/operator.conf" "$@"; }

# --- stopping ----------------------------------------------------------------------------------------------

pids=() claimed=false up=false
stop_all() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    "$root/deploy/kafka/broker.sh" stop --dir "$dir/kafka" >/dev/null 2>&1 || true
}

finish() {
    local rc=$?
    trap '' INT TERM HUP # the stop itself is not to be stopped half-way
    trap - EXIT
    progress_end
    if [ "$rc" != 0 ] && [ "$rc" != 130 ] && [ -n "$now" ]; then
        printf 'quickstart: failed at: %s\n  %s\n  then run deploy/quickstart.sh again: it goes on from here; --fresh starts over\n' \
            "$now" "$hint" >&2
    fi
    ! $claimed || stop_all
    exit "$rc"
}
trap finish EXIT

interrupted() {
    printf '\n'
    if $up; then
        echo "stopping; the data is kept: deploy/quickstart.sh goes on with it"
        exit 0
    fi
    echo "interrupted"
    exit 130
}
trap interrupted INT TERM HUP

# --- before anything is done ---------------------------------------------------------------------------------

# One quickstart of a clone at a time; its ports are free.
claim() {
    local port kept='' sock=$dir/hub/hub.sock
    [ ${#sock} -le 107 ] || die "the name of this folder is too long: a Unix socket takes 107 bytes, $sock has ${#sock}; clone to a shorter one"
    mkdir -p "$dir"
    chmod 700 "$dir"
    exec 8>"$dir/lock"
    flock -n 8 || die "it is running already in this folder: end it there (Ctrl-C) first"
    claimed=true
    # What a killed run left behind.
    "$root/deploy/kafka/broker.sh" stop --dir "$dir/kafka" >/dev/null 2>&1 || true
    if ! $fresh; then
        kept=$(cat "$dir/ports" 2>/dev/null) || kept=''
        [ -z "$kept" ] || [ -z "$ports" ] || [ "$ports" = "$kept" ] ||
            die "the kept data has ports $kept; other ones need --fresh"
    fi
    ports=${ports:-${kept:-19092,19094,19093}}
    for port in ${ports//,/ }; do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null ||
            die "port $port of 127.0.0.1 is taken by another program (ss -ltnp 'sport = :$port' names it); stop that, or take other ports:
  deploy/quickstart.sh --fresh --ports 29092,29094,29093"
    done
    IFS=, read -r hub_port member_port _ <<<"$ports"
}

start_over() {
    find "$dir" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf {} +
}

check_age() {
    local ca=$dir/operator/hub-ca.crt
    [ ! -e "$ca" ] || openssl x509 -checkend 3600 -noout -in "$ca" >/dev/null ||
        die "the certificates of the kept data have run out (they live 7 days): deploy/quickstart.sh --fresh"
}

# --- steps ---------------------------------------------------------------------------------------------------

# The generator's own count as progress.
build() {
    local line
    : >"$dir/log/build.log"
    quiet build.log cmake -S "$root" --preset release || return
    cmake --build "$root/build/release" --target tocsin-hub tocsinctl tocsin-publish tocsin-subscribe tocsin-replay 2>&1 |
        while IFS= read -r line; do
            printf '%s\n' "$line" >>"$dir/log/build.log"
            case $line in '['*/*']'*) progress "${line%%]*}]" ;; esac
        done || {
        progress_end
        tail -n 20 "$dir/log/build.log" >&2
        return 1
    }
    progress_end
}

start_broker() {
    "$root/deploy/kafka/broker.sh" start --dir "$dir/kafka" --jars "$jars" --keystore "$dir/operator/broker.pem" \
        --hub-ca "$dir/operator/hub-ca.crt" --member-ca "$dir/operator/member-ca.crt" --ports "$ports" --while $$ 8>&-
}

make_keys() {
    local op=$dir/operator
    [ -e "$op/operator.conf" ] || quiet ca.log "$bin/tocsinctl" ca --dir "$op" --quickstart
    cat >"$op/operator.conf" <<CONF
operator = "quickstart"; dir = "."; member_brokers = "127.0.0.1:$member_port"; replicas = 1; quickstart = true;
hub_sockets = [ "$dir/hub/hub.sock" ];
kafka = { brokers = "127.0.0.1:$hub_port"; ca = "hub-ca.crt"; certificate = "admin.crt"; key = "admin.key"; };
CONF
    echo "$ports" >"$dir/ports"
}

init_deployment() {
    : >"$dir/log/init.log"
    quiet init.log ctl init --name quickstart --partitions 4 --apply
    # librdkafka before 2.2 cannot grant transactional ids; Kafka's own tool can.
    if grep -q 'cannot grant transactional ids' "$dir/log/init.log"; then
        quiet acl.log "$root/deploy/kafka/tool.sh" --jars "$jars" --keystore "$dir/operator/broker.pem" \
            --ca "$dir/operator/hub-ca.crt" org.apache.kafka.tools.AclCommand --bootstrap-server "127.0.0.1:$hub_port" --add \
            --allow-principal User:hub --operation Write --operation Describe --transactional-id tocsin. \
            --resource-pattern-type prefixed
    fi
}

# admit ID ROLE CLEARANCE ATTRIBUTION FEED:MARKING[:TAG]...
admit() {
    local id=$1 role=$2 clearance=$3 attribution=$4 home=$dir/members/$1 feed name marking tag between=''
    shift 4
    [ ! -e "$home/member.conf" ] || return 0
    progress "$id, a $role cleared for $clearance"
    rm -rf "$home" # what an interrupted run left half-made
    quiet "enrol-$id.log" "$bin/tocsin-publish" enrol --name "$id" --out "$home.new"
    ctl member show "$id" >/dev/null 2>&1 && die "member $id was admitted by a run that was interrupted: deploy/quickstart.sh --fresh"
    quiet "admit-$id.log" ctl member admit --request "$home.new/request.json" --role "$role" --clearance "$clearance" \
        --no-probation --out "$home.new"
    {
        cat "$home.new/deployment.conf"
        echo "member = \"$id\"; state = \"state\"; signing_key = \"signing.key\";"
        echo "feeds = ("
        for feed in "$@"; do
            IFS=: read -r name marking tag <<<"$feed"
            printf '%s  { id = "%s"; marking = "TLP:%s"; tags = [%s]; attribution = "%s"; federal = "yes"; assume_scheme = true; }' \
                "$between" "$name" "$marking" "${tag:+ \"$tag\" }" "$attribution"
            between=$',\n'
        done
        printf '\n);\n'
    } >"$home.new/member.conf"
    mv "$home.new" "$home"
}

put_references_to_use() {
    local name type effect file
    while IFS=$'\t' read -r name type effect file; do
        case $name in '' | \#*) continue ;; esac
        progress "reference set $name ($effect)"
        quiet reference.log ctl reference use "$root/deploy/reference/$file" --name "$name" --type "$type" --effect "$effect"
    done <"$root/deploy/reference/sets.tsv"
}

start_hub() {
    local digest hub i
    digest=$(sed -n 's/^genesis_digest = "\(.*\)"$/\1/p' "$dir/log/init.log")
    mkdir -p "$dir/hub"
    cat >"$dir/hub/hub.conf" <<CONF
hub_id = "quickstart-1"; genesis_digest = "$digest"; workers = 2;
deployment_key = "../operator/deployment.key"; signing_key = "../operator/hub.signing.key";
http = { port = 0; };
kafka = { brokers = "127.0.0.1:$hub_port"; ca = "../operator/hub-ca.crt"; certificate = "../operator/hub.crt"; key = "../operator/hub.key"; };
CONF
    : >"$dir/log/hub.log"
    setpriv --pdeathsig TERM "$bin/tocsin-hub" -c "$dir/hub/hub.conf" >>"$dir/log/hub.log" 2>&1 8>&- &
    hub=$!
    pids+=("$hub")
    progress "reading its state back from Kafka"
    for ((i = 0; i < 1200; i++)); do
        http=$(sed -n 's/.* http on port \([0-9]*\).*/\1/p' "$dir/log/hub.log")
        [ -z "$http" ] || ! ready "$http" || return 0
        kill -0 "$hub" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 12 "$dir/log/hub.log" >&2
    return 1
}

# A health page without curl, which is no package we need.
ready() {
    local answer
    exec 9<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf 'GET /readyz HTTP/1.0\r\n\r\n' >&9
    read -r answer <&9 || true
    exec 9>&-
    case $answer in *' 200 '*) return 0 ;; *) return 1 ;; esac
}

# publish MEMBER FEED FILE...: one submission a file, a row each
publish() {
    local id=$1 feed=$2 file name refused expired rc
    shift 2
    for file in "$@"; do
        name=$(basename "$file")
        progress "$id $feed $name"
        rc=0
        "$bin/tocsin-publish" -c "$dir/members/$id/member.conf" --feed "$feed" --wait --rejects "$dir/out/rejects/$id-$name.txt" \
            "$file" >"$dir/work/told" 2>"$dir/work/complained" || rc=$?
        cat "$dir/work/told" "$dir/work/complained" >>"$dir/log/publish.log"
        progress_end
        refused=$(grep -vc '^#' "$dir/out/rejects/$id-$name.txt" || true)
        expired=$(sed -n 's/^ *\([0-9]*\)  note: older than its kind lives.*/\1/p' "$dir/work/complained")
        awk -v id="$id" -v feed="$feed" -v name="$name" -v refused="$refused" -v expired="$expired" '{ n[$1] = $2 }
            END { printf "        %-11s %-11s %-34s %9d %9d %9d %9d %9d\n", id, feed, name, refused, n["sent"], n["accepted"],
                  n["quarantined"], expired }' "$dir/work/told" | group
        case $rc in
        0) ;;
        3) grep -E '^(no receipt|the hub|ALARM)' "$dir/work/told" || true ;;
        *)
            cat "$dir/work/complained" >&2
            return 1
            ;;
        esac
    done
}

publish_all() {
    # ryuk.txt is the hospital's own case: for those cleared for AMBER.
    find "$feeds/maltrail" -name '*.txt' ! -name ryuk.txt | sort | xargs cat >"$dir/work/maltrail.txt"
    cat "$feeds"/maltrail/{akira,blackbasta,clop,lockbit,medusa,ransomhub,rhysida}.txt >"$dir/work/ransomware.txt"
    printf '        %-11s %-11s %-34s %9s %9s %9s %9s %9s\n' member feed file refused sent accepted quarant. expired
    publish gov-desk kev "$feeds/kev/known_exploited_vulnerabilities.csv"
    # Those of 2021 to 2023 are taken, but a claim of that age counts no more: the column "expired".
    publish gov-desk reports "$feeds"/unit42-stix/*.json "$feeds"/volexity-stix/*.json
    publish gov-desk stop-ransom "$dir/work/ransomware.txt"
    publish st-marys trails "$dir/work/maltrail.txt"
    publish st-marys incident "$feeds/maltrail/ryuk.txt"
    publish blue-river blacklists "$feeds"/ipsum/[2-8].txt
    publish two-docs covid "$feeds/covid19/newly_registered_domains-cut"
    # The same campaign seen by the clinic too: what two organisations say is blocked for everybody.
    publish two-docs seen "$feeds/ipsum/5.txt" "$feeds/maltrail/qakbot.txt"
}

wait_until_merged() {
    local i
    for ((i = 0; i < 600; i++)); do
        ctl status --json >"$dir/work/status.json" 2>"$dir/work/status.err" || true
        grep -q '"lag_records": 0,' "$dir/work/status.json" && return 0
        sleep 0.2
    done
    cat "$dir/work/status.err" >&2
    return 1
}

subscriber=(setpriv --pdeathsig TERM "$bin/tocsin-subscribe" -c "$dir/members/two-docs/member.conf" --interest clinic
    --sink list:"$dir/out/block.list" --sink rpz:"$dir/out/block.rpz" --sink csv:"$dir/out/indicators.csv"
    --sink jsonl:"$dir/out/indicators.jsonl" --sink stix:"$dir/out/indicators.stix.json")

# --- the screen ------------------------------------------------------------------------------------------------

interest='advice = block or tag = "ransomware"'

rejected() {
    awk -F'\t' '!/^#/ { n[$3]++; what[$3] = $5 } END { for (c in n) printf "%d\t%s\t%s\n", n[c], c, what[c] }' \
        "$dir"/out/rejects/*.txt | sort -rn |
        awk -F'\t' 'NR <= 5 { printf "  %12d  %-24s %s\n", $1, $2, $3 } NR > 5 { n += $1 }
            END { if (n > 0) printf "  %12d  for other reasons\n", n }' | group
}

quarantined() {
    ctl quarantine list >"$dir/work/quarantine.txt"
    grep -E '^ +[0-9]+ ' "$dir/work/quarantine.txt" | group || echo "       nothing"
}

# MEMBER CLEARANCE AUDIENCE: what it is told
told() {
    ctl picture --audience "$3" | sed 's/,//g' | awk -v id="$1" -v clearance="$2" -v audience="$3" '$1 == "all" {
        printf "  %-11s %-11s %-9s %12d %12d %12d %12d\n", id, clearance, audience, $2, $3, $4, $5; exit }' | group
}

# FILE WHAT-IT-IS-FOR
defence() {
    local entries
    entries=$(sed -n "s|.*/$1: \([0-9]*\) entries.*|\1|p" "$dir/log/subscribe.log" | tail -n 1)
    printf '  %12s  %-22s %6s  %s\n' "${entries:-0}" "$1" "$(stat -c %s "$dir/out/$1" | numfmt --to=iec)" "$2" | group
}

screen() {
    local one ctl_line='tocsinctl -c quickstart/operator/operator.conf' what
    one=$(sed -n '/^#/d; /[a-z]$/{p;q;}' "$dir/out/block.list")
    printf '\nSENT, AND WHAT BECAME OF IT\n'
    ctl status
    printf '\nKEPT BACK, AND WHY\nby the members'\'' own programs, before anything was sent (every line: quickstart/out/rejects/):\n'
    rejected
    printf 'by the hub (quarantine):\n'
    quarantined
    awk '/note: older than its kind lives/ { n += $1 } END { if (n > 0)
        printf "taken, and expired when they arrived (old reports):\n  %12d  older than their kind lives; nobody is told of them\n", n }' \
        "$dir/log/publish.log" | group
    printf '\nWHO IS TOLD HOW MUCH\n  %-11s %-11s %-9s %12s %12s %12s %12s\n' \
        member "cleared for" audience live block alert "no advice"
    told gov-desk AMBER federal
    told st-marys AMBER amber
    told two-docs GREEN green
    told blue-river CLEAR clear
    printf '\nBLOCKED, AND ON WHOSE WORD: what a two-doctor clinic cleared for GREEN is told\n'
    ctl picture --audience green
    printf '\nSTRONGEST CORRELATIONS (the rarer what they share, the heavier)\n'
    for what in registrable-domain network report relation; do
        ctl correlations --audience green --what $what --top 2 | sed '/none yet/d'
    done
    printf '\nDEFENCES in quickstart/out/, for the interest: %s\n' "$interest"
    defence block.list "what to block, one value a line: firewall, proxy, mail gateway"
    defence block.rpz "the same for a resolver: BIND, Unbound, Knot Resolver"
    defence indicators.csv "a row each with scores and reasons: spreadsheet, SIEM"
    defence indicators.jsonl "everything known of each: scripts"
    defence indicators.stix.json "a STIX 2.1 bundle: threat intelligence platforms"
    printf '\nTRY NEXT%s\n' "$($once && echo ' (after deploy/quickstart.sh without --once)' || echo ' in another terminal, in this folder')"
    cat <<NEXT
  export PATH=$bin:\$PATH
  why is it blocked, who says so, until when?
    $ctl_line explain ${one:-example.com}
  publish something, and hear what became of it:
    echo 'hxxp://bad[.]example[.]com/login' | tocsin-publish -c quickstart/members/st-marys/member.conf --feed trails --wait -
  the clinic knows better: one leaves block.list for a day, within seconds
    tocsin-subscribe -c quickstart/members/two-docs/member.conf allow ${one:-example.com} --for 24h --why "our supplier"
  is anything wrong? what does a code mean?
    $ctl_line doctor
    tocsinctl codes canon.
NEXT
}

# --- all of it ---------------------------------------------------------------------------------------------------

now='' hint=''
claim
! $fresh || start_over
mkdir -p "$dir"/{log,out/rejects,work,members}

step "packages" "install by hand what deploy/packages.list names,"
"$root/deploy/install-packages.sh" build run | sed 's/^/        /'
check_age
if [ -z "$built" ]; then
    step "building (all of it: quickstart/log/build.log)" "the end of the log is above; if it stays, remove build/release,"
    build
fi
step "Apache Kafka on 127.0.0.1, ports $ports" "the first time Maven needs the network (a mirror: ~/.m2/settings.xml); the broker's words: quickstart/kafka/log/;"
jars=$("$root/deploy/kafka/fetch.sh")
make_keys
start_broker | sed 's/^/        /'
step "a deployment: genesis, topics, rights, one government source and three members" "all that was said: quickstart/log/;"
init_deployment
admit gov-desk government AMBER named kev:CLEAR reports:GREEN stop-ransom:CLEAR:ransomware
admit st-marys hospital AMBER anonymous trails:GREEN incident:AMBER
admit two-docs clinic GREEN anonymous covid:GREEN seen:GREEN
admit blue-river payer CLEAR named blacklists:GREEN
if [ ! -e "$dir/work/references-in-use" ]; then
    put_references_to_use
    quiet interest.log ctl interest add two-docs clinic "$interest"
    touch "$dir/work/references-in-use"
fi
progress_end
step "the hub, two workers" "the end of its log is above, all of it: quickstart/log/hub.log;"
start_hub
progress_end
echo "        ready: http://127.0.0.1:$http/metrics"
if [ ! -e "$dir/work/published" ]; then
    step "publishing real feeds, each segment signed by its member" "all that was said: quickstart/log/publish.log;"
    publish_all
    touch "$dir/work/published"
fi
step "merging, writing defences" "see quickstart/log/hub.log and quickstart/log/subscribe.log;"
wait_until_merged
: >"$dir/log/subscribe.log"
quiet subscribe.log "${subscriber[@]}" --once
screen >"$dir/out/screen.txt"
cat "$dir/out/screen.txt"
if $once; then
    grep -q '^  "conserved": true' "$dir/work/status.json" || die "what was sent is not accounted for: see the first table"
    printf '\n'
    step "done; stopping everything" ""
    exit 0
fi
"${subscriber[@]}" >>"$dir/log/subscribe.log" 2>&1 8>&- &
pids+=($!)
up=true
printf '\n'
step "up; Ctrl-C stops everything and keeps its data" ""
wait -n "${pids[@]}" || true
up=false now="staying up" hint="a program ended by itself: quickstart/log/hub.log or quickstart/log/subscribe.log says why;"
exit 1
