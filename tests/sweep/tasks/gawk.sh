# shellcheck shell=sh
# gawk: counts and sorts words
# programs: gawk

prepare() {
  text a.txt 20000
}

run() {
  gawk '{ for (i = 1; i <= NF; i++) { n[$i]++; at[$i] = at[$i] NR " " } }
    END { k = asorti(n, s); for (i = 1; i <= k; i += 501) print s[i], n[s[i]], length(at[s[i]]); print k }' a.txt
}
