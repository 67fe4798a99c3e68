#!/bin/bash
# Makes the disk image of a Kubernetes node for `npm start -- --hypervisor qemu`: Debian by debootstrap, cloud-init, containerd,
# and Kubernetes from a folder of yours. Needs root, debootstrap, qemu-utils, sfdisk and mkfs.ext4; mounts nothing but /proc.
#   scripts/vm/node-image.sh --output node.qcow2 [--kubernetes DIR] [--suite trixie] [--mirror URL] [--size 4G] [--base FILE.tar]
# docs/real-vms.md says what is in DIR. Without URL, Debian comes from where this computer's apt has it. FILE.tar keeps Debian
# as debootstrap made it, for the next image.
set -Eeuo pipefail
umask 022

output='' kubernetes='' suite=trixie mirror='' size=4G base=''
while [ $# -gt 0 ]; do
  case $1 in
    --output) output=$2 ;;
    --kubernetes) kubernetes=$2 ;;
    --suite) suite=$2 ;;
    --mirror) mirror=$2 ;;
    --size) size=$2 ;;
    --base) base=$2 ;;
    --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown option $1" >&2; exit 64 ;;
  esac
  shift 2
done

fail() { echo "node-image: $*" >&2; exit 1; }

[ -n "$output" ] || fail '--output FILE is needed'
if [ -z "$mirror" ] && command -v apt-get >/dev/null; then
  # The one this computer has its own packages from.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -E '/debian/?$' | head -n 1 || true)
fi
[ -n "$mirror$base" ] || fail '--mirror URL of a Debian archive is needed'
[ "$(id -u)" = 0 ] || fail 'must be run as root (debootstrap makes a whole system)'
for tool in debootstrap:debootstrap qemu-img:qemu-utils sfdisk:fdisk mkfs.ext4:e2fsprogs tar:tar; do
  command -v "${tool%%:*}" >/dev/null || fail "${tool%%:*} is missing: apt-get install ${tool##*:}"
done
if [ -n "$kubernetes" ]; then
  for program in kubeadm kubelet kubectl; do
    [ -f "$kubernetes/bin/$program" ] || fail "there is no bin/$program in $kubernetes"
  done
fi

work=$(mktemp -d /var/tmp/node-image.XXXXXX)
root=$work/root
containerd=''
unmount() {
  local dir
  for dir in proc/sys/fs/binfmt_misc sys proc; do
    if mountpoint --quiet "$root/$dir"; then umount "$root/$dir"; fi
  done
}
cleanup() {
  if [ -n "$containerd" ]; then kill "$containerd" 2>/dev/null || true; wait "$containerd" 2>/dev/null || true; fi
  unmount
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

packages=(
  linux-image-cloud-amd64 grub-pc-bin grub-common systemd-sysv systemd-resolved systemd-timesyncd dbus kmod udev
  cloud-init cloud-guest-utils e2fsprogs netplan.io openssh-server ca-certificates curl python3 iproute2 procps iputils-ping
  containerd runc containernetworking-plugins conntrack ethtool iptables nftables socat util-linux
)

say() { echo "node-image: $*"; }

clean=(/usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive)
in_root() { chroot "$root" "${clean[@]}" "$@"; }

install_debian() {
  say "Debian $suite from $mirror"
  local list
  list=$(IFS=,; echo "${packages[*]}")
  debootstrap --variant=minbase --include="$list" "$suite" "$root" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; fail 'debootstrap did not succeed'; }
  unmount
  in_root apt-get clean
  rm -rf "$root"/var/lib/apt/lists/*
  if [ -n "$base" ]; then
    tar -C "$root" --numeric-owner --xattrs -cpf "$base.new" .
    mv "$base.new" "$base"
  fi
}

configure() {
  mount -t proc proc "$root/proc"
  echo 'LABEL=node-root / ext4 defaults,noatime,x-systemd.growfs 0 1' >"$root/etc/fstab"
  echo node >"$root/etc/hostname"
  : >"$root/etc/machine-id"
  rm -f "$root/etc/ssh/ssh_host_"*
  ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
  printf 'overlay\nbr_netfilter\n' >"$root/etc/modules-load.d/kubernetes.conf"
  # No metadata service is asked for: everything is on the config drive.
  printf 'datasource_list: [ ConfigDrive, None ]\n' >"$root/etc/cloud/cloud.cfg.d/90-datasource.cfg"
  printf 'apt:\n  preserve_sources_list: true\n' >"$root/etc/cloud/cloud.cfg.d/91-apt.cfg"
  in_root systemctl enable --quiet systemd-networkd systemd-resolved systemd-timesyncd containerd
  in_root systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service grub-common.service
  # An emulated machine makes an RSA key for as long as it boots.
  printf 'ssh_genkeytypes: [ ed25519 ]\n' >"$root/etc/cloud/cloud.cfg.d/92-ssh.cfg"
  mkdir -p "$root/opt/cni/bin"
  cp -a "$root/usr/lib/cni/." "$root/opt/cni/bin/"
}

install_kubernetes() {
  local version file
  install -m 0755 "$kubernetes"/bin/* "$root/usr/local/bin/"
  # kubeadm and the distribution's units name /usr/bin.
  for file in kubeadm kubelet kubectl; do ln -sf "../local/bin/$file" "$root/usr/bin/$file"; done
  if compgen -G "$kubernetes/cni/*" >/dev/null; then install -m 0755 "$kubernetes"/cni/* "$root/opt/cni/bin/"; fi
  mkdir -p "$root/etc/systemd/system/kubelet.service.d"
  cat >"$root/etc/systemd/system/kubelet.service" <<'UNIT'
[Unit]
Description=The Kubernetes node agent
Wants=network-online.target
After=network-online.target containerd.service
# kubeadm writes it and starts the service: until then it would begin and fail every ten seconds, beside all that boots.
ConditionPathExists=/var/lib/kubelet/config.yaml

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
  cat >"$root/etc/systemd/system/kubelet.service.d/10-kubeadm.conf" <<'UNIT'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
UNIT
  in_root systemctl enable --quiet kubelet
  version=$(in_root kubeadm version -o short) || fail 'kubeadm of the folder does not run'
  say "Kubernetes $version"
  if compgen -G "$kubernetes/images/*.tar*" >/dev/null; then preload_images; fi
}

# Imported and unpacked now: a node that boots pulls nothing and unpacks nothing.
preload_images() {
  local file n
  printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$work/containerd.toml"
  cp "$work/containerd.toml" "$root/run/containerd-build.toml"
  # No function: $! must be containerd itself, which else goes on after its shell.
  chroot "$root" "${clean[@]}" containerd --config /run/containerd-build.toml --address /run/containerd-build.sock \
    --state /run/containerd-build >"$work/containerd.log" 2>&1 &
  containerd=$!
  for ((n = 0; n < 60; n++)); do
    if in_root ctr --address /run/containerd-build.sock version >/dev/null 2>&1; then break; fi
    sleep 0.5
  done
  mkdir -p "$root/run/images"
  for file in "$kubernetes"/images/*.tar*; do
    say "image ${file##*/}"
    case $file in
      *.gz) gzip -dc "$file" >"$root/run/images/image.tar" ;;
      *) cp "$file" "$root/run/images/image.tar" ;;
    esac
    in_root ctr --address /run/containerd-build.sock --namespace k8s.io images import /run/images/image.tar >/dev/null ||
      { tail -n 5 "$work/containerd.log" >&2; fail "${file##*/} cannot be imported"; }
  done
  kill "$containerd"
  wait "$containerd" 2>/dev/null || true
  containerd=''
  rm -rf "$root/run/images" "$root"/run/containerd-build*
}

