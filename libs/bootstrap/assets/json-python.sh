# shellcheck shell=bash
# JSON for the node agent, by Python: where cloud-init runs, it is there. The functions of json-jq.sh do the same.
json_needs() { echo python3; }

json_get() { # file key...: one text within objects; fails when it is not there
  python3 -c 'import functools, json, sys
value = functools.reduce(lambda object, key: object[key], sys.argv[2:], json.load(open(sys.argv[1])))
if not isinstance(value, str): sys.exit(1)
print(value)' "$@" 2>/dev/null
}

json_object() { # key value...: all texts
  python3 -c 'import json, sys
words = sys.argv[1:]
json.dump(dict(zip(words[::2], words[1::2])), sys.stdout)' "$@"
}

json_report() { # phase status exit-code ("" for none) [log]
  python3 -c 'import json, sys
phase, status, code = sys.argv[1:4]
body = {"phase": phase, "status": status}
if code: body["exit_code"] = int(code)
if len(sys.argv) > 4: body["log_tail"] = open(sys.argv[4], "rb").read().decode("utf-8", "ignore")
json.dump(body, sys.stdout)' "$@"
}

json_bundle() { # file: the bundle as words that end in NUL: tag, then what belongs to it
  python3 -c 'import json, sys
bundle = json.load(open(sys.argv[1]))
words = ["version", str(bundle["version"])]
for item in bundle["files"]: words += ["file", item["path"], item["mode"], item["content"]]
for step in bundle["steps"]:
    words += ["step", step["name"], str(step["timeout_seconds"]), str(step["attempts"]), "1" if step.get("turn") else "0"]
    words += [str(len(step["command"])), *step["command"]]
for path in bundle["cleanup"]: words += ["cleanup", path]
words.append("end")
if any("\0" in word for word in words): sys.exit("the bundle holds NUL")
sys.stdout.buffer.write(b"".join(word.encode() + b"\0" for word in words))' "$1"
}
