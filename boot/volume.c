/*
 * volume.c - reading files through the firmware (volume.h).
 */
#include "volume.h"

#include <efilib.h>

#include "memory.h"
#include "report.h"

/*
 * The root directory of the volume the loader came from, or NULL (started from the network, or by
 * QEMU's -kernel).
 */
static EFI_FILE_PROTOCOL *volume_open(EFI_HANDLE image)
{
	EFI_LOADED_IMAGE_PROTOCOL *loaded;
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *file_system;
	EFI_FILE_PROTOCOL *root;

	if (EFI_ERROR(BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded)))
		return NULL;
	if (EFI_ERROR(BS->HandleProtocol(loaded->DeviceHandle, &FileSystemProtocol,
					 (void **)&file_system)))
		return NULL;
	if (EFI_ERROR(file_system->OpenVolume(file_system, &root)))
		return NULL;
	return root;
}

/* A file that is there but cannot be read is a broken disk: no other source is tried. */
static void file_read(EFI_FILE_PROTOCOL *handle, const CHAR16 *path, struct file_bytes *file)
{
	EFI_FILE_INFO *info = LibFileInfo(handle);
	UINTN bytes;
	EFI_STATUS status;

	if (!info)
		report_fail("%s: cannot be examined: check the disk", path);
	if (info->Attribute & EFI_FILE_DIRECTORY)
		report_fail("%s: is a directory, not a file", path);
	file->size_bytes = info->FileSize;
	FreePool(info);
	file->data = pages_allocate(file->size_bytes, "a file of the boot volume");
	bytes = file->size_bytes;
	status = handle->Read(handle, &bytes, file->data);
	if (EFI_ERROR(status) || bytes != file->size_bytes)
		report_fail("%s: cannot be read (%r): check the disk, make the image again", path,
			    status);
}

bool volume_read(EFI_HANDLE image, const CHAR16 *path, struct file_bytes *file)
{
	EFI_FILE_PROTOCOL *root = volume_open(image);
	EFI_FILE_PROTOCOL *handle;
	EFI_STATUS status;

	if (!root)
		return false;
	status = root->Open(root, &handle, (CHAR16 *)path, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	if (EFI_ERROR(status))
		return false;
	file_read(handle, path, file);
	handle->Close(handle);
	return true;
}
