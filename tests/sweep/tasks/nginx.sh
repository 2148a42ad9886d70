# shellcheck shell=sh
# nginx: serves files to many clients, and reloads
# programs: nginx ab curl

prepare() {
  mkdir www
  text www/a.txt 2000
  cat >conf <<'END'
worker_processes 2; pid /tmp/w/pid; error_log /tmp/w/err; daemon off;
events { worker_connections 256; }
http { access_log off; gzip on; gzip_types text/plain;
  client_body_temp_path /tmp/w/t1; proxy_temp_path /tmp/w/t2; fastcgi_temp_path /tmp/w/t3;
  uwsgi_temp_path /tmp/w/t4; scgi_temp_path /tmp/w/t5; types { text/plain txt; }
  server { listen 127.0.0.1:8080; root /tmp/w/www;
    location /p/ { proxy_pass http://127.0.0.1:8080/; } } }
END
}

run() {
  nginx -e /tmp/w/err -c /tmp/w/conf &
  server=$!
  until_true 20 curl -sf http://127.0.0.1:8080/a.txt
  ab -q -n 3000 -c 20 http://127.0.0.1:8080/a.txt 2>/dev/null | grep -E '^(Complete|Failed|Non-2xx)'
  nginx -e /tmp/w/err -c /tmp/w/conf -s reload
  ab -q -n 1000 -c 20 http://127.0.0.1:8080/p/a.txt 2>/dev/null | grep -E '^(Complete|Failed|Non-2xx)'
  curl -sf --compressed http://127.0.0.1:8080/p/a.txt | sha256sum
  kill -QUIT "$server"
  wait "$server"
}
