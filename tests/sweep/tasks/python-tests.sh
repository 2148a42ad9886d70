# shellcheck shell=sh
# python-tests: a part of its own tests
# programs: /usr/lib/python3.11/test/test_queue.py
# time: 120

run() {
  PYTHONMALLOC=malloc /usr/bin/python3 -m unittest -q test.test_thread test.test_list test.test_dict test.test_deque \
    test.test_sort test.test_re test.test_ctypes test.test_subprocess.ProcessTestCase 2>&1 |
    grep -E '^(OK|FAILED|FAIL|ERROR)' | sed 's/(.*//'
}
