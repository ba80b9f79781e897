{{/* The pod that each task of the KubernetesExecutor gets: no secret of the database or of the api-server is in it. */}}
{{- define "tradewind.workerPod" -}}
apiVersion: v1
kind: Pod
metadata:
  name: placeholder
  labels:
    {{- include "tradewind.labels" (dict "root" . "component" "worker" "more" .Values.workers.labels) | nindent 4 }}
  annotations:
    cluster-autoscaler.kubernetes.io/safe-to-evict: {{ .Values.workers.safeToEvict | quote }}
    {{- with mergeOverwrite (deepCopy .Values.airflowPodAnnotations) (deepCopy .Values.workers.podAnnotations) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  restartPolicy: Never
  {{- include "tradewind.scheduling" (dict "root" . "own" .Values.workers) | nindent 2 }}
  {{- with .Values.workers.hostAliases }}
  hostAliases: {{ toJson . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.workers.terminationGracePeriodSeconds }}
  serviceAccountName: {{ include "tradewind.serviceAccount" (dict "root" . "account" .Values.workers.serviceAccount "component" "worker") }}
  securityContext: {{ include "tradewind.podSecurity" (dict "root" . "own" .Values.workers) }}
  {{- with .Values.workers.extraInitContainers }}
  initContainers:
    {{- tpl (toYaml .) $ | nindent 4 }}
  {{- end }}
  containers:
    - name: base
      image: {{ include "tradewind.image" (dict "root" . "image" .Values.images.pod_template) }}
      imagePullPolicy: {{ .Values.images.pod_template.pullPolicy }}
      securityContext: {{ include "tradewind.containerSecurity" (dict "root" . "own" .Values.workers) }}
      resources: {{ toJson .Values.workers.resources }}
      {{- include "tradewind.envFrom" . | nindent 6 }}
      env:
        {{- include "tradewind.env" (dict "root" . "secrets" list "more" .Values.workers.env) | nindent 8 }}
      volumeMounts:
        {{- include "tradewind.podMounts" . | nindent 8 }}
    {{- with .Values.workers.extraContainers }}
    {{- tpl (toYaml .) $ | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "tradewind.volumes" (dict "root" . "dags" true "logs" true "more" .Values.workers.extraVolumes) | nindent 4 }}
{{- end }}

{{- define "tradewind.podMounts" -}}
{{- include "tradewind.mounts" (dict "root" . "dags" true "logs" true "more" .Values.workers.extraVolumeMounts) -}}
{{- end }}
