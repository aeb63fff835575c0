/// Sixteen floats at a time, for x86-64 processors with AVX-512 (F, VL, BW, DQ).
#if defined(__x86_64__)
#include "bodies/prelude.inc"
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512vl,avx512bw,avx512dq"))), apply_to = function)

typedef float real;
#define TABLE unroll_table_avx512
#define NAME "avx512"
#define LANES 16
#define FUSED 1
#define PANEL_VECTORS 4
#define REGISTERS 32
#define TILE_ROWS 6
// Thirty-two registers: up to twenty-four sums, the weights' vectors and one element of the left side.
#define SHAPES(F)                                              \
  F(4, 4, 4, 1) F(4, 2, 4, 2) F(4, 1, 4, 6) F(3, 4, 3, 1)      \
  F(3, 2, 3, 2) F(3, 1, 3, 8) F(2, 8, 2, 1) F(2, 4, 2, 2)      \
  F(2, 2, 2, 6) F(2, 1, 2, 8) F(1, 8, 1, 2) F(1, 4, 1, 6)      \
  F(1, 2, 1, 8) F(1, 1, 1, 8)
#define NARROW_SHAPES(F) F(4, 1, 1, 6) F(4, 1, 2, 6) F(4, 1, 3, 6)

#define OWN_PARTIAL_ACCESS 1
#define PARTIAL_MASK(n) ((__mmask16)((1u << (n)) - 1u))
#define PARTIAL_LOAD(p, n) _mm512_maskz_loadu_ps(PARTIAL_MASK(n), (p))
#define PARTIAL_STORE(p, v, n) _mm512_mask_storeu_ps((p), PARTIAL_MASK(n), (__m512)(v))
#define SCALE_BY_POWER(v, n) _mm512_scalef_ps((__m512)(v), (__m512)(n))

#include "bodies/kernels.inc"

#pragma clang attribute pop
#endif
