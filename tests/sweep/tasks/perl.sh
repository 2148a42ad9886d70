# shellcheck shell=sh
# perl: hashes, sorting, expressions, forks
# programs: perl
# quick:

prepare() {
  text a.txt 8000
  cat >t.pl <<'END'
use strict; my (%n, %at);
open my $f, '<', 'a.txt' or die; while (<$f>) { for my $w (split) { $n{$w}++; push @{$at{$w}}, $. } }
my @s = sort { $n{$b} <=> $n{$a} || $a cmp $b } keys %n; print "$#s @s[0..5]\n";
my $text = join ' ', @s; my $k = () = $text =~ /w(\d)\d*\1/g; print "$k\n";
for my $i (1..3) { my $p = fork; if (!$p) { my @x = map { 'x' x ($_ % 300) } 1..20000; exit(@x == 20000 ? $i : 99) } waitpid $p, 0; print $? >> 8, "\n" }
print scalar(map { @$_ } values %at), "\n";
END
}

run() {
  perl t.pl
}
