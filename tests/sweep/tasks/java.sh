# shellcheck shell=sh
# java: compiles and runs threads, maps and strings
# programs: javac java

prepare() {
  cat >T.java <<'END'
import java.util.*; import java.util.concurrent.*; import java.util.stream.*; import java.util.zip.*;
public class T { public static void main(String[] a) throws Exception {
  ExecutorService e = Executors.newFixedThreadPool(4); List<Future<Long>> r = new ArrayList<>();
  for (int t = 0; t < 8; t++) { final int n = t; r.add(e.submit(() -> { Map<String, Integer> m = new HashMap<>();
    for (int i = 0; i < 100000; i++) m.merge("k" + (i * 31 % (977 + n)), i, Integer::sum);
    Deflater d = new Deflater(); byte[] b = m.toString().getBytes(), o = new byte[b.length]; d.setInput(b); d.finish();
    long z = d.deflate(o); d.end(); return z + m.values().stream().mapToLong(x -> x).sum(); })); }
  for (Future<Long> f : r) System.out.println(f.get()); e.shutdown();
  System.out.println(IntStream.range(0, 300000).boxed().parallel().map(x -> x * 7 % 1000).collect(Collectors.toSet()).size()); } }
END
}

run() {
  javac T.java
  java -Xmx256m T
}
