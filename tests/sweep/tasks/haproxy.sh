# shellcheck shell=sh
# haproxy: passes requests on, with threads
# programs: haproxy curl /usr/bin/python3

prepare() {
  mkdir www
  text www/a.txt 500
  cat >conf <<'END'
global
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend f
  bind 127.0.0.1:8085
  compression algo gzip
  default_backend b
backend b
  server s 127.0.0.1:8084
END
}

run() {
  /usr/bin/python3 -m http.server -b 127.0.0.1 -d www 8084 >/dev/null 2>&1 &
  haproxy -c -q -f conf
  haproxy -db -f conf 2>log &
  proxy=$!
  until_true 20 curl -sf http://127.0.0.1:8085/a.txt
  i=0
  while [ $i -lt 50 ]; do
    curl -sf --compressed http://127.0.0.1:8085/a.txt
    i=$((i + 1))
  done | sha256sum
  kill -USR1 "$proxy"
  wait "$proxy" || echo "ended with $?"
}
