/// Counts how often a thread asks the system for memory, to prove that a loop does not.
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

/// The allocations of this thread so far, or −1 where they cannot be counted.
long allocations_of_thread(void);

#endif
