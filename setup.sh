#!/usr/bin/env sh
# Checks Node, installs, and says what to do next.
set -eu
cd "$(dirname "$0")"

if ! command -v node >/dev/null 2>&1; then
  echo "Node.js is not installed: copyloop needs Node.js 20.19 or later (https://nodejs.org)." >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
  echo "Node.js $(node --version) is too old: copyloop needs 20.19 or later." >&2
  exit 1
fi

npm ci

cat <<'NEXT'

copyloop is installed. Next:
  npm start                              five stages, then a champion on http://127.0.0.1:8080
  npm test                               the tests, on servers that they start themselves
  npm run --silent copyloop -- --help    all commands
  npm run --silent copyloop -- doctor    what this machine lacks, if anything
NEXT
