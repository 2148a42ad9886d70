# shellcheck shell=sh
# nasm: assembles with macros
# programs: nasm

prepare() {
  {
    echo 'section .data'
    # shellcheck disable=SC2016 # the assembler's
    echo '%assign i 0'
    echo '%rep 20000'
    echo 'l%[i]: dd i, i * 7'
    echo '%assign i i + 1'
    echo '%endrep'
  } >t.asm
}

run() {
  nasm -f elf64 t.asm -o t.o
  digest t.o
}
