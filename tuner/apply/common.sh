#!/bin/sh
# What every phase of a change knows on the host: how to speak, where things are kept, how a key is
# read and set, and who owns a change that is under way.
#
# protocol.py puts it in front of each phase, and in front of both what the change is: nonce, id,
# who, each_key, each_key_back, each_file and the rest that is used here and not set here.
# shellcheck disable=SC2154

set -fu
export LC_ALL=C PATH="${PATH:+$PATH:}/usr/sbin:/usr/bin:/sbin:/bin"
unset CDPATH GREP_OPTIONS POSIXLY_CORRECT BLOCK_SIZE QUOTING_STYLE
umask 077
# a link that breaks must not stop a host that puts itself back
trap '' HUP PIPE

room=/var/lib/tuner
bundle=$room/$id
guard=tuner-guard-$id.service
units=/etc/systemd/system
wants=$units/sysinit.target.wants
problems=0
newline='
'

# What is said carries the nonce; what a login's start-up files print does not.
say() {
  said=$*
  { printf '@%s %s\n' "$nonce" "${said%%"$newline"*}" >&3; } 2>/dev/null
  :
}

step() { say "step $*"; }

problem() {
  problems=$((problems + 1))
  say "problem $*"
}

have() { command -v "$1" >/dev/null 2>&1; }

with_systemd() { [ -d /run/systemd/system ]; }

flush() { sync -- "$@" 2>/dev/null; }

# The last words of an error message are what the kernel said.
last_words() {
  why=${1%%"$newline"*}
  why=${why##*: }
}

# shellcheck disable=SC2086 # to be split is the purpose
words() {
  set -- $1
  printf '%s\n' "$*"
}

# When a process was started, in the kernel's ticks; nothing for one that is dead.
# shellcheck disable=SC2086 # the same
birth() {
  set -- "$(cat "/proc/$1/stat" 2>/dev/null)"
  set -- ${1##*) }
  case ${1-} in Z | X | '') ;; *) printf '%s\n' "${20-}" ;; esac
}

# Seconds since the machine started.
clock() {
  read -r seconds _ </proc/uptime
  printf '%s\n' "${seconds%%.*}"
}

