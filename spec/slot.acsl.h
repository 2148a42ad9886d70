/* slot: which granules start a slot, and in which state.  Every clause is
 * local: it speaks of one slot, its page and its span. */

/*@ // The page of a granule, the class of that page, and the first page of its span.
    logic integer slot_page(integer g) = g / GRANULES_PER_PAGE;
    logic integer slot_class{L}(integer g) = page_class[slot_page(g)];
    logic integer slot_span{L}(integer g) = page_span[slot_page(g)];

    // The first granule of a span, and the one behind its last.
    logic integer slot_low(integer s) = s * GRANULES_PER_PAGE;
    logic integer slot_high{L}(integer s) = (s + span_len[s]) * GRANULES_PER_PAGE;

    // The granules of the slot that starts at g: those of its class, or, of a
    // block with a span of its own, all that follow.
    logic integer slot_size{L}(integer g) =
      slot_class(g) < SIZE_CLASSES ? class_granules(slot_class(g)) : slot_high(slot_span(g)) - g;

    predicate slot_starts{L}(integer g) = 0 <= g < GRANULES && slot_state[g] != SLOT_NONE;
    predicate slot_live{L}(integer g) = 0 <= g < GRANULES && slot_state[g] >= SLOT_LIVE;

    // Each clause, for the granules lo .. hi - 1.
    predicate slot_class_in{L}(integer lo, integer hi) = \forall integer g; lo <= g < hi
      && slot_starts(g)
      ==> slot_class(g) <= CLASS_LARGE;
    predicate slot_inside_in{L}(integer lo, integer hi) = \forall integer g; lo <= g < hi
      && slot_starts(g)
      ==> slot_low(slot_span(g)) <= g < slot_high(slot_span(g))
          && g + slot_size(g) <= slot_high(slot_span(g));
    predicate slot_owned_in{L}(integer lo, integer hi) = \forall integer g; lo <= g < hi
      && slot_starts(g)
      ==> slot_span(g) < PAGES && span_kind[slot_span(g)] == SPAN_USED;
    predicate slot_apart_in{L}(integer lo, integer hi) = \forall integer g, h; lo <= g < h < hi
      && slot_starts(g) && slot_starts(h) ==> g + slot_size(g) <= h;

    // The page of every slot has a class.
    predicate slot_wf_class{L} = slot_class_in(0, GRANULES);
    // Every slot lies in the span that its page names.
    predicate slot_wf_inside{L} = slot_inside_in(0, GRANULES);
    // That span is in use.
    predicate slot_wf_owned{L} = slot_owned_in(0, GRANULES);
    // No two slots overlap.
    predicate slot_wf_apart{L} = slot_apart_in(0, GRANULES);

    // Nobody holds a slot of a span.
    predicate slot_all_free{L}(integer s) = \forall integer g; slot_low(s) <= g < slot_high(s)
      ==> slot_state[g] == SLOT_NONE || slot_state[g] == SLOT_FREE;

    // No slot starts in a span.
    predicate slot_none_in{L}(integer s) = \forall integer g; slot_low(s) <= g < slot_high(s)
      ==> slot_state[g] == SLOT_NONE;
*/

/*@ // T4: live blocks are disjoint from each other.
    lemma T4_live_disjoint{L}: slot_wf_apart ==> \forall integer a, b;
      slot_live(a) && slot_live(b) && a < b ==> a + slot_size(a) <= b;

    // T4: a live block lies inside one span in use.
    lemma T4_live_inside{L}: slot_wf_inside && slot_wf_owned ==> \forall integer a; slot_live(a)
      ==> 0 <= slot_span(a) < PAGES && span_kind[slot_span(a)] == SPAN_USED
          && slot_low(slot_span(a)) <= a < slot_high(slot_span(a))
          && a + slot_size(a) <= slot_high(slot_span(a));
*/
