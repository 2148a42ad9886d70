# shellcheck shell=sh
# busybox: its shell, awk, sed and archivers
# programs: busybox

prepare() {
  text a.txt 5000
}

run() {
  busybox sh -c 'busybox awk "{ n[\$1]++ } END { for (w in n) print w, n[w] }" a.txt | busybox sort | busybox sha256sum
    busybox gzip -c a.txt | busybox gunzip | busybox sed -e "s/w1/<1>/g" | busybox md5sum
    busybox tar -cf - a.txt | busybox tar -tf -'
}
