# shellcheck shell=bash
# JSON for the node agent, by jq: Flatcar and Fedora CoreOS have it, and no Python. The functions of json-python.sh do the same.
# A nonce may begin with "-": without the -- jq takes it for an option.
json_needs() { echo jq; }

json_get() { # file key...: one text within objects; fails when it is not there
  jq -er 'getpath($ARGS.positional) | strings' "$1" --args -- "${@:2}" 2>/dev/null
}

json_object() { # key value...: all texts
  jq -cn '$ARGS.positional as $words | reduce range(0; $words | length; 2) as $n ({}; .[$words[$n]] = $words[$n + 1])' --args -- "$@"
}

json_report() { # phase status exit-code ("" for none) [log]
  # shellcheck disable=SC2016
  local program='$ARGS.positional as [$phase, $status, $code] | {phase: $phase, status: $status}
    + if $code == "" then {} else {exit_code: ($code | tonumber)} end'
  if [ $# -gt 3 ]; then
    jq -cRs ". as \$log | $program + {log_tail: \$log}" "$4" --args -- "${@:1:3}"
  else
    jq -cn "$program" --args -- "$@"
  fi
}

json_bundle() { # file: the bundle as words that end in NUL: tag, then what belongs to it
  jq -j '[
      "version", (.version | tostring),
      (.files[] | "file", .path, .mode, .content),
      (.steps[] | "step", .name, (.timeout_seconds | tostring), (.attempts | tostring), (if .turn then "1" else "0" end),
        (.command | length | tostring), .command[]),
      (.cleanup[] | "cleanup", .),
      "end"
    ]
    | if any(.[]; explode | any(. == 0)) then error("the bundle holds NUL") else .[] + "\u0000" end' "$1"
}
