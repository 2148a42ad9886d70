# shellcheck shell=sh
# dnsmasq: answers names on the loopback
# programs: dnsmasq /usr/bin/python3

prepare() {
  awk 'BEGIN { for (i = 1; i < 3000; i++) printf "10.0.%d.%d h%d.example\n", i / 250, i % 250, i }' >hosts
  cat >t.py <<'END'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5); got = []
for i in range(1, 3000, 7):
    name = b"".join(bytes([len(p)]) + p for p in (b"h%d" % i, b"example")) + b"\0"
    s.sendto(struct.pack(">6H", i, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1), ("127.0.0.1", 5353))
    got.append(socket.inet_ntoa(s.recv(512)[-4:]))
print(len(got), got[:3], got[-1])
END
}

run() {
  dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --addn-hosts=/tmp/w/hosts \
    --port=5353 --listen-address=127.0.0.1 --bind-interfaces --user=root --pid-file=/tmp/w/pid 2>log &
  until_true 10 sh -c '[ -s pid ] && python3 t.py'
  /usr/bin/python3 t.py
  kill $!
}
