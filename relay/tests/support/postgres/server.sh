#!/bin/sh
# A PostgreSQL of its own in a temporary folder, for as long as someone holds our input open:
# when the test process ends, however it does, the input ends, and so does the server.
# usage: server.sh BIN FSYNC. Says the folder when it runs; obeys `stop` (an immediate shutdown),
# `kill` (SIGKILL to all of its processes) and `start`, and says `done`. `make-standby` gives it a
# standby, whose socket is in `standby-socket` of the folder; `stop-standby`, `start-standby` and
# `promote-standby` are for that.
set -eu
bin=$1
fsync=$2
trap '' INT TERM HUP
folder=$(mktemp -d "${TMPDIR:-/tmp}/seqline-postgres-XXXXXX")

try_start() { "$bin/pg_ctl" start -w -t 120 -D "$1" -l "$1.log" >"$folder/start" 2>&1; }

# What was killed may take a moment to be gone; until then its memory is in use.
start() {
  attempts=0
  until try_start "$1"; do
    attempts=$((attempts + 1))
    [ "$attempts" -lt 100 ] || {
      cat "$folder/start" "$1.log" >&2
      exit 1
    }
    sleep 0.1
  done
}

stop() { "$bin/pg_ctl" stop -m immediate -D "$1" >"$folder/stop" 2>&1 || true; }

# Its own settings come last, and hold.
make_standby() {
  mkdir standby-socket
  "$bin/pg_basebackup" -h "$folder" -U postgres -D standby -R -c fast --no-sync >&2
  echo "unix_socket_directories = '$folder/standby-socket'" >>standby/postgresql.conf
  start "$folder/standby"
}

kill_all() {
  postmaster=$(head -n 1 "$folder/data/postmaster.pid")
  # Where the system does not tell them, they end by themselves when they notice.
  workers=$(cat "/proc/$postmaster/task/$postmaster/children" 2>/dev/null || true)
  # shellcheck disable=SC2086
  kill -9 "$postmaster" $workers 2>/dev/null || true
}

end() {
  stop "$folder/standby"
  stop "$folder/data"
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
start "$folder/data"
echo "$folder"
while read -r command; do
  case $command in
    stop) stop "$folder/data" ;;
    kill) kill_all ;;
    start) start "$folder/data" ;;
    make-standby) make_standby ;;
    stop-standby) stop "$folder/standby" ;;
    start-standby) start "$folder/standby" ;;
    promote-standby) "$bin/pg_ctl" promote -w -D "$folder/standby" >&2 ;;
  esac
  echo done
done
