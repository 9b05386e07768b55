#!/bin/sh
# The second half of a change, over a new connection: the values are looked at again, the files take
# their names, and the timer is stopped. Whatever fails before the end puts everything back.
# shellcheck disable=SC2154 # set by protocol.py

undo() {
  say "undo"
  nonce=$nonce sh "$bundle/revert.sh" undo </dev/null >&3
  exit 1
}

trouble() {
  problem "$@"
  undo
}

# The rename has one winner: the timer, or this.
step_claim() {
  was=$(state) || was=none
  case $was in
    pending*) pass "$was" "committing.$me" && return 0 ;;
  esac
  problem late "${was%%.*}"
  case $was in none) say "end unknown" ;; *) undo ;; esac
  exit 1
}

step_again() {
  each_key read_key
  [ "$problems" = 0 ] || undo
}

read_key() {
  found=$(live "$2") || found='(unreadable)'
  [ "$found" = "$5" ] || problem differs "$2" "$found"
}

# Several renames are not one: if the power fails between them, this unit puts the old files back
# at boot, before systemd-sysctl reads them. It needs the root file system alone, and is ordered
# against nothing that a mount may wait for.
step_guard() {
  guarded || return 0
  why=$({
    wanted_folder &&
      guard_unit >"$units/.$guard" &&
      flush "$units/.$guard" &&
      mv -f -- "$units/.$guard" "$units/$guard" &&
      ln -sf "../$guard" "$wants/$guard" &&
      flush "$wants" "$units"
  } 2>&1) || trouble place "$units/$guard" "${why##*: }"
}

# The folder of links may be new; then it goes with the link.
wanted_folder() {
  [ -d "$wants" ] && return 0
  : >"$bundle/wants" && flush "$bundle/wants" "$bundle" && mkdir -m 755 -- "$wants"
}

guarded() { [ "$files" -gt 1 ] && with_systemd; }

guard_unit() {
  printf '%s\n' '[Unit]' \
    'Description=Put back network settings whose change was interrupted' \
    'DefaultDependencies=no' \
    'After=systemd-remount-fs.service' \
    'Before=systemd-sysctl.service sysinit.target shutdown.target' \
    'Conflicts=shutdown.target' \
    '' '[Service]' 'Type=oneshot'
  each_file guard_file
  printf '%s\n' 'ExecStart=-/bin/sync' \
    "ExecStart=/bin/rm -f $wants/$guard $units/$guard"
}

guard_file() {
  if [ "$3" = - ]; then
    printf '%s\n' "ExecStart=-/bin/rm -f $2"
  else
    printf '%s\n' "ExecStart=-/bin/mv -f $(beside "$1" "$2").old $2"
  fi
}

step_place() {
  each_file place_file
}

place_file() {
  step "place $1"
  [ -e "$bundle/is.committing.$me" ] || trouble late
  spot=$(beside "$1" "$2")
  if [ "$4" = - ]; then
    why=$(rm -f -- "$2" 2>&1) || trouble place "$2" "${why##*: }"
  else
    why=$(mv -f -- "$spot.new" "$2" 2>&1) || trouble place "$2" "${why##*: }"
    if [ "$3" = - ] && have restorecon; then restorecon -- "$2" >/dev/null 2>&1; fi
  fi
  flush "${2%/*}" || trouble place "$2" "its folder cannot be flushed"
}

# From here on the host starts with the new files.
step_unguard() {
  remove_guard || trouble place "$units/$guard" "it cannot be removed"
}

step_seal() {
  pass "committing.$me" confirmed || trouble late
}

step_disarm() {
  disarm
}

step_tidy() {
  tidy
}

main() {
  me=$(me)
  say confirm
  for name in $steps; do
    step "$name"
    "step_$name"
  done
  say "end confirmed"
}

main 3>&1 </dev/null >/dev/null
