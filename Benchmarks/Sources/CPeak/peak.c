#include "peak.h"

// Each chain waits for itself alone; enough of them hide the latency of the units, and too many do not fit the
// registers beside the two constants: then the loop measures loads and stores. How many are right differs between
// processors, so several are tried, and the fastest counts. The numbers of a target leave room for the constants:
// 16 registers with AVX2, 32 with AVX-512 and NEON.
#define FUSED(x, a, b) __builtin_elementwise_fma(x, a, b)
// Without such an instruction, a call for each lane would be measured.
#define SEPARATE(x, a, b) ((x) * (a) + (b))

#define DEFINE_PEAK(NAME, LANES, CHAINS, STEP)                                                     \
  static uint64_t NAME(uint64_t rounds, float *sink) {                                             \
    typedef float V __attribute__((ext_vector_type(LANES)));                                       \
    V acc[CHAINS];                                                                                 \
    V a = (V)(*sink + 1.0000001f), b = (V)(*sink * 1e-9f);                                         \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) acc[i] = (V)(float)i;      \
    for (uint64_t r = 0; r < rounds; r++) {                                                        \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++)                          \
        acc[i] = STEP(acc[i], a, b);                                                               \
    }                                                                                              \
    V sum = acc[0];                                                                                \
    _Pragma("clang loop unroll(full)") for (int i = 1; i < CHAINS; i++) sum += acc[i];             \
    *sink = sum[0];                                                                                \
    return rounds * CHAINS * LANES * 2;                                                            \
  }

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
DEFINE_PEAK(avx512_8, 16, 8, FUSED)
DEFINE_PEAK(avx512_10, 16, 10, FUSED)
DEFINE_PEAK(avx512_12, 16, 12, FUSED)
DEFINE_PEAK(avx512_16, 16, 16, FUSED)
DEFINE_PEAK(avx512_24, 16, 24, FUSED)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
DEFINE_PEAK(avx2_8, 8, 8, FUSED)
DEFINE_PEAK(avx2_10, 8, 10, FUSED)
DEFINE_PEAK(avx2_12, 8, 12, FUSED)
DEFINE_PEAK(avx2_14, 8, 14, FUSED)
#pragma clang attribute pop
#endif
#if defined(__aarch64__)
DEFINE_PEAK(plain_12, 4, 12, FUSED)
DEFINE_PEAK(plain_16, 4, 16, FUSED)
DEFINE_PEAK(plain_24, 4, 24, FUSED)
#else
DEFINE_PEAK(plain_8, 4, 8, SEPARATE)
DEFINE_PEAK(plain_12, 4, 12, SEPARATE)
#endif

typedef struct {
  unroll_peak_target target;
  int chains;
  uint64_t (*run)(uint64_t, float *);
} loop;

static const loop loops[] = {
#if defined(__x86_64__)
    {UNROLL_PEAK_AVX512, 8, avx512_8},   {UNROLL_PEAK_AVX512, 10, avx512_10},
    {UNROLL_PEAK_AVX512, 12, avx512_12}, {UNROLL_PEAK_AVX512, 16, avx512_16},
    {UNROLL_PEAK_AVX512, 24, avx512_24}, {UNROLL_PEAK_AVX2, 8, avx2_8},
    {UNROLL_PEAK_AVX2, 10, avx2_10},     {UNROLL_PEAK_AVX2, 12, avx2_12},
    {UNROLL_PEAK_AVX2, 14, avx2_14},
#endif
#if defined(__aarch64__)
    {UNROLL_PEAK_PLAIN, 12, plain_12},   {UNROLL_PEAK_PLAIN, 16, plain_16},
    {UNROLL_PEAK_PLAIN, 24, plain_24},
#else
    {UNROLL_PEAK_PLAIN, 8, plain_8},     {UNROLL_PEAK_PLAIN, 12, plain_12},
#endif
};

unroll_peak_target unroll_peak_best_target(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return UNROLL_PEAK_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return UNROLL_PEAK_AVX2;
#endif
  return UNROLL_PEAK_PLAIN;
}

static const loop *find(unroll_peak_target target, int index) {
  for (unsigned long i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
    if (loops[i].target == target && index-- == 0) return &loops[i];
  return 0;
}

int unroll_peak_chains(unroll_peak_target target, int index) {
  const loop *found = find(target, index);
  return found ? found->chains : 0;
}

uint64_t unroll_peak_run(unroll_peak_target target, int index, uint64_t rounds, float *sink) {
  const loop *found = find(target, index);
  return found ? found->run(rounds, sink) : 0;
}
