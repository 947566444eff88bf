/*
 * serial.h - the two PC serial ports (16550), polled: no interrupt, so a panic can print in any
 * state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum serial_port { SERIAL_COM1, SERIAL_COM2, SERIAL_PORTS };

/*
 * 115200 baud, 8 bits, no parity, 1 stop bit, FIFOs on. A port that does not answer stays unused.
 * Boot only.
 */
void serial_init(void);
bool serial_is_present(enum serial_port port);

/*
 * Sends the bytes as they are. A receiver that stops taking them loses them: a console must not
 * stop the machine.
 */
void serial_write(enum serial_port port, const char *text, size_t size_bytes);

/* The next byte received, or -1. */
int serial_read(enum serial_port port);
