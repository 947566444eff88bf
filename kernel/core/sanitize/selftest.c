#include "sanitize.h"
#ifdef QUIRE_SANITIZE
void selftest_run(void)
{
}
#endif
