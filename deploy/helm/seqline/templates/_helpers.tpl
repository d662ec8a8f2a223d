{{/* Names and labels, the same in every template. */}}

{{- define "seqline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "seqline.fullname" -}}
{{- $name := include "seqline.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "seqline.selector" -}}
app.kubernetes.io/name: {{ include "seqline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "seqline.labels" -}}
{{ include "seqline.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The Secret with seqline.toml. */}}
{{- define "seqline.configSecret" -}}
{{- default (printf "%s-config" (include "seqline.fullname" .)) .Values.existingSecret -}}
{{- end -}}

{{/* The Secret with the database's URL. */}}
{{- define "seqline.databaseSecret" -}}
{{- default (printf "%s-database" (include "seqline.fullname" .)) .Values.postgres.existingSecret -}}
{{- end -}}
