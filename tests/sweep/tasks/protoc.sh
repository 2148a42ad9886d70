# shellcheck shell=sh
# protoc: compiles a schema to C++ and Python
# programs: protoc

prepare() {
  awk 'BEGIN { print "syntax = \"proto3\"; package t;"; for (i = 0; i < 300; i++) printf "message M%d { int32 a = 1; string b = 2; repeated M%d c = 3; map<string, int64> d = 4; }\n", i, i ? i - 1 : 0 }' >t.proto
}

run() {
  protoc --cpp_out=. --python_out=. t.proto
  digest t.pb.cc t_pb2.py
  protoc --descriptor_set_out=d t.proto
  protoc --decode_raw <d | sha256sum
}
