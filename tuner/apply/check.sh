#!/bin/sh
# Whether this host can be changed as planned, and is still what the plan saw. It changes nothing;
# beforehand it makes and removes one file in each folder that will be written to.
# shellcheck disable=SC2154 # set by protocol.py

check() {
  if [ "$(id -u)" != 0 ]; then
    problem root "$(id -un)"
    return
  fi
  for tool in cat chmod chown cp date head id ln mkdir mv rm rmdir sha256sum sleep sync uname; do
    have "$tool" || problem tool "$tool"
  done
  if with_systemd; then timers='systemd-run systemctl'; else timers=setsid; fi
  for tool in $timers; do
    have "$tool" || problem timer "$tool"
  done
  if [ "$network" = yes ] && ! have ip; then problem ip; fi
  if [ "$problems" -gt 0 ]; then return; fi
  if [ "$phase" = preflight ]; then
    check_folder "$room"
    each_file check_file_folder
  fi
  each_file check_file
  if [ "$switches" -gt 1 ] && ! with_systemd; then problem guard "$switches"; fi
  each_key check_key
  check_seen
}

# The folder, or the nearest one above it that exists, takes a file of the size that is needed.
check_folder() {
  place=$1
  until [ -d "$place" ]; do
    if [ -e "$place" ] || [ -h "$place" ]; then
      problem folder "$place" is not a folder
      return
    fi
    place=${place%/*}
    place=${place:-/}
  done
  try=$place/.tuner.try
  if ! why=$({ head -c "$bytes" /dev/zero >"$try"; } 2>&1); then
    last_words "$why"
    problem folder "$place" "$why"
  fi
  rm -f -- "$try" 2>/dev/null
}

check_file_folder() { check_folder "${2%/*}"; }

check_file() {
  path=$2
  if [ -h "$path" ]; then
    problem link "$path"
    return
  fi
  if [ -e "$path" ]; then
    if [ ! -f "$path" ]; then
      problem kind "$path"
      return
    fi
    # an append that writes nothing changes nothing, and an immutable file refuses it
    if ! why=$({ : >>"$path"; } 2>&1); then
      last_words "$why"
      problem file "$path" "$why"
    elif have lsattr; then
      flags=$(lsattr -d -- "$path" 2>/dev/null)
      case ${flags%% *} in *[ai]*) problem file "$path" Operation not permitted ;; esac
    fi
    if grep -qsF -e " $path " /proc/self/mounts; then problem mounted "$path"; fi
  fi
  case $6 in
    -) ;;
    *) [ "$(digest "$6")" = "$4" ] || problem source "$6" ;;
  esac
  same_file "$path" "$3"
}

same_file() {
  found=-
  if [ -f "$1" ]; then
    found=$(digest "$1") || found=unreadable
  elif [ -e "$1" ] && [ ! -d "$1" ]; then
    found=$(digest /dev/null)
  fi
  [ "$found" = "$2" ] || problem moved file "$1"
}

check_key() {
  path=/proc/sys/$2
  if [ ! -e "$path" ]; then
    problem absent "$2"
  elif ! why=$({ : >>"$path"; } 2>&1); then
    last_words "$why"
    problem locked-key "$2" "$why"
  elif [ "$6" = yes ]; then
    same_value "$2" "$3"
  fi
}

same_value() {
  if [ ! -e "/proc/sys/$1" ]; then
    [ -z "$2" ] || problem absent "$1"
    return
  fi
  found=$(live "$1") || found='(unreadable)'
  [ "$found" = "$2" ] || problem moved value "$1" "$found"
}

check_seen() {
  if [ -n "$kernel" ] && [ "$kernel" != "$(uname -r)" ]; then
    problem moved kernel "$(uname -r)"
  fi
  each_seen_file same_file
  each_seen_value same_value
  [ -n "$kernel" ] || return 0 # a rollback rests on its own bundle
  set +f
  for path in /etc/sysctl.conf /etc/sysctl.d/*.conf /run/sysctl.d/*.conf \
    /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf; do
    set -f
    if [ -e "$path" ] || [ -h "$path" ]; then
      known=no
      each_seen_file is_it
      [ "$known" = yes ] || problem moved new "$path"
    fi
  done
  set -f
}

is_it() { [ "$1" != "$path" ] || known=yes; }

# Who holds the lock: holder, held and age, or false for nobody. A lock is stale when the host has
# started again, when its change has come to an end, or when its process died early.
# shellcheck disable=SC2034 # the phases say it
read_lock() {
  # shellcheck disable=SC2162 # no backslashes
  read holder_id holder_start holder_pid holder_born since holder 2>/dev/null <"$room/lock" ||
    return 1
  held=$(state_of "$room/$holder_id") || held=none
  age=$(($(clock) - since))
}

lock_is_stale() {
  [ "$holder_start" = "$(start_of_host)" ] || return 0
  case $held in
    confirmed | reverted) ;;
    none | making* | kept*) ;;
    *)
      if owner "$held" >/dev/null; then return 1; fi
      # its own timer resolves it; where that is gone too, the next tuner does
      end=$(cat "$room/$holder_id/deadline" 2>/dev/null)
      [ "$(clock)" -gt "$((${end:-0} + 60))" ]
      return
      ;;
  esac
  [ "$(birth "$holder_pid")" != "$holder_born" ]
}
