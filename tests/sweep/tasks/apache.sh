# shellcheck shell=sh
# apache: the threaded server under load, restarted gracefully
# programs: apache2 ab curl /usr/lib/apache2/modules/mod_mpm_event.so

prepare() {
  mkdir www run
  text www/a.txt 2000
  modules=/usr/lib/apache2/modules
  cat >conf <<END
ServerRoot /tmp/w
ServerName localhost
PidFile /tmp/w/pid
DefaultRuntimeDir /tmp/w/run
Listen 127.0.0.1:8081
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule dir_module $modules/mod_dir.so
LoadModule deflate_module $modules/mod_deflate.so
LoadModule filter_module $modules/mod_filter.so
LoadModule autoindex_module $modules/mod_autoindex.so
LoadModule mime_module $modules/mod_mime.so
TypesConfig /etc/mime.types
ErrorLog /tmp/w/err
DocumentRoot /tmp/w/www
<Directory /tmp/w/www>
Options +Indexes
</Directory>
AddOutputFilterByType DEFLATE text/plain
ThreadsPerChild 25
StartServers 2
User #65534
Group #65534
END
  chmod 755 .
}

run() {
  apache2 -DFOREGROUND -f /tmp/w/conf &
  server=$!
  until_true 20 curl -sf http://127.0.0.1:8081/a.txt
  ab -q -n 3000 -c 20 http://127.0.0.1:8081/a.txt 2>/dev/null | grep -E '^(Complete|Failed|Non-2xx)'
  kill -USR1 "$server"
  until_true 20 curl -sf http://127.0.0.1:8081/a.txt
  curl -sf --compressed http://127.0.0.1:8081/a.txt | sha256sum
  curl -sf http://127.0.0.1:8081/ | grep -c a.txt
  kill -TERM "$server"
  wait "$server"
}
