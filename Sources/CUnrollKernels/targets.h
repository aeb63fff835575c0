/// The tables that this build holds, one per target file. dispatch.c chooses among them.
#ifndef UNROLL_TARGETS_H
#define UNROLL_TARGETS_H

#include "unroll_kernels.h"

extern const unroll_kernels unroll_table_scalar;
extern const unroll_kernels unroll_table_double;
#if defined(__x86_64__)
extern const unroll_kernels unroll_table_avx2;
extern const unroll_kernels unroll_table_avx512;
#elif defined(__aarch64__)
extern const unroll_kernels unroll_table_neon;
#endif

#endif
