/// One float at a time: the table for any processor.
#include "bodies/prelude.inc"

typedef float real;
#define TABLE unroll_table_scalar
#define NAME "scalar"
#define LANES 1
#define FUSED 0
#define PANEL_VECTORS 4
#define REGISTERS 16
#define TILE_ROWS 4
#define SHAPES(F) F(4, 1, 4, 4) F(3, 1, 3, 4) F(2, 2, 2, 4) F(2, 1, 2, 4) F(1, 4, 1, 4) F(1, 2, 1, 4) F(1, 1, 1, 4)
#define NARROW_SHAPES(F) F(4, 1, 1, 4) F(4, 1, 2, 4) F(4, 1, 3, 4)

#include "bodies/kernels.inc"
