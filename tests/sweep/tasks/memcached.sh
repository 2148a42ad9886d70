# shellcheck shell=sh
# memcached: sets, gets and deletes from four connections
# programs: memcached /usr/bin/python3

prepare() {
  cat >t.py <<'END'
import socket, threading, sys
sums = [0] * 4
def client(n):
    s = socket.socket(socket.AF_UNIX); s.connect("/tmp/w/s"); f = s.makefile("rwb")
    for i in range(6000):
        data = (f"{n}-{i}-" * (i % 200 + 1)).encode()
        f.write(b"set k%d-%d 0 0 %d\r\n%s\r\n" % (n, i % 500, len(data), data)); f.flush()
        assert f.readline() == b"STORED\r\n"
        f.write(b"get k%d-%d\r\n" % (n, i % 500)); f.flush()
        size = int(f.readline().split()[3]); got = f.read(size + 2); assert f.readline() == b"END\r\n"
        assert got[:-2] == data; sums[n] += size
        if i % 7 == 0:
            f.write(b"delete k%d-%d\r\n" % (n, i % 500)); f.flush(); assert f.readline() == b"DELETED\r\n"
t = [threading.Thread(target=client, args=(n,)) for n in range(4)]
[x.start() for x in t]; [x.join() for x in t]; print(sums)
END
}

run() {
  unprivileged memcached -s /tmp/w/s -a 777 -m 64 -t 4 &
  server=$!
  until_true 10 test -S s
  /usr/bin/python3 t.py
  kill -TERM "$server"
  wait "$server"
}
