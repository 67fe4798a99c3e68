#!/bin/bash
# Puts the container runtime's configuration in force and waits for it to answer.
set -Eeuo pipefail
umask 022
root=${JEROBOAM_ROOT:-}
export PATH=$PATH:/opt/bin
version='' repository=''
while [ $# -gt 0 ]; do
  case $1 in
    --version) version=$2 ;;
    --repository) repository=$2 ;;
    *) echo "unknown option $1"; exit 64 ;;
  esac
  shift 2
done
config=$root/etc/containerd/config.toml

# containerd 1.x reads another version of the file, with other names.
case $(containerd --version) in
  *' v1.'* | *' 1.'*) cp "$root/etc/jeroboam/containerd-1.toml" "$config" ;;
esac

# kubeadm knows which pause image belongs to it; what the image maker preloaded is that one.
pause=$(kubeadm config images list --kubernetes-version "$version" --image-repository "$repository" 2>/dev/null | grep '/pause:' || true)
if [[ $pause =~ ^[a-z0-9._:/-]+/pause:[0-9.]+$ ]]; then sed -i "s#\"[^\"]*/pause:[0-9.]*\"#\"$pause\"#" "$config"; fi

systemctl daemon-reload
systemctl enable --quiet containerd
systemctl restart containerd
for ((n = 0; n < 60; n++)); do
  if ctr --connect-timeout 2s version >/dev/null 2>&1; then exit 0; fi
  sleep 1
done
echo 'containerd does not answer'
journalctl --unit containerd --lines 30 --no-pager || true
exit 1
