{{/* A HorizontalPodAutoscaler of a component. */}}
{{- define "tradewind.hpa" }}
{{- $new := .root.Capabilities.APIVersions.Has "autoscaling/v2" }}
apiVersion: {{ $new | ternary "autoscaling/v2" "autoscaling/v2beta2" }}
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "tradewind.fullname" .root }}-{{ .component }}
  labels:
    {{- include "tradewind.labels" (dict "root" .root "component" (printf "%s-horizontalpodautoscaler" .component)) | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: {{ .kind }}
    name: {{ include "tradewind.fullname" .root }}-{{ .component }}
  minReplicas: {{ .own.hpa.minReplicaCount }}
  maxReplicas: {{ .own.hpa.maxReplicaCount }}
  metrics: {{ .own.hpa.metrics | default (list (dict "type" "Resource" "resource" (dict "name" "cpu" "target" (dict "type" "Utilization" "averageUtilization" 80)))) | toJson }}
  {{- with .own.hpa.behavior }}
  behavior: {{ toJson . }}
  {{- end }}
{{- end }}
