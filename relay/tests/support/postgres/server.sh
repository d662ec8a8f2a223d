#!/bin/sh
# A PostgreSQL of its own in a temporary folder, for as long as someone holds our input open:
# when the test process ends, however it does, the input ends, and so does the server.
# usage: server.sh BIN FSYNC. Says the folder when it runs; obeys `stop` (an immediate shutdown),
# `kill` (SIGKILL to all of its processes) and `start`, and says `done`.
set -eu
bin=$1
fsync=$2
trap '' INT TERM HUP
folder=$(mktemp -d "${TMPDIR:-/tmp}/seqline-postgres-XXXXXX")

try_start() { "$bin/pg_ctl" start -w -t 120 -D "$folder/data" -l "$folder/log" >"$folder/start" 2>&1; }

# What was killed may take a moment to be gone; until then its memory is in use.
start() {
  attempts=0
  until try_start; do
    attempts=$((attempts + 1))
    [ "$attempts" -lt 100 ] || {
      cat "$folder/start" "$folder/log" >&2
      exit 1
    }
    sleep 0.1
  done
}

stop() { "$bin/pg_ctl" stop -m immediate -D "$folder/data" >"$folder/stop" 2>&1 || true; }

kill_all() {
  postmaster=$(head -n 1 "$folder/data/postmaster.pid")
  # Where the system does not tell them, they end by themselves when they notice.
  workers=$(cat "/proc/$postmaster/task/$postmaster/children" 2>/dev/null || true)
  # shellcheck disable=SC2086
  kill -9 "$postmaster" $workers 2>/dev/null || true
}

end() {
  stop
  cd /
  rm -rf "$folder"
}
trap end EXIT

cd "$folder"
"$bin/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync >init 2>&1 || {
  cat init >&2
  exit 1
}
cat >>data/postgresql.conf <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
max_connections = 300
shared_buffers = 64MB
fsync = $fsync
full_page_writes = $fsync
autovacuum = off
CONF
start
echo "$folder"
while read -r command; do
  case $command in
    stop) stop ;;
    kill) kill_all ;;
    start) start ;;
  esac
  echo done
done
