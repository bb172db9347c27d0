#!/usr/bin/env bash
# Checks the Helm chart without a cluster: lint, six installations rendered and validated, values that must be refused.
# Needs helm; with python3 also kubernetes-validate and checkov, in a virtual environment of their own below var/.
set -uo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:$(go env GOPATH 2>/dev/null || echo "$HOME/go")/bin
chart=deploy/helm/copyloop
kubernetes=1.31.0
venv=${CHART_VENV:-var/chart-venv}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0

fail() { echo "FAILED: $*"; failed=1; }

if ! command -v helm >/dev/null && command -v go >/dev/null; then
  timeout 300 go install helm.sh/helm/v3/cmd/helm@v3.18.6 || echo 'helm cannot be installed by go'
fi
if ! command -v helm >/dev/null; then
  echo 'SKIPPED: there is no helm (and no go that installs it), so the chart is not checked'
  exit 0
fi

cmp deploy/prometheus/rules.yaml "$chart/files/rules.yaml" || fail "the chart's alerts are not those of deploy/prometheus: copy the file"

for values in deploy/helm/ci/*.yaml; do
  name=$(basename "$values" .yaml)
  helm lint --quiet --strict --kube-version "$kubernetes" "$chart" --values "$values" || fail "helm lint, $name"
  helm template loop "$chart" --namespace copy --kube-version "$kubernetes" --values "$values" >"$out/$name.yaml" ||
    fail "helm template, $name"
  [ "$(grep -c '^kind:' "$out/$name.yaml")" -ge 3 ] || fail "$name renders next to nothing"
done

# refused WHY OPTION...: what an operator may get wrong must be said when the chart is rendered, and say what it is about.
refused() {
  local why=$1 said
  shift
  if said=$(helm template loop "$chart" --kube-version "$kubernetes" "$@" 2>&1); then fail "not refused: $*"; return; fi
  grep -qi -- "$why" <<<"$said" || fail "refused, but not for $why: $said"
}
database='database.secretName=db'
refused 'database.secretName is empty'
refused 'replica' --set "$database,server.replica=3"
refused 'replicas' --set "$database,server.replicas=many"
refused 'stages' --set "$database,workers.main.stages[0]=train"
refused 'artifacts.kind' --set "$database,varDir.kind=emptyDir"
refused 'readinessPath' --set "$database,server.readinessPath=/"
refused 'digest' --set "$database,image.digest=abc"
refused 'password' --set "$database,database.password=secret"
refused 'variable' --set "$database,secrets[0].variable=lower,secrets[0].secretName=a,secrets[0].secretKey=b"
refused 'schedule' --set "$database,keda.enabled=true,workers.main.keda.minReplicas=0"
refused 'ingress.host' --set "$database,ingress.enabled=true"
refused 'parentRefs' --set "$database,httpRoute.enabled=true"
refused 'backup.out' --set "$database,backup.enabled=true"
refused 'days' --set "$database,retention.enabled=true,retention.days=0"
refused 'role' --set "$database,apiKeys[0].name=a,apiKeys[0].role=root,apiKeys[0].secretName=a,apiKeys[0].secretKey=k"
refused 'memory' --set "$database,server.resources.limits.memory=lots"
refused 'namespace' --set "$database,keda.namespace=No_Name"

# Who counts the open work must reach the trial's PostgreSQL from its own namespace.
scaled=$(helm template loop "$chart" --namespace copy --kube-version "$kubernetes" --show-only templates/trial.yaml \
  --set trial.postgresql.enabled=true,trial.redis.enabled=true,keda.enabled=true,keda.namespace=scaling)
[ "$(grep -c 'kubernetes.io/metadata.name: scaling' <<<"$scaled")" -eq 1 ] || fail "KEDA's operator does not reach the trial's PostgreSQL"
grep -q '@loop-copyloop-postgresql.copy:5432/' <<<"$scaled" || fail "KEDA's operator does not find the trial's PostgreSQL"

[ -x "$venv/bin/checkov" ] || { python3 -m venv "$venv" && timeout 600 "$venv/bin/pip" install --quiet kubernetes-validate checkov; }
if [ ! -x "$venv/bin/checkov" ]; then
  echo 'SKIPPED: kubernetes-validate and checkov cannot be installed, so manifests are not validated'
else
  valid() { "$venv/bin/kubernetes-validate" --quiet --strict --kubernetes-version "${kubernetes%.*}" "$1"; }
  # A check that lets everything through looks like one that finds nothing.
  printf 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { prots: [] }\n' >"$out/wrong"
  valid "$out/wrong" >/dev/null 2>&1 && fail 'kubernetes-validate lets a wrong manifest through'
  for file in "$out"/*.yaml; do
    name=$(basename "$file" .yaml)
    # Kinds of operators (KEDA, Prometheus, Gateway) have no schema there.
    helm_kinds=$out/$name.core
    "$venv/bin/python" - "$file" >"$helm_kinds" <<'PY' || fail "$name cannot be read"
import sys, yaml
core = ('v1', 'apps/v1', 'batch/v1', 'policy/v1', 'autoscaling/v2', 'networking.k8s.io/v1')
documents = [d for d in yaml.safe_load_all(open(sys.argv[1])) if d]
yaml.safe_dump_all([d for d in documents if d['apiVersion'] in core], sys.stdout)
PY
    valid "$helm_kinds" || fail "kubernetes-validate, $name"
  done
  # Left to whoever installs it: image by tag or digest, and its pull policy. The image's user is 1000, which checkov finds low.
  LOG_LEVEL=CRITICAL timeout 600 "$venv/bin/checkov" --directory "$out" --framework kubernetes --compact --quiet \
    --skip-check CKV_K8S_40,CKV_K8S_43,CKV_K8S_14,CKV_K8S_15 || fail checkov
fi

[ "$failed" -eq 0 ] && echo "the chart holds: $(ls deploy/helm/ci | wc -l) installations, 17 refusals"
exit "$failed"
