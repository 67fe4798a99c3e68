#!/bin/bash
# Makes the machine ready for kubeadm. With --mode prebuilt Kubernetes is in the image and is only checked; with packages it
# is installed, pinned and held; with binaries it comes from archives with known digests. Values come as arguments, never
# as text of this script.
set -Eeuo pipefail
umask 022
root=${JEROBOAM_ROOT:-}
mode='' version='' packages='' key_sha256='' containerd_url='' containerd_sha256='' docker_volume='' etcd_volume=''
kubernetes_url='' kubernetes_sha256='' cni_url='' cni_sha256='' prefix=/usr/local trust=0 time=0
while [ $# -gt 0 ]; do
  case $1 in
    --mode) mode=$2 ;;
    --version) version=$2 ;;
    --packages) packages=$2 ;;
    --packages-key-sha256) key_sha256=$2 ;;
    --containerd-url) containerd_url=$2 ;;
    --containerd-sha256) containerd_sha256=$2 ;;
    --kubernetes-url) kubernetes_url=$2 ;;
    --kubernetes-sha256) kubernetes_sha256=$2 ;;
    --cni-url) cni_url=$2 ;;
    --cni-sha256) cni_sha256=$2 ;;
    --prefix) prefix=$2 ;;
    --trust) trust=$2 ;;
    --time) time=$2 ;;
    --docker-volume) docker_volume=$2 ;;
    --etcd-volume) etcd_volume=$2 ;;
    *) echo "unknown option $1"; exit 64 ;;
  esac
  shift 2
done
export PATH=$PATH:$prefix/bin

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
  if [ "$trust" = 1 ]; then
    if command -v update-ca-trust >/dev/null; then update-ca-trust extract; else update-ca-certificates; fi
  fi
  if [ "$time" = 1 ]; then systemctl try-restart systemd-timesyncd.service chrony.service chronyd.service || true; fi
  local n
  for ((n = 0; n < 60; n++)); do # certificates begin now: wait for the clock, but not for ever
    if [ "$(timedatectl show --property NTPSynchronized --value 2>/dev/null || echo no)" = yes ]; then return 0; fi
    sleep 1
  done
  echo 'the clock is not synchronised; going on'
}

volume() { # purpose directory uuid: makes a file system on the volume if it has none, and mounts it
  local id=$3 device='' n
  mountpoint --quiet "$root$2" && return 0
  for ((n = 0; n < 300; n++)); do
    device=$(find "$root/dev/disk/by-id" -name "*${id:0:20}*" ! -name '*-part*' 2>/dev/null | head -n 1)
    if [ -n "$device" ]; then break; fi
    sleep 1
  done
  if [ -z "$device" ]; then echo "the $1 volume $id did not appear"; exit 1; fi
  mkdir -p "$root$2"
  if ! blkid "$device" >/dev/null; then
    mkfs.ext4 -q -L "jeroboam-$1" "$device"
    keep "$device" "$root$2"
  fi
  if ! grep -q "^LABEL=jeroboam-$1 " "$root/etc/fstab" 2>/dev/null; then
    echo "LABEL=jeroboam-$1 $2 ext4 defaults,nofail,x-systemd.device-timeout=300 0 2" >>"$root/etc/fstab"
  fi
  mount "$device" "$root$2"
  if command -v restorecon >/dev/null; then restorecon -R "$root$2" || true; fi
}

keep() { # device directory: what the image has in the directory, images that were unpacked beforehand, goes along
  if [ -z "$(find "$2" -mindepth 1 -maxdepth 1 2>/dev/null | head -n 1)" ]; then return 0; fi
  systemctl stop containerd.service 2>/dev/null || true
  mkdir -p "$root/run/jeroboam-volume"
  mount "$1" "$root/run/jeroboam-volume"
  cp -a "$2/." "$root/run/jeroboam-volume/"
  umount "$root/run/jeroboam-volume"
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

fetch() { # name url sha256: an archive, in $archive; nothing of it is used before its digest is right
  archive=$root/run/jeroboam-$1.tar.gz
  curl --fail --silent --show-error --location --proto '=https,http' --max-time 900 --output "$archive" "$2" || return 1
  if echo "$3  $archive" | sha256sum --check --quiet; then return 0; fi
  rm -f "$archive"
  echo "the $1 archive has not the digest $3"
  exit 1
}

install_containerd() {
  retry fetch containerd "$containerd_url" "$containerd_sha256"
  mkdir -p "$root$prefix" "$root/etc/systemd/system/containerd.service.d"
  tar -C "$root$prefix" -xzf "$archive"
  rm -f "$archive"
  # The unit of the distribution names /usr/bin.
  printf '[Service]\nExecStart=\nExecStart=%s/bin/containerd\n' "$prefix" >"$root/etc/systemd/system/containerd.service.d/10-jeroboam-binary.conf"
}

install_binaries() {
  local found name new=$root/run/jeroboam-kubernetes
  retry fetch kubernetes "$kubernetes_url" "$kubernetes_sha256"
  rm -rf "$new"
  mkdir -p "$new" "$root$prefix/bin" "$root/opt/cni/bin"
  tar -C "$new" --no-same-owner -xzf "$archive"
  rm -f "$archive"
  for name in kubeadm kubelet kubectl; do
    found=$(find "$new" -type f -name "$name" | head -n 1)
    if [ -z "$found" ]; then echo "the kubernetes archive has no $name"; exit 1; fi
    install -m 0755 "$found" "$root$prefix/bin/$name"
  done
  rm -rf "$new"
  retry fetch cni "$cni_url" "$cni_sha256"
  tar -C "$root/opt/cni/bin" --no-same-owner -xzf "$archive"
  rm -f "$archive"
  if command -v restorecon >/dev/null; then restorecon -R "$root$prefix/bin" "$root/opt/cni" || true; fi
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
}

check_version() { # command that prints a version
  local found
  found=$("$@") || { echo "$1 is not on this image"; exit 1; }
  found=${found##* }
  if [ "$found" != "$version" ]; then echo "$1 is $found, this cluster wants $version"; exit 1; fi
}

host_settings
if [ -n "$docker_volume" ]; then volume docker /var/lib/containerd "$docker_volume"; fi
if [ -n "$etcd_volume" ]; then volume etcd /var/lib/jeroboam-etcd "$etcd_volume"; fi
case $mode in
  prebuilt) ;;
  packages) install_packages ;;
  binaries) install_binaries ;;
  *) echo "unknown mode $mode"; exit 64 ;;
esac
if [ -n "$containerd_url" ]; then install_containerd; fi
check_version kubeadm version -o short
check_version kubelet --version
