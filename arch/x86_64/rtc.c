/*
 * rtc.c - date and time of the CMOS clock (Motorola MC146818), read once at boot.
 *
 * The clock counts in BCD or binary, in 12 or 24 hours: status register B says which. The century
 * is no part of it; firmware keeps it elsewhere in the CMOS memory, and the FADT says where.
 */
#include "clock.h"

#include <stdbool.h>

#include "kernel/lib/string.h"

#include "cpu.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

#define RTC_SECOND 0x00
#define RTC_MINUTE 0x02
#define RTC_HOUR 0x04
#define RTC_DAY 0x07
#define RTC_MONTH 0x08
#define RTC_YEAR 0x09
#define RTC_STATUS_A 0x0A
#define RTC_STATUS_B 0x0B
#define STATUS_A_UPDATING 0x80u
#define STATUS_B_24_HOURS 0x02u
#define STATUS_B_BINARY 0x04u
#define HOUR_PM 0x80u

#define READS_MAX 100000u
#define SECONDS_PER_DAY 86400u
#define EPOCH_YEAR 1970u
/* Without a century register: the two digits mean 2000 to 2099. */
#define DEFAULT_CENTURY 20u

struct date {
	uint8_t second, minute, hour, day, month, year, century;
};

static uint8_t cmos_read(uint8_t index)
{
	port_write8(CMOS_INDEX, index);
	return port_read8(CMOS_DATA);
}

/* False if the clock never becomes readable: there is none. */
static bool read_once(uint8_t century_index, struct date *date)
{
	unsigned reads = 0;

	while (cmos_read(RTC_STATUS_A) & STATUS_A_UPDATING)
		if (++reads == READS_MAX)
			return false;
	*date = (struct date){
		.second = cmos_read(RTC_SECOND),
		.minute = cmos_read(RTC_MINUTE),
		.hour = cmos_read(RTC_HOUR),
		.day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH),
		.year = cmos_read(RTC_YEAR),
		.century = century_index ? cmos_read(century_index) : 0,
	};
	return true;
}

static uint8_t from_bcd(uint8_t value)
{
	return (uint8_t)((value >> 4) * 10 + (value & 0x0F));
}

/* Makes binary numbers and 24 hours of what the registers held. */
static void decode(struct date *date)
{
	uint8_t status = cmos_read(RTC_STATUS_B);
	bool pm = !(status & STATUS_B_24_HOURS) && (date->hour & HOUR_PM);

	if (!(status & STATUS_B_24_HOURS))
		date->hour &= (uint8_t)~HOUR_PM;
	if (!(status & STATUS_B_BINARY)) {
		date->second = from_bcd(date->second);
		date->minute = from_bcd(date->minute);
		date->hour = from_bcd(date->hour);
		date->day = from_bcd(date->day);
		date->month = from_bcd(date->month);
		date->year = from_bcd(date->year);
		date->century = from_bcd(date->century);
	}
	if (!(status & STATUS_B_24_HOURS))
		date->hour = (uint8_t)(date->hour % 12 + (pm ? 12 : 0));
	if (date->century < 19 || date->century > 29)
		date->century = DEFAULT_CENTURY;
}

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from the epoch to the first of January of `year`. */
static uint64_t days_before_year(unsigned year)
{
	uint64_t days = 0;

	for (unsigned y = EPOCH_YEAR; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	return days;
}

/* Seconds since 1970; 0 for a date that does not exist, as of a clock that was never set. */
static uint64_t seconds_of(const struct date *date)
{
	static const uint16_t days_before_month[] = {0,	  31,  59,  90,	 120, 151,
						     181, 212, 243, 273, 304, 334};
	unsigned year = date->century * 100u + date->year;
	uint64_t days;

	if (year < EPOCH_YEAR || date->month < 1 || date->month > 12 || date->day < 1 ||
	    date->day > 31 || date->hour > 23 || date->minute > 59 || date->second > 60)
		return 0;
	days = days_before_year(year) + days_before_month[date->month - 1] + date->day - 1u;
	if (date->month > 2 && is_leap(year))
		days++;
	return days * SECONDS_PER_DAY + date->hour * 3600u + date->minute * 60u + date->second;
}

uint64_t rtc_read(uint8_t century_index)
{
	struct date first, second;

	/* The clock may tick between two registers: two equal readings in a row are one moment. */
	if (!read_once(century_index, &second))
		return 0;
	do {
		first = second;
		if (!read_once(century_index, &second))
			return 0;
	} while (memcmp(&first, &second, sizeof(first)) != 0);
	decode(&second);
	return seconds_of(&second);
}
