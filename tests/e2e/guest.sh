#!/bin/sh
# The first process of a user-mode Linux whose root is this machine's, read-only: it makes trouble that
# is a whole machine's, not a namespace's, and prints what the probe says of it.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=${0%/*}
mkfifo /tmp/ready

ask() {
  echo "==BEGIN $1=="
  sh "$here/../../tuner/remote/probe.sh"
  echo "==END $1=="
}

# Runs the guest's program, asks while it runs, and ends it.
during() {
  python3 -I -S "$here/guest.py" "$1" >/tmp/ready &
  read -r _ </tmp/ready
  ask "$1"
  kill $!
  wait $!
}

set_to() { echo "$2" >"/proc/sys/$1"; }

ip link set lo up
modules=/usr/lib/uml/modules/$(uname -r)/kernel
busybox insmod "$modules/drivers/net/dummy.ko"
ip link add link0 type dummy
ip link set link0 arp on
ip addr add 10.9.0.1/16 dev link0
ip link set link0 up

ask idle

set_to net/ipv4/neigh/default/gc_thresh1 1
set_to net/ipv4/neigh/default/gc_thresh2 8
set_to net/ipv4/neigh/default/gc_thresh3 16
during neighbours
set_to net/ipv4/tcp_max_orphans 300
during orphans
during buffers
set_to fs/file-max $(($(awk '{ print $1 }' /proc/sys/fs/file-nr) * 10 / 9))
ask files
ip link set lo mtu 1500 gso_max_size 1500 gso_max_segs 1
set_to net/core/netdev_max_backlog 0
during packets
set_to net/core/netdev_max_backlog 1000

busybox insmod "$modules/net/ipv6/netfilter/nf_defrag_ipv6.ko"
busybox insmod "$modules/net/ipv4/netfilter/nf_defrag_ipv4.ko"
busybox insmod "$modules/net/netfilter/nf_conntrack.ko" enable_hooks=1
set_to net/netfilter/nf_conntrack_buckets 512
set_to net/netfilter/nf_conntrack_max 100
during entries
set_to net/netfilter/nf_conntrack_max 5000
ask room
set_to net/netfilter/nf_conntrack_max 16384
ask chains
busybox poweroff -f
