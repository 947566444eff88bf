/*
 * counters.c - what a stretch of a program cost.
 */
#include "counters.h"

#include "console.h"
#include "format.h"
#include "system.h"

#define LINE_CHARS 900

static void own_read(struct counters *counters)
{
	struct quire_fault_counts counts;

	counters->has_faults = fault_counts_read(&counts);
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		counters->faults[i] = counts.by_class[i];
	counters->has_paging = paging_read(&counters->paging);
}

void counters_start(struct counters *counters)
{
	own_read(counters);
	counters->ticks = ticks_read();
}

void counters_stop(struct counters *counters)
{
	uint64_t ticks = ticks_read();
	struct counters now;
	const uint64_t *from = (const uint64_t *)&counters->paging;
	uint64_t *to = (uint64_t *)&now.paging;

	own_read(&now);
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		now.faults[i] -= counters->faults[i];
	for (size_t i = 0; i < sizeof(now.paging) / sizeof(uint64_t); i++)
		to[i] -= from[i];
	now.ticks = ticks - counters->ticks;
	*counters = now;
}

void counters_read_system(struct counters *counters)
{
	struct quire_memory memory;

	counters->has_faults = memory_read(&memory);
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		counters->faults[i] = memory.faults[i];
	counters->has_paging = paging_read(&counters->paging);
	counters->ticks = ticks_read();
}

/* Text that grows; a line is much shorter than its buffer. */
struct line {
	char text[LINE_CHARS];
	size_t length;
};

static void add(struct line *line, const char *name, uint64_t value)
{
	line->length += format_text(line->text + line->length, sizeof(line->text) - line->length,
				    " %s=%llu", name, (unsigned long long)value);
}

/* Faults that end well or badly, each once: what is taken inside the kernel is counted besides. */
static uint64_t faults_total(const struct counters *counters)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		if (i != QUIRE_FAULT_KERNEL_COPY)
			total += counters->faults[i];
	return total;
}

static void add_paging(struct line *line, const struct quire_paging *paging)
{
	add(line, "pages-in", paging->pages_in);
	add(line, "pages-out", paging->pages_out);
	add(line, "read-ahead", paging->pages_read_ahead);
	add(line, "trimmed", paging->trimmed);
	add(line, "evicted", paging->evicted);
	add(line, "collided", paging->collided);
	add(line, "disk-reads", paging->disk_reads);
	add(line, "disk-writes", paging->disk_writes);
}

void counters_print(const char *label, const char *extra, const struct counters *counters)
{
	struct line line = {.length = 0};

	if (counters->has_faults) {
		add(&line, "faults", faults_total(counters));
		for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
			add(&line, fault_class_names[i], counters->faults[i]);
	}
	if (counters->has_paging)
		add_paging(&line, &counters->paging);
	add(&line, "instructions", counters->ticks);
	print("%s%s%s%s\n", label, *extra ? " " : "", extra, line.text);
}
