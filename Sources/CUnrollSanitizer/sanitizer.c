#include "unroll_sanitizer.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNROLL_THREAD_SANITIZER 1
#endif
#endif

#ifdef UNROLL_THREAD_SANITIZER
void __tsan_acquire(void *address);
void __tsan_release(void *address);

void unroll_lock_enter(void *address) { __tsan_acquire(address); }
void unroll_lock_leave(void *address) { __tsan_release(address); }
#else
void unroll_lock_enter(void *address) { (void)address; }
void unroll_lock_leave(void *address) { (void)address; }
#endif
