/* pool_list: which granules of a pool start an object.  Every clause is local:
 * it speaks of one object, of two, or of one entry. */

/*@ // What the pointers of a list lead to, apart from each other.
    predicate pool_list_valid{L}(struct pool_list *l) =
      \valid(l) && \valid(l->state + (0 .. l->granules - 1))
        && \valid(l->entry + (0 .. l->limit - 1))
      && \separated(l, l->state + (0 .. l->granules - 1), l->entry + (0 .. l->limit - 1));

    // The places fill up from 0; an object has granules; all of them have addresses.
    predicate pool_list_sound{L}(struct pool_list *l) =
      l->count <= l->limit && 1 <= l->step <= POOL_GRANULES && l->granules <= POOL_GRANULES
      && 0 < l->base <= POOL_ADDRESSES && l->base % GRANULE_BYTES == 0;

    predicate pool_starts{L}(struct pool_list *l, integer g) =
      0 <= g < l->granules && l->state[g] != POOL_NONE;
    predicate pool_live{L}(struct pool_list *l, integer g) =
      0 <= g < l->granules && l->state[g] == POOL_LIVE;

    // Every object lies inside its pool.
    predicate pool_wf_inside{L}(struct pool_list *l) = \forall integer g;
      0 <= g < l->granules && l->state[g] != POOL_NONE ==> g + l->step <= l->granules;
    // No two objects overlap.
    predicate pool_wf_apart{L}(struct pool_list *l) = \forall integer g, h;
      0 <= g < h < l->granules && l->state[g] != POOL_NONE && l->state[h] != POOL_NONE
      ==> g + l->step <= h;
    // Every entry is a granule of the pool; so is the spare one.
    predicate pool_wf_known{L}(struct pool_list *l) = \forall integer k; 0 <= k < l->count
      ==> l->entry[k] < l->granules;
    predicate pool_wf_spare{L}(struct pool_list *l) =
      l->spare <= l->granules;

    // How many entries there are with the spare one, and which leaves first.
    logic integer pool_size{L}(struct pool_list *l) = l->spare == 0 ? l->count : l->count + 1;
    logic integer pool_next{L}(struct pool_list *l) =
      l->spare == 0 ? l->entry[l->count - 1] : l->spare - 1;

    // The address of a granule.
    logic integer pool_address{L}(struct pool_list *l, integer g) = l->base + g * GRANULE_BYTES;
*/

/*@ // T13: two live objects share no byte, and each lies inside its pool.
    lemma T13_live_disjoint{L}: \forall struct pool_list *l; pool_wf_apart(l)
      ==> \forall integer a, b;
      pool_live(l, a) && pool_live(l, b) && a < b
      ==> pool_address(l, a) + l->step * GRANULE_BYTES <= pool_address(l, b);
    lemma T13_live_inside{L}: \forall struct pool_list *l; pool_wf_inside(l) ==> \forall integer a;
      pool_live(l, a)
      ==> l->base <= pool_address(l, a)
          && pool_address(l, a) + l->step * GRANULE_BYTES <= pool_address(l, l->granules);
*/
