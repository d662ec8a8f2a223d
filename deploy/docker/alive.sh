#!/bin/bash
# Whether the relay answers: `/healthz`, since restarting mends nothing that `/readyz` tells of
# (docs/recovery.md). Where operators are served, which is never TLS. Bash alone, so that the image needs no HTTP client.
set -euo pipefail

listen="${SEQLINE_METRICS_LISTEN:-${SEQLINE_LISTEN:-127.0.0.1:7340}}"
exec 3<>"/dev/tcp/127.0.0.1/${listen##*:}"
printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
