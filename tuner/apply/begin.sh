#!/bin/sh
# The first half of a change, under the host's own timer: keep what is, lay the new files beside the
# old ones, arm the timer, write the values, read them back. No file changes its name here: a host
# that loses power before the second half starts with what it had.
# shellcheck disable=SC2154 # set by protocol.py

# Stop before anything has changed.
stop() {
  if [ "$kept" = yes ]; then
    each_file remove_staged
    remove_made
    rm -rf -- "$bundle"
  fi
  unlock
  say "end untouched"
  exit 1
}

# Put everything back, now; what cannot be put back yet is left to the timer.
undo() {
  say "undo"
  pass "pending.$me" "reverting.$me"
  nonce=$nonce sh "$bundle/revert.sh" undo </dev/null >&3
  exit 1
}

trouble() {
  problem "$@"
  "$out"
}

# dash calls everything that goes wrong with its own output an I/O error; head(1) tells the reason.
reason() {
  said=${1%%"$newline"*}
  case $said in
    *'I/O error')
      said=$({ head -c 65536 /dev/zero >"$2/.tuner.try"; } 2>&1)
      rm -f -- "$2/.tuner.try"
      ;;
  esac
  said=${said##*: }
  printf '%s\n' "${said:-I/O error}"
}

step_lock() {
  [ "$(id -u)" = 0 ] || trouble root "$(id -un)"
  why=$(mkdir -p -- "$room" 2>&1 && chmod 700 "$room" 2>&1) ||
    trouble folder "$room" "${why##*: }"
  if read_lock && lock_is_stale; then steal; fi
  { printf '%s\n' "$id $start ${me%%.*} ${me#*.} $(clock) $who" >"$room/lock.$id"; } 2>/dev/null ||
    trouble full "$room"
  if ! ln -- "$room/lock.$id" "$room/lock" 2>/dev/null; then
    rm -f -- "$room/lock.$id"
    read_lock && trouble locked "$age" "$holder_id" "$holder"
    trouble locked 0 - -
  fi
  rm -f -- "$room/lock.$id"
  settle_others
}

# Take a stale lock away, unless another tuner was quicker and this is its own.
steal() {
  judged="$holder_id $holder_pid $holder_born"
  mv -- "$room/lock" "$room/lock.$id" 2>/dev/null || return 0
  # shellcheck disable=SC2162 # no backslashes
  read holder_id _ holder_pid holder_born _ 2>/dev/null <"$room/lock.$id" || :
  [ "$holder_id $holder_pid $holder_born" = "$judged" ] || ln -- "$room/lock.$id" "$room/lock"
  rm -f -- "$room/lock.$id"
}

# What an earlier change left undone comes to its end first.
settle_others() {
  set +f
  for other in "$room"/*/; do
    set -f
    other=${other%/}
    [ -d "$other" ] || continue
    was=$(state_of "$other") || was=none
    case $was in
      confirmed | reverted) ;;
      none | making*) rm -rf -- "$other" ;;
      *)
        say "settle ${other##*/} $was"
        nonce=- sh "$other/revert.sh" settle </dev/null >/dev/null 2>&1
        ;;
    esac
  done
  set -f
}

step_check() {
  check
  [ "$problems" = 0 ] || stop
}

