{{/* Which values do nothing: what was given is held against a copy of values.yaml. */}}

{{/* Paths in `given` that `known` has not, one a line. An empty map, a list or a scalar there takes anything. */}}
{{- define "tradewind.unknownIn" -}}
{{- $top := . -}}
{{- range $key, $value := .given -}}
{{- $path := ternary (printf "%s.%s" $top.path $key) $key (ne $top.path "") -}}
{{- if not (hasKey $top.known $key) }}
{{ $path }}
{{- else if and (kindIs "map" $value) (kindIs "map" (index $top.known $key)) -}}
{{- $known := index $top.known $key -}}
{{- if and $known (not (has $path (list "config" "enableBuiltInSecretEnvVars"))) -}}
{{- include "tradewind.unknownIn" (dict "given" $value "known" $known "path" $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tradewind.unknown" -}}
{{- $known := .Files.Get "files/known-values.yaml" | fromYaml -}}
{{- /* These two have the keys of another one. */ -}}
{{- $_ := set $known "apiServer" $known.webserver -}}
{{- $_ := set $known.ingress "apiServer" $known.ingress.web -}}
{{- $given := omit (deepCopy .Values) "global" -}}
{{- include "tradewind.unknownIn" (dict "given" $given "known" $known "path" "") -}}
{{- end }}
