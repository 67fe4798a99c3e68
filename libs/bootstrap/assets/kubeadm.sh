#!/bin/bash
# kubeadm init or join, once. An attempt that was begun and not finished is cleared away first; the authorities that were
# placed on this machine stay.
set -Eeuo pipefail
umask 077
root=${JEROBOAM_ROOT:-}
export PATH=$PATH:/opt/bin
action=$1
kubernetes=$root/etc/kubernetes begun=$root/var/lib/jeroboam/kubeadm-begun saved=$root/run/kubeadm/pki.tar

if [ -e "$begun" ]; then
  echo 'clearing away an attempt that did not end well'
  if [ -d "$kubernetes/pki" ]; then tar -C "$kubernetes" -cf "$saved" pki; fi
  kubeadm reset --force --cri-socket unix:///var/run/containerd/containerd.sock || true
  if [ -e "$saved" ]; then
    mkdir -p "$kubernetes"
    tar -C "$kubernetes" -xpf "$saved"
    rm -f "$saved"
  fi
fi
touch "$begun"
systemctl enable --quiet kubelet
rc=0
kubeadm "$action" --config "$root/run/kubeadm/kubeadm.yaml" || rc=$?
if [ $rc -ne 0 ]; then
  journalctl --unit kubelet --lines 20 --no-pager 2>/dev/null || true
  exit "$rc"
fi
