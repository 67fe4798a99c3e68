#!/bin/bash
# Makes the machine ready for kubeadm. With --mode prebuilt Kubernetes is in the image and is only checked; with --mode
# stock it is installed, pinned and held. Values come as arguments, never as text of this script.
set -Eeuo pipefail
umask 022
root=${JEROBOAM_ROOT:-}
mode='' version='' packages='' key_sha256='' containerd_url='' containerd_sha256='' docker_volume=0 etcd_volume=0
while [ $# -gt 0 ]; do
  case $1 in
    --mode) mode=$2 ;;
    --version) version=$2 ;;
    --packages) packages=$2 ;;
    --packages-key-sha256) key_sha256=$2 ;;
    --containerd-url) containerd_url=$2 ;;
    --containerd-sha256) containerd_sha256=$2 ;;
    --docker-volume) docker_volume=$2 ;;
    --etcd-volume) etcd_volume=$2 ;;
    *) echo "unknown option $1"; exit 64 ;;
  esac
  shift 2
done

# Lines KEY=value, taken as they are: nothing in them is run.
while IFS= read -r line; do export "${line?}"; done < <(cat "$root/etc/jeroboam/environment" 2>/dev/null || true)

retry() { # command...: six times, with growing pauses
  local n
  for n in 1 2 3 4 5 6; do
    if "$@"; then return 0; fi
    echo "attempt $n failed: $1"
    sleep $((n * ${JEROBOAM_PAUSE:-5}))
  done
  return 1
}

host_settings() {
  if [ "$(stat -fc %T "$root/sys/fs/cgroup")" != cgroup2fs ]; then
    echo 'this image runs cgroup v1; Kubernetes 1.35 and later need cgroup v2'
    exit 1
  fi
  swapoff -a
  if [ -e "$root/etc/fstab" ]; then sed -i '/^[^#].*[[:space:]]swap[[:space:]]/s/^/#/' "$root/etc/fstab"; fi
  modprobe -a overlay br_netfilter
  sysctl --quiet --load "$root/etc/sysctl.d/90-jeroboam.conf"
  local n
  for ((n = 0; n < 60; n++)); do # certificates begin now: wait for the clock, but not for ever
    if [ "$(timedatectl show --property NTPSynchronized --value 2>/dev/null || echo no)" = yes ]; then return 0; fi
    sleep 1
  done
  echo 'the clock is not synchronised; going on'
}

volume() { # purpose directory: makes a file system on the volume if it has none, and mounts it
  local id device n
  mountpoint --quiet "$root$2" && return 0
  id=$(python3 -c 'import json,sys
meta = json.load(open(sys.argv[1]))["ds"]["meta_data"]
print(meta.get("meta", meta)["jeroboam_volume_" + sys.argv[2]])' "$root/run/cloud-init/instance-data.json" "$1")
  for ((n = 0; n < 300; n++)); do
    device=$(find "$root/dev/disk/by-id" -name "*${id:0:20}*" ! -name '*-part*' 2>/dev/null | head -n 1)
    if [ -n "$device" ]; then break; fi
    sleep 1
  done
  if [ -z "$device" ]; then echo "the $1 volume $id did not appear"; exit 1; fi
  if ! blkid "$device" >/dev/null; then mkfs.ext4 -q -L "jeroboam-$1" "$device"; fi
  mkdir -p "$root$2"
  echo "LABEL=jeroboam-$1 $2 ext4 defaults,nofail,x-systemd.device-timeout=300 0 2" >>"$root/etc/fstab"
  mount "$device" "$root$2"
}

fetch_key() {
  local file=$root/etc/apt/keyrings/jeroboam-kubernetes.asc
  curl --fail --silent --show-error --location --proto '=https' --max-time 60 --output "$file.new" "$packages/Release.key" || return 1
  if [ -n "$key_sha256" ] && ! echo "$key_sha256  $file.new" | sha256sum --check --quiet; then
    echo "the key of $packages is not the pinned one"
    exit 1
  fi
  mv "$file.new" "$file"
}

apt() { DEBIAN_FRONTEND=noninteractive retry apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"; }

fetch_containerd() {
  local file=$root/run/containerd.tar.gz
  curl --fail --silent --show-error --location --proto '=https' --max-time 600 --output "$file" "$containerd_url" || return 1
  if ! echo "$containerd_sha256  $file" | sha256sum --check --quiet; then
    echo "the containerd archive has not the digest $containerd_sha256"
    exit 1
  fi
  tar -C "$root/usr/local" -xzf "$file"
  rm -f "$file"
  # The unit of the distribution's package names /usr/bin.
  mkdir -p "$root/etc/systemd/system/containerd.service.d"
  printf '[Service]\nExecStart=\nExecStart=/usr/local/bin/containerd\n' >"$root/etc/systemd/system/containerd.service.d/10-jeroboam-binary.conf"
}

install_packages() {
  systemctl stop apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service 2>/dev/null || true
  mkdir -p "$root/etc/apt/keyrings"
  retry fetch_key
  echo "deb [signed-by=/etc/apt/keyrings/jeroboam-kubernetes.asc] $packages/ /" >"$root/etc/apt/sources.list.d/jeroboam-kubernetes.list"
  apt update
  apt install --no-install-recommends --allow-change-held-packages "kubelet=${version#v}-*" "kubeadm=${version#v}-*" "kubectl=${version#v}-*" \
    cri-tools kubernetes-cni conntrack ethtool iptables nftables socat containerd runc
  apt-mark hold kubelet kubeadm kubectl
  if [ -n "$containerd_url" ]; then retry fetch_containerd; fi
}

check_version() { # command that prints a version
  local found
  found=$("$@") || { echo "$1 is not on this image"; exit 1; }
  found=${found##* }
  if [ "$found" != "$version" ]; then echo "$1 is $found, this cluster wants $version"; exit 1; fi
}

host_settings
if [ "$docker_volume" -gt 0 ]; then volume docker /var/lib/containerd; fi
if [ "$etcd_volume" -gt 0 ]; then volume etcd /var/lib/jeroboam-etcd; fi
if [ "$mode" = stock ]; then install_packages; fi
check_version kubeadm version -o short
check_version kubelet --version
