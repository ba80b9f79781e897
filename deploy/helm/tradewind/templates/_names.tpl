{{/* Names, labels, images and what else every object has in common. */}}

{{- define "tradewind.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "tradewind.port" -}}
{{- .Values.ports.apiServer | default .Values.ports.airflowUI -}}
{{- end }}

{{/* Labels of a component; `tier` as in Airflow's chart. */}}
{{- define "tradewind.labels" -}}
tier: airflow
component: {{ .component }}
release: {{ .root.Release.Name }}
chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
heritage: {{ .root.Release.Service }}
{{- with .root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- with .more }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tradewind.selector" -}}
tier: airflow
component: {{ .component }}
release: {{ .root.Release.Name }}
{{- end }}

{{- define "tradewind.image" -}}
{{- $v := .root.Values -}}
{{- $own := .image | default dict -}}
{{- $base := $v.images.airflow -}}
{{- $repository := $own.repository | default $base.repository | default $v.defaultAirflowRepository -}}
{{- $digest := $own.digest | default $base.digest | default $v.defaultAirflowDigest -}}
{{- if and $digest (not $own.tag) -}}
{{ $repository }}@{{ $digest }}
{{- else -}}
{{ $repository }}:{{ $own.tag | default $base.tag | default $v.defaultAirflowTag }}
{{- end -}}
{{- end }}

{{/* Values of the server: `apiServer` over `webserver`. */}}
{{- define "tradewind.server" -}}
{{- mergeOverwrite (deepCopy .Values.webserver) (deepCopy .Values.apiServer) | toYaml -}}
{{- end }}

{{- define "tradewind.celery" -}}
{{- if contains "Celery" .Values.executor }}true{{ end -}}
{{- end }}
{{- define "tradewind.edge" -}}
{{- if contains "Edge" .Values.executor }}true{{ end -}}
{{- end }}
{{- define "tradewind.kubernetes" -}}
{{- if contains "Kubernetes" .Values.executor }}true{{ end -}}
{{- end }}
{{- define "tradewind.workers" -}}
{{- if or (include "tradewind.celery" .) (include "tradewind.edge" .) }}true{{ end -}}
{{- end }}

{{/* The folder of DAG files, where they are not in a repository. */}}
{{- define "tradewind.dags" -}}
{{- .Values.dags.mountPath | default (printf "%s/dags" .Values.airflowHome) -}}
{{- end }}

{{- define "tradewind.serviceAccount" -}}
{{- $own := .account | default dict -}}
{{- $all := .root.Values.serviceAccount -}}
{{- if $own.name -}}{{ tpl $own.name .root }}
{{- else if $all.name -}}{{ tpl $all.name .root }}
{{- else if and $own.create $all.create -}}{{ include "tradewind.fullname" .root }}-{{ .component }}
{{- else -}}default{{- end -}}
{{- end }}

{{/* Names of secrets. */}}
{{- define "tradewind.secret.metadata" -}}
{{- .Values.data.metadataSecretName | default (printf "%s-metadata" (include "tradewind.fullname" .)) -}}
{{- end }}
{{- define "tradewind.secret.broker" -}}
{{- .Values.data.brokerUrlSecretName | default (printf "%s-broker-url" (include "tradewind.fullname" .)) -}}
{{- end }}
{{- define "tradewind.secret.fernet" -}}
{{- .Values.fernetKeySecretName | default (printf "%s-fernet-key" (include "tradewind.fullname" .)) -}}
{{- end }}
{{- define "tradewind.secret.jwt" -}}
{{- .Values.jwtSecretName | default (printf "%s-jwt-secret" (include "tradewind.fullname" .)) -}}
{{- end }}
{{- define "tradewind.secret.redis" -}}
{{- .Values.redis.passwordSecretName | default (printf "%s-redis-password" (include "tradewind.fullname" .)) -}}
{{- end }}
{{/* The key for sessions: Airflow 3's secret has it as `api-secret-key`, Airflow 2's as `webserver-secret-key`. */}}
{{- define "tradewind.secret.api" -}}
{{- .Values.apiSecretKeySecretName | default .Values.webserverSecretKeySecretName | default (printf "%s-api-secret-key" (include "tradewind.fullname" .)) -}}
{{- end }}
{{- define "tradewind.secret.api.key" -}}
{{- if .Values.apiSecretKeySecretName -}}api-secret-key
{{- else if .Values.webserverSecretKeySecretName -}}webserver-secret-key
{{- else -}}api-secret-key{{- end -}}
{{- end }}

{{/* What a secret had before, so that an upgrade keeps it; else the given value. */}}
{{- define "tradewind.kept" -}}
{{- $old := lookup "v1" "Secret" .root.Release.Namespace .name | default dict -}}
{{- $data := get $old "data" | default dict -}}
{{- if hasKey $data .key -}}
{{- get $data .key | b64dec -}}
{{- else -}}
{{- .new -}}
{{- end -}}
{{- end }}

{{- define "tradewind.dagProcessor" -}}
{{- $on := .Values.dagProcessor.enabled -}}
{{- if or (kindIs "invalid" $on) (eq (toString $on) "true") -}}true{{- end -}}
{{- end }}
