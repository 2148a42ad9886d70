# shellcheck shell=sh
# pandoc: Markdown to HTML, LaTeX and Word
# programs: pandoc unzip

prepare() {
  awk 'BEGIN { for (i = 0; i < 300; i++) printf "## Head %d\n\nSome *text* with `code` and [a link](x%d).\n\n- one\n- two\n\n| a | b |\n|---|---|\n| %d | 2 |\n\n", i, i, i }' >a.md
}

run() {
  pandoc a.md -t html | sha256sum
  pandoc a.md -t latex | sha256sum
  pandoc a.md -o a.docx
  unzip -p a.docx word/document.xml | sha256sum
}
