/* pool_pieces: which units of a pool set start a piece, and how long it is.
 * Every clause is local: it speaks of one piece or of two. */

/*@ predicate pieces_valid{L}(struct pool_pieces *p) =
      \valid(p) && \valid(p->state + (0 .. p->units - 1)) && \valid(p->len + (0 .. p->units - 1))
      && \valid(p->back + (0 .. p->units - 1))
      && \separated(p, p->state + (0 .. p->units - 1), p->len + (0 .. p->units - 1),
        p->back + (0 .. p->units - 1));
    predicate pieces_sound{L}(struct pool_pieces *p) =
      1 <= p->units <= PIECES_UNITS && 0 < p->base <= PIECES_ADDRESSES;

    // A piece has units, and they exist.
    predicate pieces_wf_inside{L}(struct pool_pieces *p) = \forall integer g;
      0 <= g < p->units && p->state[g] != PIECE_NONE ==> 1 <= p->len[g]
        && g + p->len[g] <= p->units;
    // No two pieces overlap.
    predicate pieces_wf_apart{L}(struct pool_pieces *p) = \forall integer g, h;
      0 <= g < h < p->units && p->state[g] != PIECE_NONE && p->state[h] != PIECE_NONE
      ==> g + p->len[g] <= h;
    // The last unit of a piece says where it starts (the boundary tag).
    predicate pieces_wf_back{L}(struct pool_pieces *p) = \forall integer g;
      0 <= g < p->units && p->state[g] != PIECE_NONE ==> p->back[g + p->len[g] - 1] == g;

    // No two free pieces are neighbours; but for those that touch piece s, on
    // either side; or only before it.
    predicate pieces_coalesced{L}(struct pool_pieces *p) = \forall integer g;
      0 <= g < p->units && p->state[g] == PIECE_FREE && g + p->len[g] < p->units
      ==> p->state[g + p->len[g]] != PIECE_FREE;
    predicate pieces_coalesced_but{L}(struct pool_pieces *p, integer s) = \forall integer g;
      0 <= g < p->units && p->state[g] == PIECE_FREE && g + p->len[g] < p->units
      && p->state[g + p->len[g]] == PIECE_FREE ==> g == s || g + p->len[g] == s;
    predicate pieces_coalesced_behind{L}(struct pool_pieces *p, integer s) = \forall integer g;
      0 <= g < p->units && p->state[g] == PIECE_FREE && g + p->len[g] < p->units
      && p->state[g + p->len[g]] == PIECE_FREE ==> g + p->len[g] == s;

    // The address of a unit.
    logic integer pieces_address{L}(struct pool_pieces *p, integer g) = p->base + g * PIECES_UNIT;
*/

/*@ // T13: two live pieces share no byte, and each lies inside its set.
    lemma T13_pieces_disjoint{L}: \forall struct pool_pieces *p; pieces_wf_apart(p)
      ==> \forall integer a, b;
      0 <= a < b < p->units && p->state[a] == PIECE_LIVE && p->state[b] == PIECE_LIVE
      ==> pieces_address(p, a + p->len[a]) <= pieces_address(p, b);
*/
