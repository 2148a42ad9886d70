// Objects, strings, buffers, compression and worker threads; prints a digest
// that any allocator must give.
'use strict';
const crypto = require('crypto');
const zlib = require('zlib');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

function work(seed) {
  let state = seed;
  const draw = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8;
  const hash = crypto.createHash('sha256');
  const map = new Map();
  for (let i = 0; i < 200000; i++) {
    const key = 'k' + (draw() % 20000);
    const entry = map.get(key) || { key, list: [] };
    entry.list.push({ i, text: 't'.repeat(draw() % 30) });
    map.set(key, entry);
  }
  const json = JSON.stringify([...map.values()].sort((a, b) => (a.key < b.key ? -1 : 1)));
  hash.update(json);
  hash.update(String(JSON.parse(json).length));
  let buffers = [];
  for (let i = 0; i < 60000; i++) {
    const buffer = Buffer.allocUnsafeSlow(draw() % 20000 + 1).fill(i & 255);
    buffers.push(buffer);
    if (buffers.length > 500) {
      hash.update(buffers[draw() % 500]);
      buffers = buffers.slice(250);
    }
  }
  const packed = zlib.deflateSync(json, { level: 3 });
  hash.update(zlib.inflateSync(packed));
  return hash.digest('hex');
}

if (isMainThread) {
  const workers = [2, 3].map((seed) => new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: seed });
    worker.on('message', resolve);
    worker.on('error', reject);
  }));
  const mine = work(1);
  Promise.all(workers).then((digests) => console.log([mine, ...digests].join('\n')));
} else {
  parentPort.postMessage(work(workerData));
}
