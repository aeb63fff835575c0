/// Four floats at a time, for 64-bit ARM processors, all of which have NEON.
#if defined(__aarch64__)
#include "bodies/prelude.inc"

typedef float real;
#define TABLE unroll_table_neon
#define NAME "neon"
#define LANES 4
#define FUSED 1
#define PANEL_VECTORS 3
#define REGISTERS 32
#define TILE_ROWS 8
// Thirty-two registers, as AVX-512 has.
#define SHAPES(F)                                              \
  F(4, 4, 4, 1) F(4, 2, 4, 2) F(4, 1, 4, 6) F(3, 4, 3, 1)      \
  F(3, 2, 3, 2) F(3, 1, 3, 8) F(2, 8, 2, 1) F(2, 4, 2, 2)      \
  F(2, 2, 2, 6) F(2, 1, 2, 8) F(1, 8, 1, 2) F(1, 4, 1, 6)      \
  F(1, 2, 1, 8) F(1, 1, 1, 8)
#define NARROW_SHAPES(F) F(3, 1, 1, 8) F(3, 1, 2, 8)

#include "bodies/kernels.inc"
#endif
