# shellcheck shell=sh
# numpy: arrays of many sizes, a solver, a transform
# programs: /usr/lib/python3/dist-packages/numpy/__init__.py

run() {
  /usr/bin/python3 -c '
import numpy as np
r = np.random.default_rng(1); a = r.random((400, 400)) + 400 * np.eye(400)
print(round(float(np.linalg.inv(a).trace()), 9), round(float(np.abs(np.fft.fft(a[0])).sum()), 6))
print(sum(int(np.arange(n % 3000).reshape(-1).copy().sum()) for n in range(20000)))
print(np.sort(r.integers(0, 1 << 30, 500000))[::100000])'
}
