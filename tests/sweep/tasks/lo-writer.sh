# shellcheck shell=sh
# lo-writer: an office suite converts a text to PDF
# programs: soffice pdftotext
# time: 180

prepare() {
  text a.txt 300
}

run() {
  soffice -env:UserInstallation=file:///tmp/w/profile --headless --convert-to pdf a.txt >log 2>&1
  pdftotext a.pdf - | tr -s ' \n\f' '\n' | sha256sum
}
