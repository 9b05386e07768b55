#!/bin/sh
# What this host says about its network settings, as text: sh probe.sh > NAME.dump
#
# It reads and writes nothing: no temporary file, no change. Any POSIX sh, any user; a program that
# is missing costs its section only. Keys that hold secrets (tcp_fastopen_key, stable_secret) are
# named and never read.
#
# The form: a line "tuner-probe 1", sections that begin with "@@ NAME", a last line "@@ end COUNT".
# The contents of files come last, as head(1) prints them; the section "files" tells their lengths.

set -f
export LC_ALL=C PATH="${PATH:+$PATH:}/usr/sbin:/usr/bin:/sbin:/bin"
unset TIME_STYLE GREP_OPTIONS POSIXLY_CORRECT BLOCK_SIZE LS_BLOCK_SIZE QUOTING_STYLE CDPATH
umask 077

sections=0
most_interfaces=64
most_entries=500
most_sockets=200000
most_descriptors=20000

section() {
  sections=$((sections + 1))
  printf '@@ %s\n' "$1"
}

have() { command -v "$1" >/dev/null 2>&1; }

sample() {
  grep -aH '' /proc/uptime /proc/net/netstat /proc/net/snmp /proc/net/sockstat \
    /proc/net/sockstat6 /proc/net/softnet_stat /proc/net/stat/nf_conntrack \
    /proc/net/stat/arp_cache /proc/net/stat/ndisc_cache \
    /proc/sys/net/netfilter/nf_conntrack_count \
    /proc/sys/net/netfilter/nf_conntrack_max
}

