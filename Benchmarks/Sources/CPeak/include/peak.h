#ifndef UNROLL_PEAK_H
#define UNROLL_PEAK_H
#include <stdint.h>
/// Runs fused multiply-adds in registers, on the widest vectors of this processor, `rounds` times over.
/// Returns the number of floating-point operations done. The result is stored where the compiler must keep it.
uint64_t unroll_peak_run(uint64_t rounds, float *sink);
#endif
