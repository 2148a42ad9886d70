# shellcheck shell=sh
# node: objects, buffers, compression and worker threads
# programs: node
# quick:

prepare() {
  cat >t.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");
const zlib = require("zlib"), crypto = require("crypto");
function work(n) { const m = new Map(); for (let i = 0; i < 100000; i++) { const k = "k" + (i * 31 % (997 + n)); m.set(k, (m.get(k) || 0) + i); }
  const b = Buffer.from(JSON.stringify([...m])); return crypto.createHash("sha256").update(zlib.inflateSync(zlib.deflateSync(b))).digest("hex"); }
if (isMainThread) { const out = []; let left = 4;
  for (let n = 0; n < 4; n++) new Worker(__filename, { workerData: n }).on("message", (x) => { out[n] = x; if (--left === 0) console.log(out.join("\n")); });
} else parentPort.postMessage(work(workerData));
END
}

run() {
  node t.js
}
