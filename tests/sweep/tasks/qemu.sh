# shellcheck shell=sh
# qemu: boots a machine that says so and stops
# programs: qemu-system-x86_64
# time: 90

prepare() {
  # Writes OK to the serial port, then to the port that ends the machine.
  printf '\272\370\003\260\117\356\260\113\356\260\012\356\272\001\005\260\001\356\364' >boot
  truncate -s 510 boot
  printf '\125\252' >>boot
}

run() {
  qemu-system-x86_64 -accel tcg -m 64 -nodefaults -no-reboot -display none -serial file:serial \
    -drive file=boot,format=raw -device isa-debug-exit,iobase=0x501,iosize=1 || echo "status $?"
  cat serial
}
