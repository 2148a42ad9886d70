# shellcheck shell=sh
# qemu-img: converts and checks disk images
# programs: qemu-img

prepare() {
  text raw 40000
}

run() {
  truncate -s 64M raw
  qemu-img convert -q -O qcow2 -c raw a.qcow2
  qemu-img check -q a.qcow2
  qemu-img convert -q -O vmdk a.qcow2 b.vmdk
  qemu-img compare b.vmdk raw
  qemu-img map --output=json a.qcow2 | wc -l
}
