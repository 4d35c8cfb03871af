#include "hub/ctl/doctor.h"

#include <stdarg.h>
#include <stdio.h>

void doctor_good(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("  ok     ");
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
}

void doctor_wrong(struct visit *v, const char *next, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    v->wrong++;
    printf("  WRONG  ");
    vprintf(fmt, ap);
    printf("\n         next: %s\n", next);
    va_end(ap);
}
