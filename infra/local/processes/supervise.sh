#!/bin/sh
# Keeps one program of a cluster running, for machines without systemd: starts it again when it ends unasked, slower each time it fails
# soon after its start. A shell, because it costs a megabyte where another Node.js costs fifty.
# Usage: supervise.sh PIDFILE LOGFILE COMMAND [ARGUMENT...]
# PIDFILE names this shell, PIDFILE.child the program. SIGTERM ends both. Exit status 78 (EX_CONFIG) of the program means: do not try again.
pidfile=$1 log=$2
shift 2
child= stopping=
# Between its fork and its exec the child is a copy of this shell, and a signal it gets then is lost: its command line tells when it is itself
end() {
  while cmp -s "/proc/$$/cmdline" "/proc/$child/cmdline" 2>/dev/null; do sleep 0.01; done
  kill -TERM "$child" 2>/dev/null
}
stop() { stopping=yes; [ -z "$child" ] || end; }
trap stop TERM INT
trap '' HUP
echo $$ >"$pidfile"
failures=0
while [ -z "$stopping" ]; do
  began=$(date +%s)
  "$@" >>"$log" 2>&1 </dev/null &
  child=$!
  echo "$child" >"$pidfile.child"
  [ -z "$stopping" ] || end
  # wait returns early when a signal arrives, so it is asked until the program is really gone
  wait "$child"; status=$?
  while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
  child=
  [ -z "$stopping" ] || break
  [ "$status" -ne 78 ] || break
  echo "supervise: ended with status $status, starting again" >>"$log"
  if [ $(($(date +%s) - began)) -lt 10 ]; then failures=$((failures + 1)); else failures=0; fi
  [ "$failures" -le 5 ] || failures=5
  [ "$failures" -eq 0 ] || sleep "$failures" &
  wait $!
done
rm -f "$pidfile" "$pidfile.child"
