# shellcheck shell=sh
# postgres: a server under pgbench with four clients, then queries
# programs: /usr/lib/postgresql/*/bin/postgres /usr/lib/postgresql/*/bin/pgbench
# time: 120

bin() {
  for directory in /usr/lib/postgresql/*/bin; do
    echo "$directory"
    break
  done
}

prepare() {
  mkdir pg
  chmod 777 pg
  (unprivileged "$(bin)/initdb" -D /tmp/w/pg/data -U sweep --no-sync --no-locale >pg/log)
}

sql() {
  "$(bin)/psql" -h /tmp/w/pg -U sweep -d postgres -At -c "$1"
}

run() {
  unprivileged "$(bin)/postgres" -D /tmp/w/pg/data -k /tmp/w/pg -h '' -c fsync=off >pg/log 2>&1 &
  server=$!
  until_true 30 sql 'select 1'
  "$(bin)/pgbench" -h /tmp/w/pg -U sweep -q -i -s 2 postgres 2>/dev/null
  "$(bin)/pgbench" -h /tmp/w/pg -U sweep -c 4 -j 2 -t 500 postgres 2>/dev/null |
    grep -E '^number of (transactions actually|failed)'
  sql 'create table t as select i, md5(i::text) m from generate_series(1, 200000) i'
  sql 'create index on t (m); analyze t'
  sql "select count(*), md5(string_agg(m, ',' order by m)) from t where m like 'a%'"
  sql 'select sum(length(a.m)) from t a join t b on a.i = b.i * 2'
  sql 'select count(*) from pgbench_history'
  kill -INT "$server"
  wait "$server"
}
