/* span: the partition of the arenas into runs of pages.  Every clause is local:
 * it speaks of one span and its neighbours. */

/*@ // A span starts on page p.
    predicate span_head{L}(integer p) = span_kind[p] != SPAN_NONE;

    // The page behind the last page of the span that starts on p.
    logic integer span_end{L}(integer p) = p + span_len[p];

    // Page p begins an arena (or lies behind the last one).  Spans on the two
    // sides of an edge are no neighbours: their addresses need not be.
    predicate span_edge(integer p) = p % ARENA_PAGES == 0;

    // No span stands in arena 0, which is nobody's (radix_map.h).
    predicate span_nobody{L} = \forall integer s; 0 <= s < ARENA_PAGES ==> !span_head(s);

    // A page is usable, so that the tables have entries for it (arena.h).
    predicate span_usable{L}(integer p) = p < arena_top[p / ARENA_PAGES];

    // A kind is one of the three.
    predicate span_wf_kind{L} = \forall integer s; 0 <= s < PAGES ==> span_kind[s] <= SPAN_USED;

    // A span has pages, and they exist.
    predicate span_wf_len{L} = \forall integer s; 0 <= s < PAGES && span_head(s)
      ==> 1 <= span_len[s] && span_end(s) <= PAGES;

    // A span lies in one arena, or is a whole run of them.
    predicate span_wf_inside{L} = \forall integer s; 0 <= s < PAGES && span_head(s)
      ==> s % ARENA_PAGES + span_len[s] <= ARENA_PAGES
          || span_edge(s) && span_edge(span_end(s));

    // Spans do not overlap.
    predicate span_wf_apart{L} = \forall integer s, p;
      0 <= s < p < PAGES && span_head(s) && span_head(p) ==> span_end(s) <= p;

    // Behind a span, inside the arena, another one starts.
    predicate span_wf_next{L} = \forall integer s; 0 <= s < PAGES && span_head(s)
      && !span_edge(span_end(s)) ==> span_head(span_end(s));

    // Before a span, inside the arena, another one ends, and its last page
    // says where it starts (the boundary tag).
    predicate span_wf_back{L} = \forall integer s; 0 <= s < PAGES && span_head(s)
      && !span_edge(s) ==> 0 <= span_back[s - 1] < s && span_head(span_back[s - 1])
      && span_end(span_back[s - 1]) == s;

    // The span on page s has a free neighbour before it; behind it.
    predicate span_free_before{L}(integer s) =
      !span_edge(s) && span_kind[span_back[s - 1]] == SPAN_FREE;
    predicate span_free_behind{L}(integer s) =
      !span_edge(span_end(s)) && span_kind[span_end(s)] == SPAN_FREE;

    // No two free spans are neighbours.
    predicate span_coalesced{L} = \forall integer s; 0 <= s < PAGES
      && span_kind[s] == SPAN_FREE && !span_edge(span_end(s))
        ==> span_kind[span_end(s)] != SPAN_FREE;

    // ... but for those that touch the span on page s, on either side; or only
    // before it.
    predicate span_coalesced_but{L}(integer s) = \forall integer u; 0 <= u < PAGES
      && span_kind[u] == SPAN_FREE && !span_edge(span_end(u)) && span_kind[span_end(u)] == SPAN_FREE
      ==> u == s || span_end(u) == s;
    predicate span_coalesced_behind{L}(integer s) = \forall integer u; 0 <= u < PAGES
      && span_kind[u] == SPAN_FREE && !span_edge(span_end(u)) && span_kind[span_end(u)] == SPAN_FREE
      ==> span_end(u) == s;
*/
