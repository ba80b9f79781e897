{{/* What pods have in common: environment, volumes, security, scheduling. */}}

{{/* Environment of every process. `secrets`: which of the chart's secrets it gets; pods that run tasks get no database. */}}
{{- define "tradewind.env" -}}
{{- $root := .root -}}
{{- $v := $root.Values -}}
{{- $want := $v.enableBuiltInSecretEnvVars -}}
{{- if and (has "database" .secrets) $want.AIRFLOW__DATABASE__SQL_ALCHEMY_CONN }}
- name: AIRFLOW__DATABASE__SQL_ALCHEMY_CONN
  valueFrom: {secretKeyRef: {name: {{ include "tradewind.secret.metadata" $root }}, key: connection}}
{{- end }}
{{- if and (has "fernet" .secrets) $want.AIRFLOW__CORE__FERNET_KEY }}
- name: AIRFLOW__CORE__FERNET_KEY
  valueFrom: {secretKeyRef: {name: {{ include "tradewind.secret.fernet" $root }}, key: fernet-key}}
{{- end }}
{{- if and (has "jwt" .secrets) $want.AIRFLOW__API_AUTH__JWT_SECRET }}
- name: AIRFLOW__API_AUTH__JWT_SECRET
  valueFrom: {secretKeyRef: {name: {{ include "tradewind.secret.jwt" $root }}, key: jwt-secret}}
{{- end }}
{{- if and (has "api" .secrets) $want.AIRFLOW__API__SECRET_KEY }}
- name: AIRFLOW__API__SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ include "tradewind.secret.api" $root }}, key: {{ include "tradewind.secret.api.key" $root }}}}
{{- end }}
{{- if and (has "broker" .secrets) (include "tradewind.celery" $root) $want.AIRFLOW__CELERY__BROKER_URL }}
- name: AIRFLOW__CELERY__BROKER_URL
  valueFrom: {secretKeyRef: {name: {{ include "tradewind.secret.broker" $root }}, key: connection}}
{{- end }}
{{- with include "tradewind.bundles" $root }}
- name: AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST
  value: {{ . | quote }}
- name: AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH
  value: {{ $v.airflowHome }}/bundles
{{- end }}
{{- if not .plain }}
{{- range $v.env }}
- name: {{ .name }}
  value: {{ tpl (toString .value) $root | quote }}
{{- end }}
{{- range $v.secret }}
- name: {{ .envName }}
  valueFrom: {secretKeyRef: {name: {{ .secretName }}, key: {{ .secretKey | default "value" }}}}
{{- end }}
{{- range $v.variables }}
- name: AIRFLOW_VAR_{{ .key | upper }}
  value: {{ tpl (toString .value) $root | quote }}
{{- end }}
{{- with $v.extraEnv }}
{{ tpl (kindIs "string" . | ternary . (toYaml .)) $root }}
{{- end }}
{{- end }}
{{- range .more }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}

{{- define "tradewind.envFrom" -}}
{{- with .Values.extraEnvFrom }}
envFrom:
{{ tpl (kindIs "string" . | ternary . (toYaml .)) $ | indent 2 }}
{{- else }}
{{- with .Values.envFrom }}
envFrom:
{{ toYaml . | indent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* [dag_processor] dag_bundle_config_list, if DAG files come from repositories. */}}
{{- define "tradewind.bundles" -}}
{{- $git := .Values.dags.gitSync -}}
{{- if .Values.dagProcessor.dagBundleConfigList -}}
{{- $list := .Values.dagProcessor.dagBundleConfigList -}}
{{- kindIs "string" $list | ternary $list (toJson $list) -}}
{{- else if $git.enabled -}}
{{- if not $git.repo }}{{ fail "dags.gitSync.enabled needs dags.gitSync.repo, the address of the repository" }}{{ end -}}
{{- $reference := $git.ref | default (ternary "" $git.rev (or (not $git.rev) (eq (toString $git.rev) "HEAD"))) | default $git.branch | default "HEAD" -}}
{{- $kwargs := dict "repo_url" $git.repo "tracking_ref" (toString $reference) -}}
{{- with $git.subPath }}{{ $_ := set $kwargs "subdir" . }}{{ end -}}
{{- with $git.depth }}{{ $_ := set $kwargs "depth" (int .) }}{{ end -}}
{{- with $git.maxFailures }}{{ if gt (int .) 0 }}{{ $_ := set $kwargs "max_failures" (int .) }}{{ end }}{{ end -}}
{{- $_ := set $kwargs "refresh_interval" (include "tradewind.seconds" ($git.wait | default $git.period | default 5) | float64) -}}
{{- if or $git.sshKeySecret $git.sshKey $git.credentialsSecret $git.knownHosts -}}
{{- $_ := set $kwargs "credentials_folder" "/etc/git-secret" -}}
{{- end -}}
{{- if not $git.knownHosts }}{{ $_ := set $kwargs "strict_host_key_checking" "accept-new" }}{{ end -}}
{{- if $git.caSecret }}{{ $_ := set $kwargs "ca_file" "/etc/git-ca/ca.crt" }}{{ end -}}
{{- list (dict "name" "dags-folder" "classpath" "airflow.providers.git.bundles.git.GitDagBundle" "kwargs" $kwargs) | toJson -}}
{{- end -}}
{{- end }}