step_keep() {
  why=$(mkdir -- "$bundle" 2>&1) || trouble keep "${why##*: }"
  kept=yes
  # controllers' clocks differ; the order in which changes came is the host's own
  sequence=$(cat "$room/sequence" 2>/dev/null)
  case $sequence in '' | *[!0-9]*) sequence=0 ;; esac
  sequence=$((sequence + 1))
  why=$({
    : >"$bundle/is.making.$me" &&
      printf '%s\n' "$sequence" >"$room/sequence.new" &&
      mv -f -- "$room/sequence.new" "$room/sequence" &&
      meta >"$bundle/meta" &&
      each_file note_file >"$bundle/files" &&
      each_key note_key >"$bundle/keys" &&
      each_side note_side >"$bundle/side" &&
      content_revert >"$bundle/revert.sh" &&
      watcher >"$bundle/timer.sh" &&
      each_file keep_file &&
      keep_network
  } 2>&1) || trouble keep "$(reason "$why" "$room")"
  set +f
  flush "$bundle"/* "$bundle" "$room/sequence" "$room" "${room%/*}" || trouble keep "it cannot be flushed"
  set -f
  pass "making.$me" "kept.$me" || trouble keep "it cannot be renamed"
}

meta() {
  printf '%s\n' 'tuner-bundle 1' "id $id" "kind $kind" "plan $plan" "undoes $undoes" \
    "who $who" "when $(date -u +%Y-%m-%dT%H:%M:%SZ)" "start $start" "version $version" "sequence $sequence"
}

note_file() { printf '%s\n' "$3 $4 $5 $2"; }

# The text that the kernel gives, not the one that the plan saw: tabs and all.
note_key() {
  old=
  if [ "$6" = yes ]; then old=$(cat "/proc/sys/$2") || return 1; fi
  printf '%s\n' "$2 $6" "$old" "$4"
}

# Keys that the kernel changes along with those of the plan.
note_side() {
  set +f
  for path in /proc/sys/$1; do
    set -f
    [ -f "$path" ] || continue
    old=$(cat "$path" 2>/dev/null) || continue
    printf '%s\n' "${path#/proc/sys/}" "$old"
  done
  set -f
}

keep_file() {
  [ "$3" = - ] || cp -a -- "$2" "$bundle/old.$1"
}

# disable_ipv6 takes addresses and routes away, and does not bring them back.
keep_network() {
  [ "$network" = yes ] || return 0
  ip -6 -o addr show >"$bundle/addresses" && ip -6 -o route show >"$bundle/routes"
}

step_stage() {
  each_file stage_file
}

stage_file() {
  step "stage $1"
  why=$(lay "$@" 2>&1) || trouble stage "$2" "$(reason "$why" "${2%/*}")"
}

# A folder and those above it, noted first, the innermost on top, so that they can go again.
make_folder() {
  if [ -d "$1" ]; then return 0; fi
  make_folder "${1%/*}" || return 1
  {
    printf '%s\n' "$1"
    if [ -e "$bundle/made" ]; then cat -- "$bundle/made"; fi
  } >"$bundle/made.new" || return 1
  flush "$bundle/made.new" && mv -f -- "$bundle/made.new" "$bundle/made" || return 1
  flush "$bundle" && mkdir -- "$1" && chmod 755 "$1" && flush "${1%/*}"
}

# A copy of the old file, to be put back without room on the disk, and the new file.
lay() {
  path=$2 folder=${2%/*}
  spot=$(beside "$1" "$path")
  make_folder "$folder" || return 1
  if [ "$3" != - ]; then
    cp -a -- "$path" "$spot.old" || return 1
    flush "$spot.old" || return 1
  fi
  if [ "$4" != - ]; then
    if [ "$6" != - ]; then
      cp -a -- "$6" "$spot.new" || return 1
    elif [ "$3" != - ]; then
      # mode, owner, context and attributes are the old file's
      cp -a -- "$path" "$spot.new" || return 1
      "content_$1" >"$spot.new" || return 1
    else
      "content_$1" >"$spot.new" || return 1
      chmod "$5" "$spot.new" || return 1
      chown 0:0 "$spot.new" || return 1
    fi
    flush "$spot.new" || return 1
    [ "$(digest "$spot.new")" = "$4" ] || return 1
  fi
  flush "$folder"
}

step_arm() {
  { printf '%s\n' "$(($(clock) + revert_in))" >"$bundle/deadline" && flush "$bundle/deadline"; } \
    2>/dev/null || trouble keep "the deadline cannot be written"
  pass "kept.$me" "pending.$me" || trouble keep "it cannot be renamed"
  if with_systemd; then
    why=$(systemd-run --quiet --unit="tuner-revert-$id" --on-active="$revert_in" \
      --timer-property=AccuracySec=100ms \
      --description="Puts back network settings that nobody confirmed" \
      /bin/sh "$bundle/timer.sh" 2>&1 </dev/null) || disarmed "$why"
    systemctl is-active --quiet "tuner-revert-$id.timer" || disarmed "it is not active"
  else
    setsid sh "$bundle/timer.sh" </dev/null >/dev/null 2>&1 3>&- &
    tries=0
    until [ -e "$bundle/armed" ]; do
      tries=$((tries + 1))
      [ "$tries" -le 200 ] || disarmed "it did not start"
      sleep 0.05 2>/dev/null || sleep 1
    done
  fi
}

# One that is killed in the middle is started again.
watcher() {
  printf '%s\n' "while [ -e $bundle/revert.sh ] && ! sh $bundle/revert.sh timer; do sleep 1; done"
}

disarmed() {
  disarm
  pass "pending.$me" "kept.$me"
  trouble timer "$*"
}

step_write() {
  out=undo
  each_key write_key
}

# Once the timer has taken over, nothing more is written.
ours() {
  [ -e "$bundle/is.pending.$me" ] || trouble late
}

write_key() {
  step "write $1"
  ours
  put "$2" "$4" || trouble refused "$2" "$why"
}

# A rollback also puts back what the kernel had changed along with the keys.
step_beside() {
  for other in $undoes; do
    restore_side "$room/$other"
    restore_network "$room/$other"
  done
}

stuck() { trouble refused "$@"; }

step_read() {
  each_key read_key
  [ "$problems" = 0 ] || undo
  ours
}

read_key() {
  found=$(live "$2") || found='(unreadable)'
  [ "$found" = "$5" ] || problem differs "$2" "$found"
}

main() {
  start=$(start_of_host)
  me=$(me)
  out=stop kept=no
  say begin
  for name in $steps; do
    step "$name"
    "step_$name"
  done
  say "end pending"
}

main 3>&1 </dev/null >/dev/null
