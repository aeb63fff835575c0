#ifndef UNROLL_PEAK_H
#define UNROLL_PEAK_H
#include <stdint.h>

/// The vectors of a processor: AVX-512, AVX2 with FMA, or what every processor of its kind has.
typedef enum { UNROLL_PEAK_PLAIN, UNROLL_PEAK_AVX2, UNROLL_PEAK_AVX512 } unroll_peak_target;

/// The widest vectors of this processor.
unroll_peak_target unroll_peak_best_target(void);

/// The number of independent chains of a target's loop of this index; 0: it has no more loops.
int unroll_peak_chains(unroll_peak_target target, int index);

/// Runs fused multiply-adds in registers, `rounds` times over, in a target's loop of this index.
/// Returns the number of floating-point operations done. The result is stored where the compiler must keep it.
uint64_t unroll_peak_run(unroll_peak_target target, int index, uint64_t rounds, float *sink);
#endif
