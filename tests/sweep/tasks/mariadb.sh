# shellcheck shell=sh
# mariadb: a server with four clients at once
# programs: mariadbd mariadb mariadb-install-db
# time: 120

prepare() {
  mkdir db
  chmod 777 db
  (unprivileged mariadb-install-db --no-defaults --datadir=/tmp/w/db/data \
    --auth-root-authentication-method=normal >db/log 2>&1)
}

sql() {
  mariadb --no-defaults -S /tmp/w/db/s -u root -N -B "$@"
}

client() {
  i=0
  while [ $i -lt 40 ]; do
    echo "insert into test.t select seq + $1 * 100000 + $i * 100, md5(seq) from seq_1_to_100;"
    echo "select count(*) from test.t where m like 'a%' into @x;"
    i=$((i + 1))
  done | sql test
}

run() {
  unprivileged mariadbd --no-defaults --datadir=/tmp/w/db/data --socket=/tmp/w/db/s \
    --pid-file=/tmp/w/db/pid --skip-networking --innodb-flush-log-at-trx-commit=0 >db/log 2>&1 &
  server=$!
  until_true 60 sql -e 'select 1'
  sql -e 'create database if not exists test; create table test.t (i int primary key, m text)'
  client 1 & one=$!
  client 2 & two=$!
  client 3 & three=$!
  client 4
  wait "$one" "$two" "$three"
  sql -e 'select count(*), sum(i), md5(group_concat(m order by i limit 50)) from test.t'
  sql -e "select m, count(*) n from test.t group by m order by n desc, m limit 5"
  sql -e shutdown
  wait "$server"
}
