/* Powers of two by exponent, spelt out: solvers divide and multiply by a
 * constant, not by a power with a variable exponent. */

/*@ // 2^k, for k of 0 .. 18.
    logic integer pow2(integer k) =
      k == 0 ? 1 : k == 1 ? 2 : k == 2 ? 4 : 
      k == 3 ? 8 : k == 4 ? 16 : k == 5 ? 32 : 
      k == 6 ? 64 : k == 7 ? 128 : k == 8 ? 256 : 
      k == 9 ? 512 : k == 10 ? 1024 : k == 11 ? 2048 : 
      k == 12 ? 4096 : k == 13 ? 8192 : k == 14 ? 16384 : 
      k == 15 ? 32768 : k == 16 ? 65536 : k == 17 ? 131072 : 
 262144;

    // x * 2^k, for k of 0 .. 14.
    logic integer times_pow2(integer x, integer k) =
      k == 0 ? x * 1 : k == 1 ? x * 2 : k == 2 ? x * 4 : 
      k == 3 ? x * 8 : k == 4 ? x * 16 : k == 5 ? x * 32 : 
      k == 6 ? x * 64 : k == 7 ? x * 128 : k == 8 ? x * 256 : 
      k == 9 ? x * 512 : k == 10 ? x * 1024 : k == 11 ? x * 2048 : 
      k == 12 ? x * 4096 : k == 13 ? x * 8192 : x * 16384;

    // x / 2^k, for k of 0 .. 14.
    logic integer over_pow2(integer x, integer k) =
      k == 0 ? x / 1 : k == 1 ? x / 2 : k == 2 ? x / 4 : 
      k == 3 ? x / 8 : k == 4 ? x / 16 : k == 5 ? x / 32 : 
      k == 6 ? x / 64 : k == 7 ? x / 128 : k == 8 ? x / 256 : 
      k == 9 ? x / 512 : k == 10 ? x / 1024 : k == 11 ? x / 2048 : 
      k == 12 ? x / 4096 : k == 13 ? x / 8192 : x / 16384;
*/
