{{- define "copyloop.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "copyloop.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "copyloop.labels" -}}
{{ include "copyloop.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "copyloop.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{- define "copyloop.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "copyloop.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* Pods migrate by themselves where no Job does it: without the Job, and with the trial database, which is not there before they are. */}}
{{- define "copyloop.migrationJob" -}}
{{- if and .Values.migration.job (not .Values.trial.postgresql.enabled) }}true{{ end -}}
{{- end -}}

{{/* Settings from Secrets, as a list of { variable, secretName, secretKey }. */}}
{{- define "copyloop.secrets" -}}
{{- $trial := printf "%s-trial" (include "copyloop.fullname" .) -}}
{{- $all := list -}}
{{- if .Values.trial.postgresql.enabled -}}
{{- $all = append $all (dict "variable" "DATABASE_URL" "secretName" $trial "secretKey" "database-url") -}}
{{- else -}}
{{- $all = append $all (dict "variable" "DATABASE_URL" "secretName" .Values.database.secretName "secretKey" .Values.database.secretKey) -}}
{{- end -}}
{{- if .Values.trial.redis.enabled -}}
{{- $all = append $all (dict "variable" "REDIS_URL" "secretName" $trial "secretKey" "redis-url") -}}
{{- else if .Values.redis.secretName -}}
{{- $all = append $all (dict "variable" "REDIS_URL" "secretName" .Values.redis.secretName "secretKey" .Values.redis.secretKey) -}}
{{- end -}}
{{- concat $all .Values.secrets | toJson -}}
{{- end -}}

{{- define "copyloop.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "copyloop.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Environment that all of copyloop's containers share. */}}
{{- define "copyloop.env" -}}
{{- range include "copyloop.secrets" . | fromJsonArray }}
- { name: {{ .variable }}_FILE, value: /run/secrets/copyloop/{{ .variable }} }
{{- end }}
- { name: COPYLOOP_STORAGE__MIGRATE, value: {{ ternary "never" "auto" (eq (include "copyloop.migrationJob" .) "true") }} }
{{- with .Values.config }}
- { name: COPYLOOP_CONFIG, value: /etc/copyloop/copyloop.yaml }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "copyloop.mounts" -}}
- { name: var, mountPath: /var/lib/copyloop }
- { name: tmp, mountPath: /tmp }
- { name: secrets, mountPath: /run/secrets/copyloop, readOnly: true }
{{- if .Values.config }}
- { name: config, mountPath: /etc/copyloop, readOnly: true }
{{- end }}
{{- end -}}

{{- define "copyloop.volumes" -}}
- name: var
{{- if eq .Values.varDir.kind "claim" }}
  persistentVolumeClaim: { claimName: {{ .Values.varDir.existingClaim | default (include "copyloop.fullname" .) }} }
{{- else }}
  emptyDir: { sizeLimit: {{ .Values.varDir.size }} }
{{- end }}
- name: tmp
  emptyDir: { sizeLimit: 2Gi }
{{ include "copyloop.secretVolume" . }}
{{- if .Values.config }}
- name: config
  configMap: { name: {{ include "copyloop.fullname" . }} }
{{- end }}
{{- end -}}

{{- define "copyloop.secretVolume" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
{{- range include "copyloop.secrets" . | fromJsonArray }}
      - secret:
          name: {{ .secretName }}
          items: [{ key: {{ .secretKey }}, path: {{ .variable }} }]
{{- end }}
{{- end -}}