{{/* `60`, `60s`, `5m`, `1h` or `500ms` in seconds. */}}
{{- define "tradewind.seconds" -}}
{{- $text := toString . -}}
{{- if hasSuffix "ms" $text -}}{{ divf (trimSuffix "ms" $text | float64) 1000.0 }}
{{- else if hasSuffix "s" $text -}}{{ trimSuffix "s" $text }}
{{- else if hasSuffix "m" $text -}}{{ mulf (trimSuffix "m" $text | float64) 60.0 }}
{{- else if hasSuffix "h" $text -}}{{ mulf (trimSuffix "h" $text | float64) 3600.0 }}
{{- else -}}{{ $text }}{{- end -}}
{{- end }}

{{/* Mounts of a container. `dags`, `logs`: whether it needs them. */}}
{{- define "tradewind.mounts" -}}
{{- $v := .root.Values -}}
- {name: config, mountPath: {{ $v.airflowHome }}/airflow.cfg, subPath: airflow.cfg, readOnly: true}
{{- if include "tradewind.kubernetes" .root }}
- {name: config, mountPath: {{ $v.airflowHome }}/pod_templates/pod_template_file.yaml, subPath: pod_template_file.yaml, readOnly: true}
{{- end }}
{{- if .logs }}
- name: logs
  mountPath: {{ $v.airflowHome }}/logs
  {{- with $v.logs.persistence.subPath }}
  subPath: {{ . }}
  {{- end }}
{{- end }}
{{- if .dags }}
{{- if include "tradewind.bundles" .root }}
- {name: bundles, mountPath: {{ $v.airflowHome }}/bundles}
{{- end }}
{{- if $v.dags.persistence.enabled }}
- name: dags
  mountPath: {{ include "tradewind.dags" .root }}
  readOnly: true
  {{- with $v.dags.persistence.subPath }}
  subPath: {{ . }}
  {{- end }}
{{- end }}
{{- include "tradewind.gitMounts" .root }}
{{- end }}
{{- with $v.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- with .more }}
{{ tpl (toYaml .) $.root }}
{{- end }}
{{- end }}

{{- define "tradewind.gitMounts" -}}
{{- $git := .Values.dags.gitSync -}}
{{- if $git.enabled }}
{{- if or $git.sshKeySecret $git.sshKey $git.credentialsSecret $git.knownHosts }}
- {name: git-secret, mountPath: /etc/git-secret, readOnly: true}
{{- end }}
{{- if $git.caSecret }}
- {name: git-ca, mountPath: /etc/git-ca, readOnly: true}
{{- end }}
{{- end }}
{{- end }}

