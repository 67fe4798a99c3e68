#!/bin/bash
# jeroboam-node: brings this machine into its cluster. Fetches the node's bundle once over TLS with a pinned authority,
# writes its files, runs its steps, and reports each phase. May be run again: what is done is not done twice.
# JEROBOAM_ROOT puts every path below another directory, JEROBOAM_PAUSE shortens waits: for tests.
set -Eeuo pipefail
umask 077
root=${JEROBOAM_ROOT:-}
unit=${JEROBOAM_PAUSE:-5}
limit=${JEROBOAM_DEADLINE:-14400}
conf=$root/etc/jeroboam state=$root/var/lib/jeroboam run=$root/run/jeroboam logs=$root/var/log/jeroboam
phase=boot said=
export JEROBOAM_ROOT=$root PATH=$PATH:/opt/bin

mark() { # phase status [exit code]: a line for people who have the console only
  local line="BOOT-STEP name=$1 status=$2${3:+ rc=$3}"
  echo "$line"
  { echo "$line" >>"$root/dev/console"; } 2>/dev/null || true
}

# Secrets must not leave with a log: the nonce, tokens, private keys, passwords.
mask() {
  LC_ALL=C sed -E -e "s/$nonce/***/g; s/$token/***/g" \
    -e 's/-----BEGIN [A-Z ]*KEY-----.*-----END [A-Z ]*KEY-----/***/g' \
    -e '/-----BEGIN [A-Z ]*KEY-----/,/-----END [A-Z ]*KEY-----/s/.*/***/' \
    -e 's/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/***/g' \
    -e 's/((bearer|--token|--certificate-key|password|secret)[ =:]+)[^[:space:]]+/\1***/gI' \
    -e 's#://[^/[:space:]@]+@#://***@#g'
}

call() { # what body answer: POSTs and prints the status, 000 when there was no answer
  local url="$endpoint/bootstrap/v1/nodes/$node_id/$1"
  local code
  code=$(curl --silent --show-error --noproxy '*' --proto '=https' --tlsv1.2 --cacert "$conf/ca.pem" \
    --connect-timeout 10 --max-time 60 --header @"$run/headers" --data-binary @"$2" \
    --dump-header "$run/answer-headers" --output "$3" --write-out '%{http_code} %{local_ip}' "$url" 2>"$run/curl-error") || code=000
  if [ "$code" != 000 ]; then echo "${code#* }" >"$run/local-ip"; fi
  echo "${code%% *}"
}

report() { # status [exit code] [log]: tells the phase; never stops the work when nobody answers
  local tries=3 n code
  mark "$phase" "$1" "${2:-}"
  said="$phase $1"
  [ "$1" = started ] || tries=8
  if [ -n "${3:-}" ]; then { tail -c 65536 "$3" 2>/dev/null || true; } | mask | tail -c 4096 >"$run/log-tail"; fi
  json_report "$phase" "$1" "${2:-}" ${3:+"$run/log-tail"} >"$run/report.json"
  for ((n = 1; n <= tries; n++)); do
    code=$(call phases "$run/report.json" "$run/report-answer")
    case $code in
      2??) return 0 ;;
      410) cancelled ;;
      408 | 429 | 5?? | 000) sleep $((n < 6 ? n * unit : 6 * unit)) ;;
      *) echo "report of $phase refused with $code"; return 0 ;;
    esac
  done
  echo "report of $phase got no answer"
  if [ "$1" = 'done' ]; then cp "$run/report.json" "$run/untold.json"; fi
}

cancelled() { # the cluster is being deleted
  mark "$phase" cancelled
  rm -rf "$run/bundle.json" "$run/steps"
  said=cancelled
  exit 0
}

finish() { # on every exit: an end nobody foresaw is reported too
  local rc=$?
  trap - EXIT
  sleep 0.2 # for the log to be written
  if [ $rc -ne 0 ] && [ "$said" != "$phase failed" ]; then report failed "$rc" "$logs/agent.log" || true; fi
  exit $rc
}

retry_after() { # seconds the last answer asked for, at most 120
  local seconds
  seconds=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,4\}\).*/\1/p' "$run/answer-headers" 2>/dev/null | tail -n 1)
  seconds=${seconds:-$unit}
  echo $((seconds > 120 ? 120 : seconds))
}

