# shellcheck shell=sh
# pdftex: makes a format and typesets with it
# programs: pdftex
# mask: \d+ bytes => BYTES

run() {
  # shellcheck disable=SC2016 # TeX's
  printf '%s\n' '\catcode`\{=1 \catcode`\}=2 \catcode`\#=6 \countdef\n=1 \n=0
\def\loop{\advance\n by 1 \expandafter\def\csname x\number\n\endcsname{\number\n}\ifnum\n<8000 \expandafter\loop\fi}
\loop \immediate\write16{made \number\n}\dump' >f.tex
  TEXINPUTS=.:
  TEXFORMATS=.:
  export TEXINPUTS TEXFORMATS
  pdftex -ini -interaction=nonstopmode f.tex | grep -E '^made|multiletter control|strings of'
  printf '%s\n' '\immediate\write16{\csname x777\endcsname}\end' >g.tex
  pdftex -fmt=f -interaction=nonstopmode g.tex | grep -x 8000
}
