#ifndef UNROLL_SANITIZER_H
#define UNROLL_SANITIZER_H

/// Tells the thread sanitizer, where a program is built with it, that what was done before `unroll_lock_leave` of the
/// same address happened before what follows. Nothing elsewhere.
void unroll_lock_enter(void *address);
void unroll_lock_leave(void *address);

#endif
