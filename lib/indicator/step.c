#include "lib/indicator/step.h"

#include <stddef.h>

#define STEP_MAX (INT32_C(1) << 30)

int32_t toc_step(int64_t n)
{
    static const int32_t low[] = {11, 6, 3, 1};
    if (n >= STEP_MAX)
        return STEP_MAX;
    if (n < 16) {
        for (size_t i = 0; i < sizeof low / sizeof *low; i++)
            if (n >= low[i])
                return low[i];
        return 0;
    }
    int32_t power = 16;
    while (power <= n / 2)
        power *= 2;
    return power;
}

int32_t toc_log2_16(int64_t n)
{
    if (n < 1)
        return 0;
    int32_t whole = 0;
    while (n >> whole > 1)
        whole++;
    // n / 2^whole as 1.31 fixed point; squaring doubles its logarithm and so gives the next binary digit.
    uint64_t x = whole <= 31 ? (uint64_t)n << (31 - whole) : (uint64_t)n >> (whole - 31);
    int32_t result = whole;
    for (int digit = 0; digit < 4; digit++) {
        x = x * x >> 31;
        result *= 2;
        if (x >> 32 != 0) {
            result++;
            x >>= 1;
        }
    }
    return result;
}
