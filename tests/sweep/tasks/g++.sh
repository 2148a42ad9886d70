# shellcheck shell=sh
# g++: compiles and runs containers, expressions and threads
# programs: g++
# quick:

prepare() {
  cat >t.cc <<'END'
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <thread>
#include <vector>
int main() {
  std::map<std::string, std::vector<int>> m; for (int i = 0; i < 50000; i++) m["w" + std::to_string(i * 7919 % 5003)].push_back(i);
  std::vector<long> r(4); std::vector<std::thread> t;
  for (int n = 0; n < 4; n++) t.emplace_back([&, n] { long s = 0; for (auto &e : m) { auto p = std::make_shared<std::string>(e.first); s += (long)p->size() * (n + 1) + (long)e.second.size(); } r[(size_t)n] = s; });
  for (auto &x : t) x.join();
  std::regex e("w([0-9])[0-9]*\\1"); long k = std::count_if(m.begin(), m.end(), [&](auto &x) { return std::regex_match(x.first, e); });
  std::cout << m.size() << ' ' << r[0] << ' ' << r[3] << ' ' << k << '\n';
}
END
}

run() {
  g++ -std=c++17 -O1 t.cc -o t -pthread
  ./t
}
