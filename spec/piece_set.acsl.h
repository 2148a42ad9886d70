/* piece_set: the pieces of a region, and their places.  Every clause is local:
 * it speaks of one piece or of one page. */

/*@ // A region's pieces fit its table.
    predicate piece_wf_count{L}(integer r) = piece_sets[r].count <= REGION_PIECES;
    // Every piece of region r is a page that names the region and its place there.
    predicate piece_wf_named{L}(integer r) = \forall integer k; 0 <= k < piece_sets[r].count
      ==> piece_sets[r].piece[k] < PAGES && piece_owner[piece_sets[r].piece[k]] == r + 1
          && piece_place[piece_sets[r].piece[k]] == k;
    // Every page that names the region is a piece of it.
    predicate piece_wf_placed{L}(integer r) = \forall integer p; 0 <= p < PAGES
      && piece_owner[p] == r + 1
      ==> piece_place[p] < piece_sets[r].count && piece_sets[r].piece[piece_place[p]] == p;
*/
