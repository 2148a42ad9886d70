# shellcheck shell=sh
# java-zgc: the concurrent collector
# programs: javac java
# time: 90

prepare() {
  cat >T.java <<'END'
import java.util.*;
public class T { public static void main(String[] a) { List<byte[]> l = new ArrayList<>(); long s = 0; Random r = new Random(1);
  for (int i = 0; i < 200000; i++) { l.add(new byte[r.nextInt(2000)]); if (l.size() > 20000) { s += l.remove(r.nextInt(l.size())).length; } }
  System.out.println(s + " " + l.size()); } }
END
  javac T.java
}

run() {
  java -XX:+UseZGC -Xmx300m T
}
