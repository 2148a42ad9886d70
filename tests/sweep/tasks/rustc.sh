# shellcheck shell=sh
# rustc: compiles and runs a program
# programs: rustc

prepare() {
  cat >t.rs <<'END'
use std::collections::{BTreeMap, HashMap};
use std::thread;
fn work(n: u64) -> u64 {
    let mut m: HashMap<u64, Vec<String>> = HashMap::new();
    for i in 0..n { m.entry(i % 97).or_default().push(format!("{}-{}", i, i * i)); }
    let b: BTreeMap<_, _> = m.iter().map(|(k, v)| (*k, v.len() as u64)).collect();
    b.iter().map(|(k, v)| k * v).sum()
}
fn main() {
    let t: Vec<_> = (0..4).map(|i| thread::spawn(move || work(20000 + i))).collect();
    for h in t { println!("{}", h.join().unwrap()); }
}
END
}

run() {
  rustc -O t.rs
  ./t
}
