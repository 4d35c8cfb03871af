// Numbers that could single a member out are shown in steps: 0, 1-2, 3-5, 6-10, 11-15, then powers of
// two. Pure.
#pragma once

#include <stdint.h>

// The lower bound of the step that n lies in; 0 for what is below 1.
int32_t toc_step(int64_t n);

// floor(16 x log2(n)) for n >= 1, in integers only: machines agree. 0 for what is below 1.
int32_t toc_log2_16(int64_t n);
