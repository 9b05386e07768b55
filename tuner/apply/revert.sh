#!/bin/sh
# Puts one change back, on the host alone: run by its timer, by a phase that failed, by the next
# tuner, or at boot. It lies in the bundle with all that it needs, and needs no room on the disk.
# shellcheck disable=SC2154 # set by protocol.py

mode=$1
nonce=${nonce-}

# Become the one who reverts. False: there is nothing to revert (any more).
claim() {
  rounds=0
  while :; do
    now=$(state) || return 1
    case $now in confirmed | reverted) return 1 ;; esac
    if pid=$(owner "$now") && [ "$pid" != "$PPID" ]; then
      rounds=$((rounds + 1))
      case $now in
        committing* | reverting*)
          if [ "$rounds" -le 30 ]; then
            sleep 1
            continue
          fi
          ;;
      esac
      case $now in reverting*) return 1 ;; esac
      kill -9 "$pid" 2>/dev/null
      while [ "$(owner "$now")" = "$pid" ]; do sleep 1; done
      # what it had started may still be writing
      sleep 1
    fi
    pass "$now" "reverting.$me" || continue
    was=${now%%.*}
    return 0
  done
}

# Wait for the deadline, or until the change has come to its end.
wait_for_deadline() {
  : 2>/dev/null >"$bundle/armed"
  end=$(cat "$bundle/deadline") || return 0
  while [ "$(clock)" -lt "$end" ]; do
    [ -d "$bundle" ] || exit 0
    now=$(state) || now=unknown
    case $now in confirmed | reverted) return 0 ;; esac
    sleep 1
  done
}

# --- files

all_placed() {
  wrong=0
  each_file count_wrong
  [ "$wrong" = 0 ]
}

count_wrong() {
  found=-
  if [ -e "$2" ]; then found=$(digest "$2"); fi
  [ "$found" = "$4" ] || wrong=$((wrong + 1))
}

# What is neither the old file nor the new one is somebody else's, and stays.
restore_file() {
  step "file $1"
  found=-
  if [ -e "$2" ]; then found=$(digest "$2"); fi
  [ "$found" != "$3" ] || return 0
  [ "$found" = "$4" ] || { say "foreign $2"; return 0; }
  spot=$(beside "$1" "$2")
  if [ "$3" = - ]; then
    why=$(rm -f -- "$2" 2>&1) || { stuck "$2" "${why##*: }"; return 0; }
  else
    if [ "$(digest "$spot.old")" != "$3" ]; then
      { cp -a -- "$bundle/old.$1" "$spot.old" && flush "$spot.old"; } 2>/dev/null
    fi
    why=$(mv -f -- "$spot.old" "$2" 2>&1) || { stuck "$2" "${why##*: }"; return 0; }
  fi
  flush "${2%/*}"
  :
}

# --- values

restore_key() {
  [ "$6" = yes ] || return 0
  step "value $1"
  restore_value "$2" "$3"
}

# A key that has gone, with its interface, has nothing to be put back.
restore_value() {
  [ -e "/proc/sys/$1" ] || return 0
  [ "$(live "$1")" != "$2" ] || return 0
  put "$1" "$2" || stuck "$1" "$why"
}

# --- the whole

stuck() {
  left=$((left + 1))
  say "stuck $*"
}

restore() {
  left=0
  case $was in committing | reverting) each_file_back restore_file ;; esac
  if [ "$same_start" = yes ]; then
    each_key_back restore_key
    restore_side "$bundle"
    restore_network "$bundle"
  fi
  [ "$left" = 0 ]
}

main() {
  me=$(me)
  [ "$mode" != timer ] || wait_for_deadline
  if ! claim; then
    now=$(state) || now=unknown
    case $now in
      confirmed | reverted) tidy ;;
    esac
    say "end ${now%%.*}"
    case $now in reverting*) return 1 ;; esac
    return 0
  fi
  # after a new start the values are those of the files, and the old ones mean nothing any more
  same_start=no
  if grep -qxF -e "start $(start_of_host)" "$bundle/meta"; then same_start=yes; fi
  step resolve
  if [ "$was" = committing ] && [ "$mode" != undo ] && all_placed; then
    pass "reverting.$me" confirmed
    disarm
    tidy
    say "end confirmed"
    return
  fi
  rounds=0
  until restore; do
    rounds=$((rounds + 1))
    case $mode in
      timer) [ "$rounds" -le 600 ] || break ;;
      *) [ "$rounds" -le 3 ] || break ;;
    esac
    sleep 1
  done
  if [ "$left" -gt 0 ]; then
    say "end stuck"
    return 1
  fi
  each_file remove_staged
  remove_made
  remove_guard # a change that is marked has nothing left that only its bundle knows of
  step mark
  pass "reverting.$me" reverted
  step quiet
  if [ "$mode" != timer ]; then disarm; fi
  tidy
  say "end reverted"
}

main 3>&1 </dev/null >/dev/null
