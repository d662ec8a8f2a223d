{{/* The pod of a relay, the same in the StatefulSet and in the Deployment but for where its data is. */}}
{{- define "seqline.pod" -}}
metadata:
  labels:
    {{- include "seqline.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A relay reads its configuration when it starts: another one begins a rolling restart.
    checksum/config: {{ printf "%s%s" (toJson .Values.apps) .Values.postgres.url | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "seqline.fullname" . }}
  automountServiceAccountToken: false
  # The delay, the drain and a margin. A relay that is killed loses nothing either, but its devices find out late.
  terminationGracePeriodSeconds: {{ add .Values.drain.delay_s (div .Values.drain.time_ms 1000) .Values.drain.margin_s }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10340
    runAsGroup: 10340
    fsGroup: 10340
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: relay
      image: {{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      env:
        - name: SEQLINE_CONFIG
          value: /etc/seqline/seqline.toml
        - name: SEQLINE_LISTEN
          value: 0.0.0.0:7340
        # What is for operators is not where the public comes, and without TLS.
        - name: SEQLINE_METRICS_LISTEN
          value: 0.0.0.0:9340
        - name: SEQLINE_DRAIN_MS
          value: {{ .Values.drain.time_ms | int64 | quote }}
        - name: SEQLINE_RECONNECT_WINDOW_MS
          value: {{ .Values.drain.reconnect_window_ms | int64 | quote }}
        {{- if eq .Values.storage "postgres" }}
        - name: SEQLINE_DATABASE
          valueFrom:
            secretKeyRef:
              name: {{ include "seqline.databaseSecret" . }}
              key: {{ .Values.postgres.existingSecretKey }}
        {{- else }}
        - name: SEQLINE_DATABASE
          value: sqlite:/var/lib/seqline/seqline.db
        {{- end }}
        {{- /* Helm reads numbers as fractions, and would write a million as 1e+06. */}}
        {{- range $key, $value := .Values.settings }}
        - name: SEQLINE_{{ $key | upper }}
          {{- if kindIs "float64" $value }}
          value: {{ $value | int64 | quote }}
          {{- else if kindIs "slice" $value }}
          value: {{ $value | join "," | quote }}
          {{- else }}
          value: {{ $value | toString | quote }}
          {{- end }}
        {{- end }}
      ports:
        - name: http
          containerPort: 7340
        - name: operators
          containerPort: 9340
      # Migrations of a large database take their time: ten minutes.
      startupProbe:
        httpGet:
          path: /healthz
          port: operators
        periodSeconds: 2
        failureThreshold: 300
      # Restarting mends nothing of what /readyz tells: it is not asked here.
      livenessProbe:
        httpGet:
          path: /healthz
          port: operators
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet:
          path: /readyz
          port: operators
        periodSeconds: 2
        timeoutSeconds: 5
        failureThreshold: 2
      lifecycle:
        preStop:
          exec:
            command: [sleep, {{ .Values.drain.delay_s | quote }}]
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/seqline
          readOnly: true
        - name: data
          mountPath: /var/lib/seqline
        - name: tmp
          mountPath: /tmp
  volumes:
    - name: config
      secret:
        secretName: {{ include "seqline.configSecret" . }}
        defaultMode: 0440
    - name: tmp
      emptyDir: {}
    {{- if eq .Values.storage "postgres" }}
    - name: data
      emptyDir: {}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  # One node or zone that is lost takes few relays with it.
  topologySpreadConstraints:
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "seqline.selector" $ | nindent 10 }}
    {{- end }}
{{- end -}}
