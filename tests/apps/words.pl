# Counts and sorts made-up words; prints what any allocator must give.
use strict;
use warnings;

my $state = 12345;
sub draw { $state = ($state * 1103515245 + 12345) % 2147483648; return $state >> 8; }

my (%count, @lines);
for my $i (1 .. 500_000) {
  my $word = 'w' . (draw() % 60_000);
  $count{$word}++;
  push @lines, "$word $i " . ('x' x (draw() % 40)) if $i % 3 == 0;
}
my $text = join "\n", sort @lines;
my $hits = () = $text =~ /w(\d)\1\d* \d+ x{5,}/g;
my %by_length;
push @{ $by_length{ length $_ } }, [ $_, reverse split // ] for split /\n/, $text;
my $longest = 0;
for my $length (sort { $a <=> $b } keys %by_length) {
  $longest = $length;
  print "$length ", scalar @{ $by_length{$length} }, "\n";
}
my @top = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[ 0 .. 9 ];
print "$_ $count{$_}\n" for @top;
print "$hits hits, $longest longest, ", length $text, " bytes\n";
