/* page_bins: what the bins of free spans have to do with the span table.  Every
 * clause is local: it speaks of one span. */

/*@ // The least length in a bin of a length in an arena: one for each up to
    // EXACT_BINS, then eight a doubling.
    logic integer bins_low(integer b) =
      b <= EXACT_BINS ? b + 1
                      : times_pow2(8 + (b - EXACT_BINS) % BINS_PER_DOUBLING,
                        (b - EXACT_BINS) / BINS_PER_DOUBLING + EXACT_SHIFT - 3);

    // A length belongs in a bin.
    predicate bins_fit(integer b, integer len) =
      b < BIN_RUNS ? bins_low(b) <= len < bins_low(b + 1) && len <= ARENA_PAGES : len > ARENA_PAGES;

    // A span is in a bin.
    predicate bins_hold{L}(integer p) = 1 <= list_of[p] <= BINS;

    // Exactly the free spans are in bins.
    predicate bins_wf_free{L} = \forall integer p; 0 <= p < PAGES
      ==> (bins_hold(p) <==> span_kind[p] == SPAN_FREE);

    // Each in one for its length.
    predicate bins_wf_len{L} = \forall integer p; 0 <= p < PAGES && bins_hold(p)
      ==> bins_fit(list_of[p] - 1, span_len[p]);

    // What is in a list, a bin or another, is a span.
    predicate bins_wf_head{L} = \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      ==> span_head(p);

    // A free span of an arena is in a bin all of whose spans have n pages.
    predicate bins_serve{L}(integer p, integer n) = span_kind[p] == SPAN_FREE
      && span_len[p] <= ARENA_PAGES
      && n <= bins_low(list_of[p] - 1);

    // No more of a free span is backed than it has pages.
    predicate bins_wf_resident{L} = \forall integer p; 0 <= p < PAGES && span_kind[p] == SPAN_FREE
      ==> span_resident[p] <= span_len[p];
*/

/*@ // Later bins hold longer spans.
    lemma bins_low_grows: \forall integer b; 0 <= b < BIN_RUNS - 1
      ==> bins_low(b) < bins_low(b + 1);
    lemma bins_low_monotone: \forall integer a, b; 0 <= a <= b < BIN_RUNS
      ==> bins_low(a) <= bins_low(b);
    // A length belongs in one bin.
    lemma bins_fit_one: \forall integer a, b, len; 0 <= a < BINS && 0 <= b < BINS
      && bins_fit(a, len) && bins_fit(b, len) ==> a == b;
*/