ask() { # what body answer: repeats a request until it is granted; 503 says "not yet"
  local end=$((SECONDS + limit)) n=0 code pause
  while :; do
    code=$(call "$1" "$2" "$3")
    case $code in
      200 | 204) return 0 ;;
      410) cancelled ;;
      503 | 429) pause=$(retry_after) n=0 ;;
      408 | 5?? | 000)
        n=$((n < 5 ? n + 1 : 5)) pause=$((unit * n * n / 2 + unit))
        echo "$1: answer $code, $(cat "$run/curl-error")"
        ;;
      *) echo "$1 refused with $code: $(head -c 500 "$3" | tr -c '[:print:]' ' ')"; return 1 ;;
    esac
    if [ $((SECONDS + pause)) -gt $end ]; then echo "$1: no answer within $limit s"; return 1; fi
    sleep $((pause + RANDOM % (pause / 4 + 1)))
  done
}

fetch() { # the one fetch; the retry key makes a repeated request ours
  [ -s "$state/retry-key" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$state/retry-key"
  json_object nonce "$nonce" retry_key "$(cat "$state/retry-key")" >"$run/request.json"
  ask bundle "$run/request.json" "$run/bundle.json"
}

metadata() { # key...: what Nova says of this server, from its config drive, else from its metadata service
  local file=$run/meta_data.json drive
  if [ ! -s "$file" ]; then
    for drive in "$root"/dev/disk/by-label/{config-2,CONFIG-2}; do
      if [ ! -e "$drive" ]; then continue; fi
      mkdir -p "$run/config-drive"
      if mount -o ro "$drive" "$run/config-drive"; then
        cp "$run/config-drive/openstack/latest/meta_data.json" "$file" || true
        umount "$run/config-drive" || true
      fi
    done
    [ -s "$file" ] || curl --silent --fail --noproxy '*' --retry 5 --connect-timeout 10 --max-time 30 --output "$file" \
      http://169.254.169.254/openstack/latest/meta_data.json || true
  fi
  json_get "$file" "$@"
}

uuid='^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'

instance_id() { # the firmware knows it on a virtual machine, not on bare metal: it is asked last
  local found
  for found in "$(cat "$root/var/lib/cloud/data/instance-id" 2>/dev/null)" "$(metadata uuid)" \
    "$(cat "$root/sys/class/dmi/id/product_uuid" 2>/dev/null)"; do
    if [[ ${found,,} =~ $uuid ]]; then echo "${found,,}"; return 0; fi
  done
  echo 'no instance id: cloud-init, config drive, metadata and firmware have none' >&2
  return 1
}

volume_id() { # purpose
  local found
  found=$(metadata meta "jeroboam_volume_$1") || true
  if [[ $found =~ $uuid ]]; then echo "$found"; return 0; fi
  echo "the metadata of this server names no $1 volume" >&2
  return 1
}

declare -A marks=()
filled=
fill() { # text: marks become what only this machine knows; the result is in $filled
  local mark
  filled=$1
  for mark in INSTANCE_ID LOCAL_IP VOLUME_DOCKER VOLUME_ETCD; do
    if [[ $filled != *"@@$mark@@"* ]]; then continue; fi
    if [ -z "${marks[$mark]:-}" ]; then
      case $mark in
        INSTANCE_ID) marks[$mark]=$(instance_id) ;;
        LOCAL_IP) marks[$mark]=$(cat "$run/local-ip") ;;
        VOLUME_DOCKER) marks[$mark]=$(volume_id docker) ;;
        VOLUME_ETCD) marks[$mark]=$(volume_id etcd) ;;
      esac
    fi
    filled=${filled//"@@$mark@@"/"${marks[$mark]}"}
  done
}

