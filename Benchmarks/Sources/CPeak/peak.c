#include "peak.h"

// Sixteen independent chains hide the latency of two units of four to five cycles.
#define CHAINS 16

#define DEFINE_PEAK(NAME, LANES)                                                                   \
  static uint64_t NAME(uint64_t rounds, float *sink) {                                             \
    typedef float V __attribute__((ext_vector_type(LANES)));                                       \
    V acc[CHAINS];                                                                                 \
    V a = (V)(*sink + 1.0000001f), b = (V)(*sink * 1e-9f);                                         \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) acc[i] = (V)(float)i;      \
    for (uint64_t r = 0; r < rounds; r++) {                                                        \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++)                          \
        acc[i] = __builtin_elementwise_fma(acc[i], a, b);                                          \
    }                                                                                              \
    V sum = acc[0];                                                                                \
    _Pragma("clang loop unroll(full)") for (int i = 1; i < CHAINS; i++) sum += acc[i];             \
    *sink = sum[0];                                                                                \
    return rounds * CHAINS * LANES * 2;                                                            \
  }

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
DEFINE_PEAK(peak_avx512, 16)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
DEFINE_PEAK(peak_avx2, 8)
#pragma clang attribute pop
#endif
DEFINE_PEAK(peak_plain, 4)

uint64_t unroll_peak_run(uint64_t rounds, float *sink) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return peak_avx512(rounds, sink);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return peak_avx2(rounds, sink);
#endif
  return peak_plain(rounds, sink);
}
