# shellcheck shell=sh
# ruby: hashes, strings, regular expressions, threads, forks
# programs: ruby

prepare() {
  cat >t.rb <<'END'
require "json"; require "set"; require "digest"; require "zlib"
h = Hash.new(0); 200_000.times { |i| h["w#{i * 7919 % 5003}"] += i }
puts Digest::SHA256.hexdigest(JSON.generate(h.sort.to_h))
puts (0...4).map { |t| Thread.new { (0...20_000).map { |i| "x" * (i % 50) }.map(&:size).sum } }.map(&:value).inspect
r, w = IO.pipe; pid = fork { r.close; w.write((1..10_000).map(&:to_s).join.hash.class.to_s); exit!(0) }
w.close; puts r.read; Process.wait(pid); puts $?.success?
puts h.keys.join(" ").scan(/w(\d)\d*\1/).size, Zlib::Deflate.deflate(h.to_a.inspect).size > 1000
GC.start; GC.compact rescue nil; puts Set.new(h.values).size
END
}

run() {
  ruby t.rb
}
