# shellcheck shell=sh
# curl: files, and many transfers at once from the loopback
# programs: curl /usr/bin/python3

prepare() {
  mkdir www
  text www/a.txt 4000
}

run() {
  curl -s file:///tmp/w/www/a.txt | sha256sum
  /usr/bin/python3 -m http.server -b 127.0.0.1 -d www 8082 >/dev/null 2>&1 &
  until_true 20 curl -sf http://127.0.0.1:8082/a.txt
  # shellcheck disable=SC2046 # forty words
  curl -s -Z --parallel-max 10 $(yes 'http://127.0.0.1:8082/a.txt' | head -40) | sha256sum
  kill $!
}
