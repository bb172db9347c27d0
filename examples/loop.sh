#!/usr/bin/env bash
# The whole loop on one page: import, run, gate, predict, feedback, next run. About two minutes: bash examples/loop.sh
# Needs what `npm ci` leaves, and curl. Everything it makes lies in a folder that is gone afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f dist/cli/main.js ] || { echo 'first: npm ci' >&2; exit 2; }
work=$(mktemp -d)
chmod 755 "$work" # as root, PostgreSQL runs as a user of its own and has to get in
url=http://127.0.0.1:18081
server=''
copyloop() { node dist/cli/main.js "$@" --config "$work/loop.yaml"; }
finish() {
  [ -z "$server" ] || { kill -TERM "$server" 2>/dev/null && wait "$server"; } || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Settings that differ from config/default.yaml: our table, one quick recipe, and another run after twenty outcomes.
cat >"$work/loop.yaml" <<YAML
storage: { varDir: $work/var }
server: { port: 18081 }
data: { source: { kind: file, path: $work/products.csv } }
pipeline: { candidates: [{ name: head, recipe: head, seed: 1 }] }
feedback: { retrainAfter: 20, debounceMs: 1000 }
YAML

echo '== 1. import: a small table of products, with the ratings that their texts were given'
awk 'BEGIN {
  split("lamp chair shirt kettle bag", noun); split("sturdy soft bright superb reliable", good)
  split("flimsy scratchy dull broken faulty", bad); srand(1)
  print "title,description,rating"
  for (i = 1; i <= 400; i++) {
    n = noun[1 + int(rand() * 5)]; isGood = rand() < 0.5
    word = isGood ? good[1 + int(rand() * 5)] : bad[1 + int(rand() * 5)]
    printf "%s no. %d,The %s is %s and we have used it for %d weeks.,%d\n", n, i, n, word, 1 + int(rand() * 50), isGood ? 5 : 1
  }
}' >"$work/products.csv"
head -n 3 "$work/products.csv"

echo '== 2. run and gate: freeze the table, train, compare with the champion on held-out rows (now: with the majority)'
copyloop run --wait
copyloop models

echo '== 3. predict: the winner is served'
# Not by the function: a shell of its own would stand between, and take the signal that ends the server.
node dist/cli/main.js start --no-schedule --config "$work/loop.yaml" >"$work/server.log" 2>&1 &
server=$!
until curl --silent --fail --output /dev/null "$url/ready"; do
  kill -0 "$server" 2>/dev/null || { tail -n 20 "$work/server.log"; exit 1; }
  sleep 0.5
done
copyloop predict --title 'Canvas Bag' --description 'Sturdy, with a soft handle.' --count 2

echo '== 4. feedback: what people say of twenty creatives'
for i in $(seq 1 20); do
  id=$(curl --silent --fail-with-body "$url/predict" --json "{\"title\":\"Lamp $i\",\"description\":\"A bright and sturdy lamp.\"}" |
    sed -n 's/.*"prediction_id":"\([^"]*\)".*/\1/p')
  outcome=$([ $((i % 4)) -eq 0 ] && echo rejected || echo accepted)
  curl --silent --fail-with-body --output /dev/null "$url/feedback" --json "{\"prediction_id\":\"$id\",\"outcome\":\"$outcome\"}"
done

echo '== 5. next run: started by the feedback, over the same table and what was learned; the gate decides again'
runs() { curl --silent --fail "$url/runs"; }
until [[ $(runs) == *'"trigger":"feedback"'* ]]; do
  kill -0 "$server" || exit 1
  sleep 0.5
done
while [[ $(runs) == *'"status":"active"'* ]]; do sleep 0.5; done
copyloop runs latest
copyloop models --history
[[ $(copyloop runs --status succeeded --json) == *feedback* ]]
