/* region_bump: where the next block of a region begins. */

/*@ // The first multiple of a number that is not before an address.
    logic integer bump_up(integer at, integer align) =
      at % align == 0 ? at : (at / align + 1) * align;
*/