{{- define "tradewind.volumes" -}}
{{- $v := .root.Values -}}
{{- $git := $v.dags.gitSync -}}
- name: config
  configMap: {name: {{ include "tradewind.fullname" .root }}-config}
{{- if .logs }}
- name: logs
  {{- if $v.logs.persistence.enabled }}
  persistentVolumeClaim: {claimName: {{ $v.logs.persistence.existingClaim | default (printf "%s-logs" (include "tradewind.fullname" .root)) }}}
  {{- else if not .claim }}
  emptyDir: {{ $v.logs.emptyDirConfig | default dict | toJson }}
  {{- end }}
{{- end }}
{{- if .dags }}
{{- if include "tradewind.bundles" .root }}
- name: bundles
  emptyDir: {}
{{- end }}
{{- if $v.dags.persistence.enabled }}
- name: dags
  persistentVolumeClaim: {claimName: {{ $v.dags.persistence.existingClaim | default (printf "%s-dags" (include "tradewind.fullname" .root)) }}}
{{- end }}
{{- if $git.enabled }}
{{- if or $git.sshKeySecret $git.sshKey $git.credentialsSecret $git.knownHosts }}
- name: git-secret
  projected:
    # Readable by the group alone: ssh takes no key that its own user owns and others may read.
    defaultMode: 288
    sources:
      {{- if or $git.sshKeySecret $git.sshKey }}
      - secret: {name: {{ $git.sshKeySecret | default (printf "%s-ssh-secret" (include "tradewind.fullname" .root)) }}, items: [{key: gitSshKey, path: ssh}]}
      {{- end }}
      {{- with $git.credentialsSecret }}
      - secret: {name: {{ . }}}
      {{- end }}
      {{- if $git.knownHosts }}
      - configMap: {name: {{ include "tradewind.fullname" .root }}-config, items: [{key: known_hosts, path: known_hosts}]}
      {{- end }}
{{- end }}
{{- with $git.caSecret }}
- name: git-ca
  secret: {secretName: {{ . }}}
{{- end }}
{{- end }}
{{- end }}
{{- with $v.volumes }}
{{ toYaml . }}
{{- end }}
{{- with .more }}
{{ tpl (toYaml .) $.root }}
{{- end }}
{{- end }}

{{/* Security of a pod: of the component, else of the chart, else `uid` and `gid`. */}}
{{- define "tradewind.podSecurity" -}}
{{- $own := .own | default dict -}}
{{- $contexts := $own.securityContexts | default dict -}}
{{- $chosen := $contexts.pod | default $own.securityContext | default .root.Values.securityContexts.pod | default .root.Values.securityContext -}}
{{- $default := dict "runAsUser" (.uid | default .root.Values.uid) "fsGroup" .root.Values.gid -}}
{{- toJson ($chosen | default $default) -}}
{{- end }}

{{- define "tradewind.containerSecurity" -}}
{{- $contexts := (.own | default dict).securityContexts | default dict -}}
{{- toJson ($contexts.container | default .root.Values.securityContexts.containers | default (dict "allowPrivilegeEscalation" false "capabilities" (dict "drop" (list "ALL")))) -}}
{{- end }}

