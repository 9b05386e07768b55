#!/bin/sh
# What changes this host remembers, with what each kept, and what is there now. It changes nothing.
# shellcheck disable=SC2154 # set by protocol.py

tell_bundle() {
  bundle=$room/$1
  was=$(state) || was=none
  busy=idle
  if owner "$was" >/dev/null; then busy=busy; fi
  left=-
  if end=$(cat "$bundle/deadline" 2>/dev/null); then left=$((end - $(clock))); fi
  started=other
  if grep -qxsF -e "start $start" "$bundle/meta"; then started=same; fi
  say "bundle $1 ${was%%.*} $busy $left $started"
  [ "$details" = yes ] || return 0
  while IFS= read -r line; do say "meta $line"; done 2>/dev/null <"$bundle/meta"
  number=0
  while read -r before after mode path; do
    number=$((number + 1))
    found=-
    if [ -e "$path" ]; then found=$(digest "$path"); fi
    kept=-
    if [ -e "$bundle/old.$number" ]; then kept=$(digest "$bundle/old.$number"); fi
    say "file $number $before $after $mode $kept $found $path"
  done 2>/dev/null <"$bundle/files"
  while read -r path restorable && IFS= read -r old && IFS= read -r new; do
    say "key $restorable $path"
    say "old $(words "$old")"
    say "new $(words "$new")"
    if [ -e "/proc/sys/$path" ]; then say "now $(live "$path")"; fi
  done 2>/dev/null <"$bundle/keys"
}

main() {
  if [ "$(id -u)" != 0 ]; then
    problem root "$(id -un)"
    say "end refused"
    return
  fi
  start=$(start_of_host)
  if read_lock; then say "lock $age $holder_id ${held%%.*} $holder"; fi
  set +f
  for place in "$room"/*/; do
    set -f
    place=${place%/}
    if [ -d "$place" ] && [ -z "$only" ] || [ "${place##*/}" = "$only" ]; then
      tell_bundle "${place##*/}"
    fi
  done
  set -f
  say "end told"
}

main 3>&1 </dev/null >/dev/null