system() {
  printf 'taken %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  printf 'uid %s\n' "$(id -u)"
  printf 'page_size %s\n' "$(getconf PAGESIZE)"
  if [ ! -r /proc/sys/kernel/osrelease ]; then printf 'release %s\n' "$(uname -r)"; fi
  if [ -d /run/systemd/system ]; then echo 'init systemd'
  elif [ -e /run/openrc/softlevel ]; then echo 'init openrc'
  else
    case $(readlink /proc/1/exe) in
      */busybox) echo 'init busybox' ;;
      *) if [ -e /etc/inittab ] && [ -d /etc/init.d ]; then echo 'init sysvinit'; fi ;;
    esac
  fi
  for program in /usr/lib/systemd/systemd-sysctl /lib/systemd/systemd-sysctl; do
    [ -x "$program" ] || continue
    printf 'loader systemd-sysctl %s\n' "$("$program" --version | head -n 1)"
    break
  done
  if have sysctl; then
    said=$(sysctl --version | head -n 1)
    case $said in *procps*) printf 'loader procps %s\n' "$said" ;; esac
  fi
  if have busybox; then printf 'loader busybox %s\n' "$(busybox | head -n 1)"; fi
  if have openrc; then printf 'loader openrc %s\n' "$(openrc --version | head -n 1)"; fi
  if [ -e /.dockerenv ]; then echo 'container docker'
  elif [ -e /run/.containerenv ]; then echo 'container podman'
  elif [ -d /proc/vz ] && [ ! -d /proc/bc ]; then echo 'container openvz'
  fi
  for module in nf_conntrack br_netfilter ip_vs tcp_bbr; do
    if [ -e "/sys/module/$module/initstate" ]; then echo "module $module loadable"
    elif [ -d "/sys/module/$module" ]; then echo "module $module"; fi
  done
  if [ -d /lib/sysctl.d ] && [ ! -h /lib ] && [ ! -h /lib/sysctl.d ]; then echo 'split-usr'; fi
  set +f
  for path in /etc/systemd/system/*.wants/docker.service \
    /etc/systemd/system/*.wants/firewalld.service /etc/systemd/system/*.wants/kubelet.service \
    /etc/systemd/system/*.wants/keepalived.service /etc/systemd/system/*.wants/frr.service \
    /etc/systemd/system/*.wants/NetworkManager.service \
    /etc/systemd/system/*.wants/bpftune.service /etc/libvirt/qemu/networks/autostart/*.xml; do
    if [ -e "$path" ] || [ -h "$path" ]; then printf 'shows %s\n' "$path"; fi
  done
  set -f
  find /proc/sys/net -type f ! -perm -200 | head -n 2000 | sed 's/^/readonly /'
  grep -aHE '^(MemTotal:|ID=|VERSION_ID=|PRETTY_NAME=)' /proc/meminfo /etc/os-release \
    /usr/lib/os-release
  grep -aH '' /proc/uptime /proc/1/comm /proc/cmdline /proc/sys/kernel/hostname \
    /proc/sys/kernel/osrelease /sys/devices/system/cpu/online /run/systemd/container
  grep -aH ' /proc/sys' /proc/self/mounts
}

# Paths come from find, so that no list of them can be too long; errors come back as text.
read_net() {
  if [ "$interfaces" -le "$most_interfaces" ]; then
    find /proc/sys/net -type f ! -name flush ! -name stable_secret ! -name tcp_fastopen_key \
      -exec grep -aH '' {} +
    return
  fi
  find /proc/sys/net \( -path '/proc/sys/net/*/conf/*' -o -path '/proc/sys/net/*/neigh/*' \) \
    -prune -o -type f ! -name flush ! -name tcp_fastopen_key -exec grep -aH '' {} +
  # shellcheck disable=SC2086 # interface names hold no blanks, and set -f is on
  find $kept -type f ! -name stable_secret -exec grep -aH '' {} +
}

read_others() {
  cd /proc/sys/kernel && grep -aH '' /proc/sys/fs/file-max /proc/sys/fs/nr_open \
    /proc/sys/fs/file-nr \
    /proc/sys/kernel/osrelease /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max \
    /proc/sys/kernel/shmmax /proc/sys/kernel/shmall /proc/sys/kernel/msgmnb \
    /proc/sys/kernel/msgmax /proc/sys/kernel/sem /proc/sys/kernel/panic \
    /proc/sys/kernel/panic_on_oops /proc/sys/vm/swappiness /proc/sys/vm/overcommit_memory \
    /proc/sys/vm/max_map_count /proc/sys/vm/min_free_kbytes /proc/sys/vm/dirty_ratio \
    /proc/sys/vm/dirty_background_ratio /proc/sys/vm/panic_on_oom \
    /proc/sys/vm/vfs_cache_pressure
}

choose_interfaces() {
  set +f
  set -- /proc/sys/net/ipv4/conf/*
  interfaces=$#
  kept=
  if [ "$interfaces" -gt "$most_interfaces" ]; then
    number=0
    for name in all default lo "$@"; do
      name=${name##*/}
      for family in ipv4 ipv6; do
        kept="$kept /proc/sys/net/$family/conf/$name /proc/sys/net/$family/neigh/$name"
      done
      number=$((number + 1))
      [ "$number" -lt "$most_interfaces" ] || break
    done
  fi
  set -f
}