{{/* Where pods go. */}}
{{- define "tradewind.scheduling" -}}
{{- $own := .own -}}
{{- $v := .root.Values -}}
{{- with $own.priorityClassName | default $v.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $v.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with $own.nodeSelector | default $v.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with $own.affinity | default $v.affinity }}
affinity: {{ toJson . }}
{{- end }}
{{- with $own.tolerations | default $v.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with $own.topologySpreadConstraints | default $v.topologySpreadConstraints }}
topologySpreadConstraints: {{ toJson . }}
{{- end }}
{{- with $v.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}

{{/* Waits until the migration job is done. */}}
{{- define "tradewind.waitForMigrations" -}}
{{- if (default dict .own.waitForMigrations).enabled }}
- name: wait-for-airflow-migrations
  image: {{ include "tradewind.image" (dict "root" .root) }}
  imagePullPolicy: {{ .root.Values.images.airflow.pullPolicy }}
  args: ["db", "check-migrations", "--migration-wait-timeout=300"]
  securityContext: {{ include "tradewind.containerSecurity" (dict "root" .root "own" .own) }}
  {{- include "tradewind.envFrom" .root | nindent 2 }}
  env:
    {{- include "tradewind.env" (dict "root" .root "secrets" (list "database" "fernet") "more" .own.waitForMigrations.env) | nindent 4 }}
  volumeMounts:
    {{- include "tradewind.mounts" (dict "root" .root) | nindent 4 }}
{{- end }}
{{- end }}

{{/* A pod of a component: what a Deployment's or StatefulSet's template is. */}}
{{- define "tradewind.podTemplate" -}}
{{- $root := .root -}}
{{- $own := .own -}}
metadata:
  labels:
    {{- include "tradewind.labels" (dict "root" $root "component" .component "more" $own.labels) | nindent 4 }}
  annotations:
    checksum/config: {{ include (print $root.Template.BasePath "/configmap.yaml") $root | sha256sum }}
    {{- if .evict }}
    cluster-autoscaler.kubernetes.io/safe-to-evict: "true"
    {{- end }}
    {{- with mergeOverwrite (deepCopy $root.Values.airflowPodAnnotations) (deepCopy $own.podAnnotations) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "tradewind.scheduling" (dict "root" $root "own" $own) | nindent 2 }}
  {{- with $own.hostAliases }}
  hostAliases: {{ toJson . }}
  {{- end }}
  {{- with $own.terminationGracePeriodSeconds }}
  terminationGracePeriodSeconds: {{ . }}
  {{- end }}
  restartPolicy: Always
  serviceAccountName: {{ include "tradewind.serviceAccount" (dict "root" $root "account" $own.serviceAccount "component" .component) }}
  securityContext: {{ include "tradewind.podSecurity" (dict "root" $root "own" $own) }}
  {{- $init := "" }}
  {{- if .migrations }}{{ $init = include "tradewind.waitForMigrations" (dict "root" $root "own" $own) | trim }}{{ end }}
  {{- if or $init $own.extraInitContainers }}
  initContainers:
    {{- if $init }}
    {{- $init | nindent 4 }}
    {{- end }}
    {{- with $own.extraInitContainers }}
    {{- tpl (toYaml .) $root | nindent 4 }}
    {{- end }}
  {{- end }}
  containers:
    - name: {{ .container | default .component }}
      image: {{ include "tradewind.image" (dict "root" $root "image" .image) }}
      imagePullPolicy: {{ $root.Values.images.airflow.pullPolicy }}
      {{- with $own.command }}
      command: {{ tpl (toJson .) $root }}
      {{- end }}
      {{- with $own.args }}
      args: {{ tpl (toJson .) $root }}
      {{- end }}
      securityContext: {{ include "tradewind.containerSecurity" (dict "root" $root "own" $own) }}
      {{- with $own.containerLifecycleHooks | default $root.Values.containerLifecycleHooks }}
      lifecycle: {{ tpl (toJson .) $root }}
      {{- end }}
      resources: {{ toJson $own.resources }}
      {{- include "tradewind.envFrom" $root | nindent 6 }}
      env:
        {{- include "tradewind.env" (dict "root" $root "secrets" .secrets "more" $own.env) | nindent 8 }}
      {{- with .ports }}
      ports: {{ toJson . }}
      {{- end }}
      {{- with .probes }}
      {{- . | nindent 6 }}
      {{- end }}
      volumeMounts:
        {{- include "tradewind.mounts" (dict "root" $root "dags" .dags "logs" true "more" $own.extraVolumeMounts) | nindent 8 }}
    {{- with $own.extraContainers }}
    {{- tpl (toYaml .) $root | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "tradewind.volumes" (dict "root" $root "dags" .dags "logs" true "claim" .claim "more" $own.extraVolumes) | nindent 4 }}
{{- end }}

{{/* A probe that asks the database whether this process is alive. */}}
{{- define "tradewind.jobProbe" -}}
{{- if .probe.enabled | default (not (hasKey .probe "enabled")) }}
{{ .kind }}:
  exec:
    command: {{ .probe.command | default (list "tradewind" "jobs" "check" "--job-type" .job "--local") | toJson }}
  {{- with .probe.initialDelaySeconds }}
  initialDelaySeconds: {{ . }}
  {{- end }}
  timeoutSeconds: {{ .probe.timeoutSeconds }}
  failureThreshold: {{ .probe.failureThreshold }}
  periodSeconds: {{ .probe.periodSeconds }}
{{- end }}
{{- end }}

{{- define "tradewind.serviceAccountObject" -}}
{{- $all := .root.Values.serviceAccount -}}
{{- if and .account.create $all.create (not .account.name) (not $all.name) }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "tradewind.serviceAccount" (dict "root" .root "account" .account "component" .component) }}
  labels:
    {{- include "tradewind.labels" (dict "root" .root "component" .component) | nindent 4 }}
  {{- with mergeOverwrite (deepCopy $all.annotations) (deepCopy (.account.annotations | default dict)) (.hooks | default dict) }}
  annotations: {{ toJson . }}
  {{- end }}
automountServiceAccountToken: {{ .account.automountServiceAccountToken }}
{{- end }}
{{- end }}

{{- define "tradewind.disruptionBudget" -}}
{{- if .own.podDisruptionBudget.enabled }}
---
apiVersion: {{ ternary "policy/v1" "policy/v1beta1" (.root.Capabilities.APIVersions.Has "policy/v1") }}
kind: PodDisruptionBudget
metadata:
  name: {{ include "tradewind.fullname" .root }}-{{ .component }}-pdb
  labels:
    {{- include "tradewind.labels" (dict "root" .root "component" .component) | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- include "tradewind.selector" (dict "root" .root "component" .component) | nindent 6 }}
  {{- toYaml .own.podDisruptionBudget.config | nindent 2 }}
{{- end }}
{{- end }}
