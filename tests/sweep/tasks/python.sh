# shellcheck shell=sh
# python: dictionaries, JSON, processes and threads
# programs: /usr/bin/python3
# quick:

prepare() {
  cat >t.py <<'END'
import collections, hashlib, json, multiprocessing, re, subprocess, threading, zlib
def work(n):
    c = collections.Counter(f"w{i * 7919 % (5003 + n)}" for i in range(60000))
    return hashlib.sha256(zlib.compress(json.dumps(sorted(c.items())).encode())).hexdigest()
if __name__ == "__main__":
    out = [None] * 4
    def run(i): out[i] = work(i)
    t = [threading.Thread(target=run, args=(i,)) for i in range(4)]; [x.start() for x in t]; [x.join() for x in t]; print(*out, sep="\n")
    with multiprocessing.get_context("fork").Pool(3) as p: print(p.map(work, range(6)) == out + [work(4), work(5)])
    print(len(re.findall(r"w(\d)\d*\1", " ".join(f"w{i}" for i in range(50000)))), subprocess.run(["true"]).returncode)
END
}

run() {
  PYTHONMALLOC=malloc /usr/bin/python3 t.py
  /usr/bin/python3 t.py
}
