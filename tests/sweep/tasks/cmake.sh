# shellcheck shell=sh
# cmake: configures and builds with ninja
# programs: cmake ninja gcc

prepare() {
  mkdir src
  printf 'cmake_minimum_required(VERSION 3.10)\nproject(t C)\nenable_testing()\nadd_library(f f.c)\nadd_executable(t t.c)\ntarget_link_libraries(t f)\nadd_test(NAME t COMMAND t)\n' >src/CMakeLists.txt
  echo 'int f(void) { return 42; }' >src/f.c
  printf '#include <stdio.h>\nint f(void);\nint main(void) { printf("%%d\\n", f()); return 0; }\n' >src/t.c
}

run() {
  cmake -G Ninja -S src -B b >log
  cmake --build b >log
  ./b/t
  ctest --test-dir b | grep -c 'tests passed'
}
