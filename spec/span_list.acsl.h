/* span_list: links by page number, each clause local. */

/*@ // The next span of a linked one is in the same list and points back.
    predicate list_wf_next{L} = \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      && list_next[p] != 0
      ==> list_next[p] <= PAGES && list_of[list_next[p] - 1] == list_of[p]
          && list_prev[list_next[p] - 1] == p + 1;
    // So is the previous one.
    predicate list_wf_prev{L} = \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      && list_prev[p] != 0
      ==> list_prev[p] <= PAGES && list_of[list_prev[p] - 1] == list_of[p]
          && list_next[list_prev[p] - 1] == p + 1;
    // A linked span without a previous one is its list's first.
    predicate list_wf_front{L} = \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      && list_prev[p] == 0
      ==> list_first[list_of[p] - 1] == p + 1;
    // A list's first is in it and has no previous one.
    predicate list_wf_first{L} = \forall integer l; 0 <= l < SPAN_LISTS && list_first[l] != 0
      ==> list_first[l] <= PAGES && list_of[list_first[l] - 1] == l + 1
          && list_prev[list_first[l] - 1] == 0;
    // The same of one list: what holds under its lock, while others change.
    predicate list_sound_first{L}(integer l) = list_first[l] != 0
      ==> list_first[l] <= PAGES && list_of[list_first[l] - 1] == l + 1;
    // A list exists.
    predicate list_wf_range{L} = \forall integer p; 0 <= p < PAGES ==> list_of[p] <= SPAN_LISTS;

    // The pages have an order, which is the prover's alone, in which the next span
    // of each list stands behind; so no list is a ring, and its first leads to all.
    predicate list_wf_order{L} = \forall integer p; 0 <= p < PAGES && list_of[p] != 0
      && list_next[p] != 0
      ==> list_place[p] < list_place[list_next[p] - 1];
    predicate list_wf_places{L} = \forall integer p; 0 <= p < PAGES ==> list_place[p] < PAGES;
    predicate list_wf_one{L} = \forall integer p, q; 0 <= p < q < PAGES
      ==> list_place[p] != list_place[q];
*/
