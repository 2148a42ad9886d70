# shellcheck shell=sh
# redis: redis-benchmark, and a digest of what is stored (the server has jemalloc of its own)
# programs: redis-server redis-benchmark
# quick:

run() {
  redis-server --port 0 --unixsocket /tmp/w/s --save '' --loglevel warning \
    --enable-debug-command local >log &
  server=$!
  until_true 10 test -S s
  redis-benchmark -s /tmp/w/s -n 20000 -r 1 -P 8 -t set,get,lpush,rpop,sadd,hset,mset --csv |
    cut -d , -f 1
  redis-cli -s /tmp/w/s flushall
  awk 'BEGIN { for (i = 0; i < 20000; i++) { print "SET k" i % 3000 " v" i; print "RPUSH l" i % 100 " " i;
    print "ZADD z" i % 50 " " i " m" i; print "DEL k" (i * 7) % 3000 } }' |
    redis-cli -s /tmp/w/s --pipe | tail -n 1
  redis-cli -s /tmp/w/s debug digest
  redis-cli -s /tmp/w/s shutdown nosave
  wait "$server"
}
