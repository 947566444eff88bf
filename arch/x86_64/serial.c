/*
 * serial.c - see serial.h. Registers as of the National Semiconductor PC16550D.
 */
#include "serial.h"

#include <stdint.h>

#include "cpu.h"

#define DATA 0	       /* with the divisor latch open: divisor, low byte */
#define INTERRUPTS 1   /* with the divisor latch open: divisor, high byte */
#define FIFO_CONTROL 2 /* reads: interrupt identification */
#define LINE_CONTROL 3
#define MODEM_CONTROL 4
#define LINE_STATUS 5
#define SCRATCH 7

#define LINE_8N1 0x03
#define LINE_DIVISOR_LATCH 0x80
#define DIVISOR_115200 1
#define FIFO_ENABLE 0x01
#define FIFO_IS_ENABLED 0xC0
#define FIFO_BYTES 16
#define MODEM_READY 0x03    /* DTR and RTS */
#define MODEM_LOOPBACK 0x10 /* cut off from the line */
#define STATUS_RECEIVED 0x01
#define STATUS_TRANSMITTER_EMPTY 0x20

/* Polls before a receiver is given up: far more than 16 characters take at 115200 baud. */
#define POLLS_MAX 200000u

static const uint16_t bases[SERIAL_PORTS] = {[SERIAL_COM1] = 0x3F8, [SERIAL_COM2] = 0x2F8};
static bool present[SERIAL_PORTS];
static int kept_byte[SERIAL_PORTS] = {-1, -1}; /* received before the FIFO was on */

/* Where there is no port, reads give 0xFF and nothing is stored. */
static bool answers(uint16_t base)
{
	port_write8(base + SCRATCH, 0x5A);
	if (port_read8(base + SCRATCH) != 0x5A)
		return false;
	port_write8(base + SCRATCH, 0xA5);
	return port_read8(base + SCRATCH) == 0xA5;
}

/*
 * Input that is there already stays: a script may have sent it before the machine was up. Enabling
 * the FIFO empties it, so the one byte that can be waiting without FIFO is taken out first. In
 * loopback, so that no other takes its place.
 */
static void fifo_enable(enum serial_port port)
{
	uint16_t base = bases[port];

	if ((port_read8(base + FIFO_CONTROL) & FIFO_IS_ENABLED) == 0 &&
	    (port_read8(base + LINE_STATUS) & STATUS_RECEIVED))
		kept_byte[port] = port_read8(base + DATA);
	port_write8(base + FIFO_CONTROL, FIFO_ENABLE);
}

static void set_up(enum serial_port port)
{
	uint16_t base = bases[port];

	port_write8(base + MODEM_CONTROL, MODEM_LOOPBACK);
	port_write8(base + INTERRUPTS, 0);
	port_write8(base + LINE_CONTROL, LINE_DIVISOR_LATCH);
	port_write8(base + DATA, DIVISOR_115200);
	port_write8(base + INTERRUPTS, 0);
	port_write8(base + LINE_CONTROL, LINE_8N1);
	fifo_enable(port);
	port_write8(base + MODEM_CONTROL, MODEM_READY);
}

void serial_init(void)
{
	for (unsigned port = 0; port < SERIAL_PORTS; port++) {
		present[port] = answers(bases[port]);
		if (present[port])
			set_up(port);
	}
}

bool serial_is_present(enum serial_port port)
{
	return present[port];
}

static bool wait_for_transmitter(uint16_t base)
{
	for (unsigned polls = 0; polls < POLLS_MAX; polls++) {
		if (port_read8(base + LINE_STATUS) & STATUS_TRANSMITTER_EMPTY)
			return true;
		cpu_pause();
	}
	return false;
}

void serial_write(enum serial_port port, const char *text, size_t size_bytes)
{
	uint16_t base = bases[port];

	if (!present[port])
		return;
	for (size_t sent = 0; sent < size_bytes;) {
		if (!wait_for_transmitter(base))
			return;
		for (unsigned i = 0; i < FIFO_BYTES && sent < size_bytes; i++)
			port_write8(base + DATA, (uint8_t)text[sent++]);
	}
}

int serial_read(enum serial_port port)
{
	uint16_t base = bases[port];
	int kept = kept_byte[port];

	if (kept >= 0) {
		kept_byte[port] = -1;
		return kept;
	}
	if (!present[port] || !(port_read8(base + LINE_STATUS) & STATUS_RECEIVED))
		return -1;
	return port_read8(base + DATA);
}
