/*
 * touch.h - bringing a program's own pages into memory, so that counts measured afterwards are not
 * disturbed by it.
 */
#pragma once

/*
 * Reads every page of the program's image and of ntdll, writes (the same byte) to those that are
 * writable, and uses 48 KiB of stack. Does nothing where faults are not counted.
 */
void touch_own_pages(void);
