#!/usr/bin/env bash
# Builds the image where there is neither Docker nor a registry of images: bash deploy/build-image.sh [NAME]
# buildah runs deploy/Dockerfile on a base of debootstrap and Node from npm, under the name that its FROM lines
# have. Debian, as root. Leaves the image NAME (copyloop) in buildah's storage and its SBOM in var/image.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-copyloop}
base=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' deploy/Dockerfile | sort -u)
release=$(sed 's/.*-\(.*\)-slim/\1/' <<<"$base")
major=$(sed 's/node:\([0-9]*\).*/\1/' <<<"$base")
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
folder=var/image
root=$PWD/$folder/base
# In a sandbox, which may make no namespaces.
export BUILDAH_ISOLATION=chroot

for tool in buildah debootstrap npm; do
  command -v "$tool" >/dev/null || { echo "there is no $tool: apt-get install buildah debootstrap"; exit 1; }
done

mkdir -p "$folder"
if ! buildah inspect --type image "docker.io/library/$base" >/dev/null 2>&1; then
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase --include=ca-certificates "$release" "$root" "$mirror" >"$folder/debootstrap.log"
  arch=$(node -p process.arch)
  npm install --prefix "$folder/node" --no-save --ignore-scripts "node-linux-$arch@$major" >/dev/null
  install -m 755 "$folder/node/node_modules/node-linux-$arch/bin/node" "$root/usr/local/bin/node"
  npm install --prefix "$root/usr/local" --global --ignore-scripts npm@11 >/dev/null
  # npm trusts what the system trusts.
  mkdir -p "$root/usr/local/etc"
  echo 'cafile=/etc/ssl/certs/ca-certificates.crt' >"$root/usr/local/etc/npmrc"
  chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash node
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$root" / >/dev/null
  buildah config --cmd node "$container"
  buildah commit --quiet --rm --format docker "$container" "docker.io/library/$base" >/dev/null
  rm -rf "$root"
fi

# With the certificates and npm's cache of this machine. docker: the OCI format has no HEALTHCHECK.
cache=$(npm config get cache)
mkdir -p "$cache"
buildah bud --quiet --format docker --pull-never --volume /etc/ssl/certs:/etc/ssl/certs:ro \
  --volume "$cache:/root/.npm" --file deploy/Dockerfile --tag "$name" .
npm sbom --package-lock-only --sbom-format cyclonedx --omit dev --omit optional >"$folder/sbom.cdx.json"
buildah images "$name"
echo "SBOM: $folder/sbom.cdx.json, $(node -p "JSON.parse(require('fs').readFileSync('$folder/sbom.cdx.json')).components.length") components"