# Which start of this host it is. A container that starts again keeps the kernel's boot_id.
start_of_host() { printf '%s.%s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(birth 1)"; }

digest() {
  sum=$(sha256sum 2>/dev/null <"$1") || return 1
  printf '%s\n' "${sum%% *}"
}

# --- keys

# The value as one line with single blanks. read(1) would take one byte at a time, and many keys
# answer the first byte only (proc_dointvec returns nothing at an offset).
live() {
  text=$(cat "/proc/sys/$1" 2>/dev/null) || return 1
  words "$text"
}

# One write(2); dash does not tell why it failed, so that cat may say it.
put() {
  { printf '%s\n' "$2" >"/proc/sys/$1"; } 2>/dev/null && return 0
  why=$({ printf '%s\n' "$2" | cat >"/proc/sys/$1"; } 2>&1) && return 0
  last_words "$why"
  return 1
}

# --- the state of a change: the name of one empty file, STATE or STATE.PID.BIRTH
#
# making      what was is being kept; nothing else has been touched
# kept        it is on the disk, and new files are being laid beside the old ones
# pending     the timer runs; values are being written, or wait to be confirmed
# committing  confirmed; files are being put into place
# confirmed   done
# reverting   everything is being put back
# reverted    done
#
# A rename needs no room on a full disk and has one winner.

me() { printf '%s.%s\n' "$$" "$(birth $$)"; }

# A listing that meets a rename may show neither name, so it looks again.
state_of() {
  for look in 1 2 3 4 5; do
    set +f
    for marker in "$1"/is.*; do
      set -f
      if [ -e "$marker" ]; then
        printf '%s\n' "${marker##*/is.}"
        return 0
      fi
    done
    [ "$look" -lt 2 ] || sleep 0.1 2>/dev/null
  done
  return 1
}

state() { state_of "$bundle"; }

pass() {
  mv -f -- "$bundle/is.$1" "$bundle/is.$2" 2>/dev/null || return 1
  flush "$bundle"
  :
}

# The process of a state such as pending.PID.BIRTH, if it still runs.
owner() {
  case $1 in *.*.*) ;; *) return 1 ;; esac
  pid=${1#*.}
  born=${pid#*.}
  pid=${pid%%.*}
  [ "$(birth "$pid")" = "$born" ] && printf '%s\n' "$pid"
}

# --- what the kernel changes along with a key; stuck is each phase's own

# Each write may move a neighbour again, so it takes more than one round.
restore_side() {
  [ -s "$1/side" ] || return 0
  for round in 1 2 3; do
    moved=0
    while IFS= read -r path && IFS= read -r old; do
      old=$(words "$old")
      [ -e "/proc/sys/$path" ] || continue
      [ "$(live "$path")" != "$old" ] || continue
      moved=1
      put "$path" "$old" || [ "$round" != 3 ] || stuck "$path" "$why"
    done <"$1/side"
    [ "$moved" = 1 ] || return 0
  done
}

# shellcheck disable=SC2086 # ip's words are split on purpose
restore_network() {
  [ -e "$1/routes" ] || return 0
  from=$1
  present=$(ip -6 -o addr show)
  while IFS= read -r line; do
    set -- $line
    case $newline$present$newline in *"$newline$line$newline"*) continue ;; esac
    device=$2 address=$4
    if [ "${5-}" = peer ]; then address="$4 peer $6"; fi
    lifetime=
    while [ $# -gt 0 ]; do
      case $1 in valid_lft | preferred_lft) lifetime="$lifetime $1 ${2%sec}" ;; esac
      shift
    done
    ip -6 addr add $address dev "$device" nodad $lifetime 2>/dev/null
  done <"$from/addresses"
  for round in 1 2; do
    present=$(ip -6 -o route show)
    while IFS= read -r line; do
      case $newline$present$newline in *"$newline$line$newline"*) continue ;; esac
      route=
      for word in $line; do
        case $word in
          linkdown | dead | "\\") ;;
          *sec) route="$route ${word%sec}" ;;
          *) route="$route $word" ;;
        esac
      done
      ip -6 route add $route 2>/dev/null
    done <"$from/routes"
  done
  :
}

# --- where files lie while they wait

beside() { printf '%s/.tuner-%s.%s\n' "${2%/*}" "$id" "$1"; }

remove_staged() {
  spot=$(beside "$1" "$2")
  rm -f -- "$spot.new" "$spot.old" 2>/dev/null
  :
}

# Folders that were made for new files, where nothing else is in them.
remove_made() {
  [ -e "$bundle/made" ] || return 0
  while IFS= read -r folder; do rmdir -- "$folder"; done <"$bundle/made" 2>/dev/null
  :
}

# --- the lock: one file, made by link(2), so that only one tuner can

unlock() {
  # shellcheck disable=SC2162 # no backslashes
  if read lock_id _ 2>/dev/null <"$room/lock" && [ "$lock_id" = "$id" ]; then
    rm -f -- "$room/lock"
  fi
  :
}

disarm() {
  if with_systemd; then systemctl stop "tuner-revert-$id.timer" >/dev/null 2>&1; fi
  :
}

remove_guard() {
  rm -f -- "$units/.$guard" 2>/dev/null
  if [ -e "$units/$guard" ] || [ -h "$wants/$guard" ]; then
    rm -f -- "$wants/$guard" "$units/$guard" && flush "$wants" "$units" || return 1
  fi
  if [ -e "$bundle/wants" ]; then rmdir -- "$wants" 2>/dev/null; fi
  :
}

tidy() {
  each_file remove_staged
  remove_guard
  unlock
}
