#!/bin/sh
# Whether this host could be changed as planned, before anything has begun anywhere.
# shellcheck disable=SC2154 # set by protocol.py

main() {
  if [ "$(id -u)" = 0 ] && read_lock && ! lock_is_stale; then
    problem locked "$age" "$holder_id" "$holder"
  else
    check
  fi
  say "end checked"
}

main 3>&1 </dev/null >/dev/null
