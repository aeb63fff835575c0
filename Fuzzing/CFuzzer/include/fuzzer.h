#ifndef UNROLL_FUZZER_H
#define UNROLL_FUZZER_H

#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop; it is in the run-time that `-sanitize=fuzzer` links.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *data, size_t size));

#endif
