# shellcheck shell=sh
# flex: a scanner with many words
# programs: flex gcc

prepare() {
  awk 'BEGIN { print "%option noyywrap\n%%"; for (i = 0; i < 400; i++) printf "\"word%d\"[a-z]*(x|y%d)+ { return %d; }\n", i * 7919 % 5003, i, i + 1; print ".|\\n ;\n%%" }' >t.l
}

run() {
  flex -o t.c t.l
  digest t.c
  gcc -w -c t.c -o t.o
}
