#include "hub/state/inner.h"
void restore_free(struct restore *restore)
{
    (void)restore;
}