# A BIOS disk without loop devices: GRUB's two parts are written where they belong, the file system is filled from the folder.
# Timers go at the tick's pace (highres): Go's runtimes ask for some of 20 microseconds, dear interrupts where they are emulated.
make_disk() {
  local disk=$work/disk.raw
  unmount
  rm -rf "$root"/var/log/*.log "$root"/tmp/*
  # Nothing is left for the first boot to rebuild: linker cache, journal catalogue, users.
  in_root ldconfig
  in_root journalctl --update-catalog
  touch "$root/etc/.updated" "$root/var/.updated"
  mkdir -p "$root/boot/grub"
  cat >"$root/boot/grub/grub.cfg" <<'CFG'
set timeout=0
serial --unit=0 --speed=115200
search --no-floppy --label node-root --set=root
linux /vmlinuz root=LABEL=node-root ro console=tty0 console=ttyS0,115200 net.ifnames=0 mitigations=off panic=10 highres=off preempt=none tsc=reliable nowatchdog
initrd /initrd.img
boot
CFG
  in_root grub-mkimage --format=i386-pc --output=/boot/grub/core.img --prefix='(hd0,msdos1)/boot/grub' \
    biosdisk part_msdos ext2 normal linux search search_label serial terminal configfile
  [ "$(stat -c %s "$root/boot/grub/core.img")" -lt $((2047 * 512)) ] || fail "GRUB's core is too large"
  rm -f "$disk"
  truncate -s "$size" "$disk"
  echo 'start=2048, type=83, bootable' | sfdisk --quiet "$disk"
  mkfs.ext4 -q -F -L node-root -d "$root" -E offset=1048576 "$disk" "$((($(stat -c %s "$disk") - 1048576) / 1024))k"
  dd if="$root/usr/lib/grub/i386-pc/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
  dd if="$root/boot/grub/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
  qemu-img convert -f raw -O qcow2 "$disk" "$output.new"
  rm -f "$disk"
  mv "$output.new" "$output"
  say "$output, $(du -h "$output" | cut -f 1)"
}

if [ -n "$base" ] && [ -e "$base" ]; then
  say "Debian from $base"
  mkdir -p "$root"
  tar -C "$root" --numeric-owner --xattrs -xpf "$base"
else
  install_debian
fi
configure
if [ -n "$kubernetes" ]; then install_kubernetes; fi
make_disk
