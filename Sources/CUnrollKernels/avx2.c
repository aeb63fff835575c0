/// Eight floats at a time, for x86-64 processors with AVX2 and FMA.
#if defined(__x86_64__)
#include "bodies/prelude.inc"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

typedef float real;
#define TABLE unroll_table_avx2
#define NAME "avx2"
#define LANES 8
#define FUSED 1
#define PANEL_VECTORS 2
#define REGISTERS 16
#define TILE_ROWS 6
// Sixteen registers: twelve sums, the weights' vectors and one element of the left side.
#define SHAPES(F)                                              \
  F(4, 2, 4, 1) F(4, 1, 4, 3) F(3, 4, 3, 1) F(3, 2, 3, 2)      \
  F(3, 1, 3, 4) F(2, 4, 2, 1) F(2, 2, 2, 3) F(2, 1, 2, 6)      \
  F(1, 8, 1, 1) F(1, 4, 1, 2) F(1, 2, 1, 6) F(1, 1, 1, 8)
#define NARROW_SHAPES(F) F(2, 1, 1, 6)

#define OWN_PARTIAL_ACCESS 1
static const int partial_lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
#define PARTIAL_MASK(n) _mm256_loadu_si256((const __m256i *)(partial_lanes + 8 - (n)))
#define PARTIAL_LOAD(p, n) _mm256_maskload_ps((p), PARTIAL_MASK(n))
#define PARTIAL_STORE(p, v, n) _mm256_maskstore_ps((p), PARTIAL_MASK(n), (__m256)(v))

#include "bodies/kernels.inc"

#pragma clang attribute pop
#endif
