# shellcheck shell=sh
# bison: a parser of a grammar with many rules
# programs: bison gcc

prepare() {
  awk 'BEGIN { print "%{\nint yylex(void); void yyerror(const char *s);\n%}"; for (i = 0; i < 120; i++) print "%token T" i
    print "%%\ns: e0;"; for (i = 0; i < 119; i++) printf "e%d: e%d | e%d T%d e%d;\n", i, i + 1, i, i, i + 1; print "e119: T119 | T0 e0 T1;\n%%" }' >t.y
}

run() {
  bison -Wno-all t.y -o t.c 2>/dev/null
  digest t.c
  gcc -w -c t.c -o t.o
}