check_path() { # absolute, and nothing in it that leads elsewhere
  if [[ $1 == /?* && $1 != */ && $1 != *//* && "$1/" != */./* && "$1/" != */../* ]]; then return 0; fi
  printf 'bad path %q\n' "$1"
  return 1
}

put() { # path mode content
  check_path "$1"
  if [[ ! $2 =~ ^0[0-7]{3}$ ]]; then printf 'bad mode %q\n' "$2"; return 1; fi
  (umask 022 && mkdir -p "$root${1%/*}")
  rm -f "$root$1.new"
  printf '%s' "$3" >"$root$1.new"
  chmod "$2" "$root$1.new"
  mv -fT "$root$1.new" "$root$1"
}

put_step() { # name timeout attempts turn argument...
  local dir word
  if [[ ! $1 =~ ^[a-z][a-z0-9-]{0,40}$ || ! "$2 $3 $4" =~ ^[0-9]{1,6}\ [0-9]{1,3}\ [01]$ || $# -lt 5 ]]; then
    printf 'bad step %q\n' "$1"
    return 1
  fi
  dir=$(printf '%s/steps.new/%02d' "$run" "$number")
  mkdir -p "$dir"
  printf '%s' "$1" >"$dir/name"
  printf '%s' "$2" >"$dir/timeout"
  printf '%s' "$3" >"$dir/attempts"
  if [ "$4" = 1 ]; then echo 1 >"$dir/turn"; fi
  for word in "${@:5}"; do
    fill "$word"
    printf '%s\0' "$filled"
  done >"$dir/argv"
}

unpack() { # writes the bundle's files below the root, and its steps as files: nothing in it is ever text of a shell
  local words=() at=0 number=0 count
  json_bundle "$run/bundle.json" >"$run/bundle"
  mapfile -d '' -t words <"$run/bundle"
  if [ "${words[1]:-}" != 1 ]; then printf 'the bundle has version %q, this agent knows 1\n' "${words[1]:-}"; return 1; fi
  rm -rf "$run/steps.new"
  mkdir "$run/steps.new"
  : >"$run/cleanup"
  while :; do
    case ${words[at]:-} in
      version) at=$((at + 2)) ;;
      file)
        fill "${words[at + 3]}"
        put "${words[at + 1]}" "${words[at + 2]}" "$filled"
        at=$((at + 4))
        ;;
      step)
        count=${words[at + 5]}
        put_step "${words[@]:at+1:4}" "${words[@]:at+6:count}"
        number=$((number + 1)) at=$((at + 6 + count))
        ;;
      cleanup)
        check_path "${words[at + 1]}"
        printf '%s\0' "$root${words[at + 1]}" >>"$run/cleanup"
        at=$((at + 2))
        ;;
      end) break ;;
      *) echo 'the bundle is cut off'; return 1 ;;
    esac
  done
  rm -rf "$run/steps" "$run/bundle" "$run/bundle.json"
  mv -T "$run/steps.new" "$run/steps"
}

step() { # directory: runs one step until it succeeds or its attempts are used up
  local dir=$1 seconds attempts log n rc argv
  phase=$(cat "$dir/name") seconds=$(cat "$dir/timeout") attempts=$(cat "$dir/attempts")
  log=$logs/$phase.log
  if [ -e "$state/done-$phase" ]; then return 0; fi
  mapfile -d '' -t argv <"$dir/argv"
  if [ -s "$dir/turn" ]; then # another node comes first
    echo '{}' >"$run/turn.json"
    ask turn "$run/turn.json" "$run/turn-answer" >>"$log" 2>&1 || { report failed 1 "$log"; return 1; }
  fi
  report started
  for ((n = 1; n <= attempts; n++)); do
    rc=0
    timeout --kill-after=60 "$seconds" "${argv[@]}" >>"$log" 2>&1 </dev/null 9>&- || rc=$?
    if [ $rc -eq 0 ]; then
      touch "$state/done-$phase"
      report 'done' 0
      return 0
    fi
    if [ $rc -eq 124 ]; then echo "$phase was stopped after $seconds s" >>"$log"; fi
    echo "$phase: attempt $n of $attempts ended with exit code $rc" >>"$log"
    if [ $n -lt "$attempts" ]; then sleep $((n * unit)); fi
  done
  report failed "$rc" "$log"
  return "$rc"
}

if [ -e "$state/complete" ]; then echo 'this node is complete'; exit 0; fi
mkdir -p "$state" "$run" "$logs"
exec 9>"$run/lock"
flock -n 9 || { echo 'already running'; exit 0; }
exec > >(exec tee -a "$logs/agent.log" 9>&-) 2>&1
# shellcheck source=/dev/null
. "$conf/json.sh"
for tool in "$(json_needs)" curl flock timeout; do
  if ! command -v "$tool" >/dev/null; then echo "$tool is missing"; mark boot failed 127; exit 127; fi
done
node_id=$(json_get "$conf/node.json" node_id)
endpoint=$(json_get "$conf/node.json" endpoint)
nonce=$(json_get "$conf/node.json" nonce)
token=$(printf 'jeroboam-report:%s' "$nonce" | sha256sum | cut -c 1-64)
printf 'Authorization: Bearer %s\nContent-Type: application/json\n' "$token" >"$run/headers"
trap finish EXIT
trap 'said="$phase failed"; exit 143' TERM INT # stopped or rebooted: the next run goes on

report started
report 'done' 0
phase=bundle
if [ ! -d "$run/steps" ]; then
  report started
  fetch
  unpack
  report 'done' 0
fi
for dir in "$run"/steps/*/; do step "${dir%/}"; done
# Others wait for what this node has done: an end that nobody took is told until somebody does.
if [ -e "$run/untold.json" ]; then ask phases "$run/untold.json" "$run/report-answer" || true; fi

xargs -0 -r rm -rf <"$run/cleanup"
touch "$state/complete"
# What cloud-init and Ignition keep of the user data has the nonce in it.
rm -rf "$conf/node.json" "$run" "$root"/var/lib/cloud/instance/{user-data.txt,user-data.txt.i,cloud-config.txt} "$root/run/ignition.json"
mark complete 'done' 0
