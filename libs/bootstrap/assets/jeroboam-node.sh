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
export JEROBOAM_ROOT=$root

mark() { # phase status [exit code]: a line for people who have the console only
  local line="BOOT-STEP name=$1 status=$2${3:+ rc=$3}"
  echo "$line"
  { echo "$line" >>"$root/dev/console"; } 2>/dev/null || true
}

value() { # file key: one field of a JSON object
  python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"
}

# Secrets must not leave with a log: the nonce, tokens, private keys.
# shellcheck disable=SC2016
tail_program='
import hashlib, json, re, sys
phase, status, code, log, node = sys.argv[1:6]
body = {"phase": phase, "status": status}
if code: body["exit_code"] = int(code)
if log:
    try: text = open(log, "rb").read()[-65536:].decode("utf-8", "replace")
    except OSError: text = ""
    nonce = json.load(open(node))["nonce"]
    for secret in (nonce, hashlib.sha256(("jeroboam-report:" + nonce).encode()).hexdigest()):
        text = text.replace(secret, "***")
    text = re.sub(r"-----BEGIN [A-Z ]*KEY-----.*?(-----END [A-Z ]*KEY-----|\Z)", "***", text, flags=re.S)
    text = re.sub(r"(?<![A-Za-z0-9])[a-z0-9]{6}\.[a-z0-9]{16}(?![A-Za-z0-9])", "***", text)
    text = re.sub(r"(?i)((?:bearer|--token|--certificate-key|password|secret)[ =:]+)\S+", r"\1***", text)
    text = re.sub(r"://[^/\s@]+@", "://***@", text)
    body["log_tail"] = text.encode("utf-8")[-4096:].decode("utf-8", "ignore")
json.dump(body, sys.stdout)
'

call() { # what body answer: POSTs and prints the status, 000 when there was no answer
  local url="$endpoint/bootstrap/v1/nodes/$node_id/$1"
  local code
  code=$(curl --silent --show-error --noproxy '*' --proto '=https' --tlsv1.2 --cacert "$conf/ca.pem" \
    --connect-timeout 10 --max-time 60 --header @"$run/headers" --data-binary @"$2" \
    --dump-header "$run/answer-headers" --output "$3" --write-out '%{http_code}' "$url" 2>"$run/curl-error") || code=000
  echo "$code"
}

report() { # status [exit code] [log]: tells the phase; never stops the work when nobody answers
  local tries=3 n code
  mark "$phase" "$1" "${2:-}"
  said="$phase $1"
  [ "$1" = started ] || tries=8
  python3 -c "$tail_program" "$phase" "$1" "${2:-}" "${3:-}" "$conf/node.json" >"$run/report.json"
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
  python3 -c 'import json,sys; json.dump({"nonce": json.load(open(sys.argv[1]))["nonce"], "retry_key": open(sys.argv[2]).read()}, sys.stdout)' \
    "$conf/node.json" "$state/retry-key" >"$run/request.json"
  ask bundle "$run/request.json" "$run/bundle.json"
}

# Writes the bundle's files below the root, and its steps as files without any quoting: arguments end in NUL.
unpack_program='
import json, os, re, shutil, socket, sys, urllib.parse
bundle_file, run, root, endpoint = sys.argv[1:5]
bundle = json.load(open(bundle_file))
os.umask(0o022)
if bundle["version"] != 1: sys.exit("bundle has version %r, this agent knows 1" % bundle["version"])
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
def instance_id():
    for path in ("/var/lib/cloud/data/instance-id", "/sys/class/dmi/id/product_uuid"):
        try: found = open(root + path).read().strip().lower()
        except OSError: continue
        if UUID.match(found): return found
    sys.exit("no instance id: neither cloud-init nor the firmware has one")
def local_ip():
    url = urllib.parse.urlsplit(endpoint)
    family, _, _, _, address = socket.getaddrinfo(url.hostname, url.port or 443, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(address)
        return probe.getsockname()[0]
found = {}
def put_in(text):
    for mark, find in (("@@INSTANCE_ID@@", instance_id), ("@@LOCAL_IP@@", local_ip)):
        if mark in text:
            if mark not in found: found[mark] = find()
            text = text.replace(mark, found[mark])
    return text
def clean(path):
    if not path.startswith("/") or os.path.normpath(path) != path or path == "/": sys.exit("bad path %r" % path)
    return root + path
for item in bundle["files"]:
    path, mode = clean(item["path"]), int(item["mode"], 8)
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(put_in(item["content"]))
    os.chmod(path + ".new", mode)
    os.replace(path + ".new", path)
steps = run + "/steps.new"
shutil.rmtree(steps, ignore_errors=True)
for number, step in enumerate(bundle["steps"]):
    if not re.match(r"[a-z][a-z0-9-]{0,40}\Z", step["name"]): sys.exit("bad step %r" % step["name"])
    os.makedirs("%s/%02d" % (steps, number))
    for name, text in (("name", step["name"]), ("timeout", str(int(step["timeout_seconds"]))), ("attempts", str(int(step["attempts"]))),
                       ("turn", "1" if step.get("turn") else ""),
                       ("argv", "".join(put_in(word) + "\0" for word in step["command"]))):
        with open("%s/%02d/%s" % (steps, number, name), "w") as out: out.write(text)
with open(run + "/cleanup", "w") as out: out.write("".join(clean(path) + "\0" for path in bundle["cleanup"]))
shutil.rmtree(run + "/steps", ignore_errors=True)
os.rename(steps, run + "/steps")
'

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
for tool in python3 curl timeout; do
  if ! command -v "$tool" >/dev/null; then echo "$tool is missing"; mark boot failed 127; exit 127; fi
done
node_id=$(value "$conf/node.json" node_id)
endpoint=$(value "$conf/node.json" endpoint)
token=$(printf 'jeroboam-report:%s' "$(value "$conf/node.json" nonce)" | sha256sum | cut -c 1-64)
printf 'Authorization: Bearer %s\nContent-Type: application/json\n' "$token" >"$run/headers"
trap finish EXIT
trap 'said="$phase failed"; exit 143' TERM INT # stopped or rebooted: the next run goes on

report started
report 'done' 0
phase=bundle
if [ ! -d "$run/steps" ]; then
  report started
  fetch
  python3 -c "$unpack_program" "$run/bundle.json" "$run" "$root" "$endpoint"
  rm -f "$run/bundle.json"
  report 'done' 0
fi
for dir in "$run"/steps/*/; do step "${dir%/}"; done

xargs -0 -r rm -rf <"$run/cleanup"
touch "$state/complete"
rm -rf "$conf/node.json" "$run" "$root"/var/lib/cloud/instance/user-data.txt*
mark complete 'done' 0