# The files of TuneD's active profiles and of what they include.
tuned_files() {
  [ -e /etc/tuned/active_profile ] || return
  echo /etc/tuned/active_profile
  echo /etc/tuned/tuned-main.conf
  todo=$(head -n 1 /etc/tuned/active_profile)
  depth=0
  while [ -n "$todo" ] && [ "$depth" -lt 8 ]; do
    depth=$((depth + 1))
    next=
    for profile in $todo; do
      case $profile in */* | .*) continue ;; esac
      for folder in /etc/tuned/profiles /etc/tuned /usr/lib/tuned/profiles /usr/lib/tuned; do
        [ -e "$folder/$profile/tuned.conf" ] || continue
        echo "$folder/$profile/tuned.conf"
        next="$next $(sed -n 's/^[ 	]*include[ 	]*=[ 	]*//p' \
          "$folder/$profile/tuned.conf" | head -n 1 | tr ',' ' ')"
        break
      done
    done
    todo=${next# }
  done
}

# Files that show who writes settings after boot has applied the sysctl files.
later_writers() {
  for path in /etc/systemd/networkd.conf /etc/systemd/network/*.network \
    /run/systemd/network/*.network; do
    if [ -f "$path" ]; then echo "$path"; fi
  done | head -n 50
  grep -als sysctl /etc/udev/rules.d/*.rules /run/udev/rules.d/*.rules /etc/rc.local \
    /etc/rc.d/rc.local /etc/network/interfaces /etc/network/interfaces.d/* /etc/local.d/*.start |
    head -n 50
}

# Every path on a line of its own; what cannot be listed is said directly.
list_files() {
  set +f
  for folder in /etc/sysctl.d /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d \
    /lib/sysctl.d /etc/modules-load.d /run/modules-load.d /usr/lib/modules-load.d; do
    case $folder in
      /lib/*) if [ -h /lib ] || [ -h /lib/sysctl.d ]; then continue; fi ;;
    esac
    [ -d "$folder" ] || continue
    if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then
      echo "unreadable $folder" >&3
      continue
    fi
    for path in "$folder"/* "$folder"/.[!.]*; do
      if [ -e "$path" ] || [ -h "$path" ]; then
        case $path in
          *"
"*) echo "unreadable $folder" >&3 ;;
          *) echo "$path" ;;
        esac
      fi
    done
  done
  for path in /etc/sysctl.conf /etc/modules /etc/ufw/ufw.conf /etc/default/ufw \
    /etc/ufw/sysctl.conf /etc/udev/rules.d/99-tuner.rules \
    /run/credentials/@system/sysctl.extra /etc/credstore/sysctl.extra; do
    if [ -e "$path" ] || [ -h "$path" ]; then echo "$path"; fi
  done
  tuned_files
  later_writers
}

# Reads ss(8) or /proc/net/tcp; sends counts, listeners and the largest groups of each state.
# shellcheck disable=SC2016 # the dollars are awk's
count_sockets='
function port(text) { sub(/.*:/, "", text); return text }
function address(text) { sub(/:[^:]*$/, "", text); return text }
form == "ss" { state = $1; here = $4; there = $5; waiting = $2; most = $3 }
form == "proc" {
  state = $4; here = $2; there = $3; most = 0
  waiting = $5; sub(/.*:/, "", waiting)
}
state == "State" || state == "st" || NF < 5 { next }
{ states[state]++ }
state == "LISTEN" || state == "0A" {
  heard[port(here)] = 1
  if (++listeners <= 2000) print "listener", here, waiting, most
  next
}
index(" ESTAB TIME-WAIT CLOSE-WAIT FIN-WAIT-1 FIN-WAIT-2 LAST-ACK SYN-SENT 01 06 08 04 05 09 02 ", \
  " " state " ") {
  if (port(here) in heard) group = state " " address(here) " " port(here) " - 0"
  else group = state " " address(here) " 0 " address(there) " " port(there)
  if (group in groups || kinds++ < 50000) groups[group]++
  else lost++
}
END {
  for (state in states) print "state", state, states[state]
  for (group in groups) print "flow", groups[group], group
  if (lost || listeners > 2000) print "truncated"
}'

# What ss -m says of each listener; the number behind "d" is what it has dropped (sk_drops).
# shellcheck disable=SC2016 # the dollars are awk's
count_drops='
$1 == "LISTEN" { here = $4 }
match($0, /[(,]d[0-9]+\)/) && here != "" {
  drops = substr($0, RSTART + 2, RLENGTH - 3)
  if (drops > 0 && shown++ < 200) print "drops", here, drops
  here = ""
}'

# Programs that hold sockets in CLOSE-WAIT, and that listen with a full queue.
# shellcheck disable=SC2016 # the dollars are awk's
count_owners='
{ state = $1; here = $4; sub(/.*:/, "", here) }
state == "LISTEN" && $2 <= $3 { next }
state != "LISTEN" && state != "CLOSE-WAIT" { next }
match($0, /users:\(\("[^"]*"/) {
  name = substr($0, RSTART + 9, RLENGTH - 10)
  gsub(/[^A-Za-z0-9_.:@+-]/, "_", name)
  if (state == "CLOSE-WAIT") here = 0
  owners[state " " here " " name]++
}
END { for (owner in owners) if (shown++ < 50) print "owner", owner, owners[owner] }'

# Looking for the programs means reading every descriptor of the host, so it is done only where
# there is something to ask about and there are not many descriptors.
owners() {
  asked=$(printf '%s\n' "$1" | awk '
    $1 == "state" && $2 == "CLOSE-WAIT" && $3 >= 20 { found = 1 }
    $1 == "listener" && $3 > $4 { found = 1 }
    END { if (found) print "yes" }')
  open=$(awk '{ print $1 }' /proc/sys/fs/file-nr)
  if [ -n "$asked" ] && [ "${open:-$most_descriptors}" -lt "$most_descriptors" ]; then
    ss -tanp | awk "$count_owners"
  fi
}

sockets() {
  number=$(awk '/^TCP:/ { print $3 + $7 }' /proc/net/sockstat)
  which=tan
  if [ "${number:-0}" -gt "$most_sockets" ]; then
    which=tln
    echo truncated
  fi
  if have ss && ss -tln >/dev/null; then
    echo 'via ss'
    told=$(ss "-$which" | awk -v form=ss "$count_sockets")
    ss -tlnm | awk "$count_drops"
    owners "$told"
  elif [ "$which" = tan ]; then
    echo 'via proc'
    told=$(cat /proc/net/tcp /proc/net/tcp6 | awk -v form=proc "$count_sockets")
  fi
  printf '%s\n' "$told" | sort -k1,1r -k2,2nr |
    awk '$1 != "flow" || flows[$3]++ < 200'
}

# One command, read whole before it runs: sh reads this script from the standard input it closes.
main() {
  echo
  echo 'tuner-probe 1'
  section first
  sample
  section system
  system
  choose_interfaces
  section live
  errors=$(read_net 2>&1 >&3; read_others 2>&1 >&3)
  section unread
  printf '%s\n' "$errors" | head -n 20000
  find /proc/sys/net/ipv4 -maxdepth 1 -name tcp_fastopen_key -exec echo withheld {} \;
  if [ -d /proc/sys/net/ipv6/conf ]; then
    echo 'withheld /proc/sys/net/ipv6/conf/*/stable_secret'
  fi
  if [ -n "$kept" ]; then echo "truncated $interfaces interfaces"; fi
  section sockets
  sockets
  section files
  paths=$(list_files | head -n "$most_entries")
  IFS='
'
  # shellcheck disable=SC2086 # split at newlines only, and set -f is on
  set -- $paths
  unset IFS
  if [ $# -ge "$most_entries" ]; then echo 'unreadable /etc/sysctl.d'; fi
  if [ $# -gt 0 ]; then
    # shellcheck disable=SC2012 # stat(1) differs between systems; find -printf is GNU's
    ls -ldn -- "$@" | sed 's/^/link /'
    # shellcheck disable=SC2012 # the same
    ls -ldnL -- "$@" | sed 's/^/stat /'
  fi
  sleep 0.5 || sleep 1
  section second
  sample
  section contents
  for path do
    shift
    if [ -f "$path" ] && [ -r "$path" ]; then set -- "$@" "$path"; fi
  done
  if [ $# -gt 0 ]; then head -v -c 1048576 -- "$@" | head -c 8388608; fi
  printf '\n@@ end %s\n' "$sections"
}

# In large pieces where dd(1) makes them: each small one would cost the asking side a packet.
gather='dd ibs=65536 obs=8192'
$gather </dev/null >/dev/null 2>&1 || gather="cat"
main 3>&1 </dev/null 2>/dev/null | $gather 2>/dev/null
exit 0
