#!/usr/bin/env bash
# release-notes.sh v1.2.3: prints the changelog's section of a version. Fails unless the tag is the version of package.json and of
# the chart, and the section is there and says something.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=${1:?usage: release-notes.sh vMAJOR.MINOR.PATCH}
version=${tag#v}
fail() { echo "release-notes: $*" >&2; exit 1; }
[[ $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "$tag is no tag such as v1.2.3"
package=$(node -p 'require("./package.json").version')
[ "$package" = "$version" ] || fail "package.json has version $package, the tag says $version"
chart=$(sed -n 's/^version: *//p' deploy/helm/copyloop/Chart.yaml)
[ "$chart" = "$version" ] || fail "Chart.yaml has version $chart, the tag says $version"
notes=$(awk -v version="$version" '
  /^## / { inside = index($0, "## " version " ") == 1 || $0 == "## " version || index($0, "## [" version "]") == 1; next }
  inside' CHANGELOG.md)
[[ $notes =~ [^[:space:]] ]] || fail "CHANGELOG.md has no section \"## $version\""
printf '%s\n' "$notes"
