#!/bin/sh
# A PostgreSQL of its own in a temporary folder, for as long as someone holds our input open:
# when the test process ends, however it does, the input ends, and so does the server.
# usage: server.sh BIN FSYNC. Says the folder when it runs; obeys `stop`, `start`, and says `done`.
set -eu
bin=$1
fsync=$2
trap '' INT TERM HUP
folder=$(mktemp -d "${TMPDIR:-/tmp}/seqline-postgres-XXXXXX")

start() {
  "$bin/pg_ctl" start -w -t 120 -D "$folder/data" -l "$folder/log" >"$folder/start" 2>&1 || {
    cat "$folder/start" "$folder/log" >&2
    exit 1
  }
}

stop() { "$bin/pg_ctl" stop -m immediate -D "$folder/data" >"$folder/stop" 2>&1 || true; }

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
    start) start ;;
  esac
  echo done
done
