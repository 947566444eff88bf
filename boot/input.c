/*
 * input.c - finding and reading the kernel, the RAM disk and the command line (input.h).
 */
#include "input.h"

#include <efilib.h>

#include "fw_cfg.h"
#include "machine.h"
#include "memory.h"
#include "report.h"

#define FW_CFG_KERNEL "opt/org.quire/kernel"
#define FW_CFG_RAMDISK "opt/org.quire/ramdisk"
#define FW_CFG_CMDLINE "opt/org.quire/cmdline"
#define FW_CFG_GATE "opt/org.quire/gate"
#define VOLUME_KERNEL "\\quire\\kernel.elf"
#define VOLUME_RAMDISK "\\quire\\ramdisk.cpio"
#define VOLUME_CMDLINE "\\quire\\cmdline.txt"

#define GATE_PAUSES 2000 /* between two looks at the directory: some microseconds */

/*
 * Everything the gate reads is read from the device each time: after a restore the directory is
 * another one. No firmware call is made here, so the firmware's timers do not decide in which state
 * the snapshot catches us.
 */
static void gate_wait(void)
{
	struct fw_cfg_file file;

	report_mark("gate");
	while (!fw_cfg_find(FW_CFG_KERNEL, &file)) {
		for (int pauses = 0; pauses < GATE_PAUSES; pauses++)
			cpu_pause();
	}
}

/* True if QEMU offers a kernel, now or after the gate. */
static bool fw_cfg_offers_kernel(void)
{
	struct fw_cfg_file file;

	if (!fw_cfg_present())
		return false;
	if (!fw_cfg_find(FW_CFG_KERNEL, &file)) {
		if (!fw_cfg_find(FW_CFG_GATE, &file))
			return false;
		gate_wait();
	}
	return true;
}

/* False: QEMU offers no such file. */
static bool fw_cfg_input(const char *name, struct input *input)
{
	struct fw_cfg_file file;

	input->name = name;
	if (!fw_cfg_find(name, &file))
		return false;
	input->file.size_bytes = file.size_bytes;
	input->file.data = pages_allocate(file.size_bytes, name);
	if (!fw_cfg_read(&file, input->file.data))
		report_fail("fw_cfg file %a: QEMU could not transfer it", name);
	return true;
}

/* False: no such file on the boot volume. */
static bool volume_input(EFI_HANDLE image, const char *name, struct input *input)
{
	CHAR16 path[64];

	input->name = name;
	UnicodeSPrint(path, sizeof(path), (CHAR16 *)L"%a", name);
	return volume_read(image, path, &input->file);
}

/* Adds one character; line ends and tabs become spaces. */
static void cmdline_add(struct inputs *inputs, uint64_t *length, unsigned character,
			const char *source)
{
	if (character == '\n' || character == '\r' || character == '\t')
		character = ' ';
	if (character < 0x20 || character > 0x7E)
		report_fail("%a: character 0x%x after \"%a\" is not ASCII text; "
			    "the kernel command line takes nothing else",
			    source, character, inputs->cmdline);
	if (*length == BOOT_CMDLINE_BYTES - 1)
		report_fail("%a: the kernel command line is longer than %d characters: shorten it",
			    source, BOOT_CMDLINE_BYTES - 1);
	inputs->cmdline[(*length)++] = (char)character;
	inputs->cmdline[*length] = 0;
}

/* The end of `text` without line ends and spaces. */
static uint64_t trimmed_length(const uint8_t *text, uint64_t length)
{
	while (length && text[length - 1] <= ' ' && text[length - 1] != 0)
		length--;
	return length;
}

/* In a UEFI shell the options begin with the loader's own name. */
static const CHAR16 *options_skip_program(const CHAR16 *text, const CHAR16 *end)
{
	const CHAR16 *word_end = text;

	while (word_end<end && * word_end> ' ')
		word_end++;
	if (word_end - text >= 4 && word_end[-4] == '.' && (word_end[-3] | 0x20) == 'e' &&
	    (word_end[-2] | 0x20) == 'f' && (word_end[-1] | 0x20) == 'i')
		return word_end;
	return text;
}

/*
 * What is not text is left out with a remark: firmware and boot managers put data of their own into
 * the options of boot entries. Text that is not ASCII was typed by somebody, and is refused.
 */
static void cmdline_add_options(EFI_HANDLE image, struct inputs *inputs, uint64_t *length)
{
	EFI_LOADED_IMAGE_PROTOCOL *loaded;
	const CHAR16 *text, *end;

	if (EFI_ERROR(BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded)))
		return;
	text = loaded->LoadOptions;
	if (!text || loaded->LoadOptionsSize < sizeof(CHAR16))
		return;
	if (loaded->LoadOptionsSize % sizeof(CHAR16) != 0 || *text < ' ') {
		report_note("the firmware's load options are not text; they are left out");
		return;
	}
	end = text + loaded->LoadOptionsSize / sizeof(CHAR16);
	for (text = options_skip_program(text, end); text < end && *text == ' ';)
		text++;
	if (*length && text < end && *text)
		cmdline_add(inputs, length, ' ', "load options");
	for (; text < end && *text; text++)
		cmdline_add(inputs, length, *text, "load options");
}

/* The file first, so that the options, typed for this start, are the last word on a knob. */
static void cmdline_make(EFI_HANDLE image, struct inputs *inputs, const struct input *text)
{
	uint64_t length = 0, bytes = trimmed_length(text->file.data, text->file.size_bytes);

	inputs->cmdline[0] = 0;
	for (uint64_t i = 0; i < bytes; i++)
		cmdline_add(inputs, &length, text->file.data[i], text->name);
	cmdline_add_options(image, inputs, &length);
}

void inputs_read(EFI_HANDLE image, struct inputs *inputs)
{
	bool from_fw_cfg = fw_cfg_offers_kernel();
	struct input cmdline = {0};

	report_mark("stage loader");
	if (from_fw_cfg) {
		fw_cfg_input(FW_CFG_KERNEL, &inputs->kernel);
		if (!fw_cfg_input(FW_CFG_RAMDISK, &inputs->ramdisk))
			report_fail("fw_cfg has " FW_CFG_KERNEL " but no " FW_CFG_RAMDISK
				    ": give QEMU both");
		fw_cfg_input(FW_CFG_CMDLINE, &cmdline);
	} else {
		if (!volume_input(image, VOLUME_KERNEL, &inputs->kernel))
			report_fail(VOLUME_KERNEL " is not on the boot volume: copy it there, or "
						  "make the image again (make image)");
		if (!volume_input(image, VOLUME_RAMDISK, &inputs->ramdisk))
			report_fail(VOLUME_RAMDISK " is not on the boot volume: copy it there, or "
						   "make the image again (make image)");
		volume_input(image, VOLUME_CMDLINE, &cmdline);
	}
	cmdline_make(image, inputs, &cmdline);
}
