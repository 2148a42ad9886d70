# shellcheck shell=sh
# mono: compiles and runs C#
# programs: mcs mono

prepare() {
  echo 'using System; using System.Collections.Generic; using System.Threading.Tasks; class T { static void Main() { var m = new Dictionary<string, int>(); for (int i = 0; i < 200000; i++) { var k = "w" + (i * 31 % 5003); int v; m.TryGetValue(k, out v); m[k] = v + 1; } var r = new long[4]; Parallel.For(0, 4, n => { long s = 0; for (int i = 0; i < 100000; i++) s += ("x" + i * n).Length; r[n] = s; }); Console.WriteLine(m.Count + " " + string.Join(",", r)); } }' >t.cs
}

run() {
  mcs t.cs
  mono t.exe
}
