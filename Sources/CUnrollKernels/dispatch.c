#include "targets.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// Whether this processor has what a target's code uses and its system saves those registers. The builtins read
/// the operating system's mask (XGETBV) and report no AVX, or no AVX-512, where the registers are not saved.
static bool usable(const unroll_kernels *table) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (table == &unroll_table_avx2) return avx2;
  if (table == &unroll_table_avx512)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#endif
  (void)table;
  return true;
}

/// Fastest first; "double" last, which is nobody's best.
static const unroll_kernels *const tables[] = {
#if defined(__x86_64__)
    &unroll_table_avx512,
    &unroll_table_avx2,
#elif defined(__aarch64__)
    &unroll_table_neon,
#endif
    &unroll_table_scalar,
    &unroll_table_double,
};

const unroll_kernels *unroll_kernels_named(const char *name) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    if (strcmp(tables[i]->name, name) == 0) return usable(tables[i]) ? tables[i] : NULL;
  return NULL;
}

const unroll_kernels *unroll_kernels_best(void) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    if (usable(tables[i])) return tables[i];
  return &unroll_table_scalar;
}

uint64_t unroll_flush_denormals(void) {
#if defined(__x86_64__)
  const unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | flush_to_zero | denormals_are_zero);
  return before;
#elif defined(__aarch64__)
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | (uint64_t)1 << 24));
  return before;
#else
  return 0;
#endif
}

void unroll_restore_denormals(uint64_t before) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
  (void)before;
#endif
}

void unroll_spin_pause(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
