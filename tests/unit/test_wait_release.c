/*
 * test_wait_release.c - the tests of test_wait.c on the inline locks of release builds
 * (kernel/core/lock_fast.h).
 */
#undef QUIRE_DEBUG
#include "test_wait.c"
