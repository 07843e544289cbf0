#!/bin/bash
# Keeps one program of a cluster running, for machines without systemd: starts it again when it ends unasked, slower each time it fails
# soon after its start. A second shell, the guard, waits for the end of this one, and takes its place and the running program should somebody
# kill it; this one replaces a killed guard. Shells, because they cost a megabyte where another Node.js costs fifty.
# Usage: supervise.sh PIDFILE LOGFILE COMMAND [ARGUMENT...]
# PIDFILE names this shell, PIDFILE.guard the guard, PIDFILE.child the program. SIGTERM to this shell ends all three. Exit status 78 (EX_CONFIG)
# of the program means: do not try again.
pidfile=$1 log=$2
shift 2
command=("$@")
child='' guard='' stopping='' posting=''
exec </dev/null

alive() {
  local line
  [[ -n $1 ]] && { read -r line <"/proc/$1/stat"; } 2>/dev/null && [[ $line != *') Z '* ]]
}
# The guard reads from a pipe that only this shell writes to, and never does: it reads the end when this shell is gone, whatever killed it
post_guard() {
  [[ -z $stopping && -z $posting ]] && ! alive "$guard" || return
  posting=yes
  rm -f "$pidfile.life"
  mkfifo -m 600 "$pidfile.life"
  exec 8<>"$pidfile.life"
  (
    trap - CHLD TERM INT
    read -r
    exec /bin/bash "$0" "$pidfile" "$log" "${command[@]}"
  ) <"$pidfile.life" 8>&- &
  guard=$!
  echo "$guard" >"$pidfile.guard"
  posting=''
}
# For a program that another shell started, so that this one cannot wait for it. `read` on a pipe where nothing comes is a sleep without a process
watch() {
  local never
  trap - CHLD TERM INT
  exec 8>&- {never}<> <(:)
  while alive "$1" && alive $$; do read -rt 0.5 -u "$never"; done
}
# Between its fork and its exec the child is a copy of this shell, and a signal it gets then is lost: its command line tells when it is itself
end() {
  while cmp -s "/proc/$$/cmdline" "/proc/$child/cmdline" 2>/dev/null; do sleep 0.01 8>&-; done
  kill -TERM "$child" 2>/dev/null
}
stop() {
  stopping=yes
  [[ -z $guard ]] || kill -KILL "$guard" 2>/dev/null
  [[ -z $child ]] || end
}
trap stop TERM INT
trap post_guard CHLD
trap '' HUP

echo $$ >"$pidfile"
adopted=''
if [[ -s $pidfile.child ]] && read -r child <"$pidfile.child" && alive "$child"; then
  adopted=yes
  echo "supervise: the program's supervisor is gone, another one takes over" >>"$log"
fi
post_guard
failures=0
while [[ -z $stopping ]]; do
  began=$SECONDS
  if [[ -n $adopted ]]; then
    watch "$child" &
  else
    "${command[@]}" >>"$log" 2>&1 </dev/null 8>&- &
    child=$!
    echo "$child" >"$pidfile.child"
  fi
  waited=$!
  [[ -z $stopping ]] || end
  # wait returns early when a signal arrives, so it is asked until the program is really gone; then it has the status
  while alive "$waited"; do wait "$waited"; done
  wait "$waited"
  status=$?
  child=''
  [[ -z $stopping && $status -ne 78 ]] || break
  if [[ -n $adopted ]]; then status='unknown to its new supervisor'; fi
  adopted=''
  echo "supervise: ended with status $status, starting again" >>"$log"
  if ((SECONDS - began < 10)); then ((failures += failures < 5)); else failures=0; fi
  if ((failures > 0)); then
    sleep "$failures" 8>&- &
    nap=$!
    while [[ -z $stopping ]] && alive "$nap"; do wait "$nap"; done
  fi
done
stopping=yes
[[ -z $guard ]] || kill -KILL "$guard" 2>/dev/null
rm -f "$pidfile" "$pidfile.child" "$pidfile.guard" "$pidfile.life"
