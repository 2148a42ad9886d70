# shellcheck shell=sh
# go: builds and runs a program with cgo
# programs: go gcc
# time: 240

prepare() {
  mkdir p
  cat >p/main.go <<'END'
package main
// #include <stdlib.h>
// #include <string.h>
// static int work(int n) { int s = 0; for (int i = 1; i < n; i++) { char *p = malloc(i % 3000 + 1); memset(p, 1, 1); s += *p; free(p); } return s; }
import "C"
import ("fmt"; "sync")
func main() { var g sync.WaitGroup; var r [8]int
  for i := range r { g.Add(1); go func(i int) { defer g.Done(); r[i] = int(C.work(C.int(20000 + i))) }(i) }
  g.Wait(); fmt.Println(r) }
END
  cd p || return
  GO111MODULE=on GOFLAGS=-mod=mod go mod init p 2>/dev/null
}

run() {
  cd p || return
  GOCACHE=/tmp/w/cache GOPROXY=off CGO_ENABLED=1 go build -o ../t .
  ../t
}
