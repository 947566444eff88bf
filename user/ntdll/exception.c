/*
 * exception.c - vectored handlers, and what becomes of an exception that the kernel tells us of.
 *
 *   KiUserExceptionDispatcher -> handlers in order, until one says "continue"
 *       one did          continue handlers, then NtContinue with the CONTEXT as it is now
 *       none did         NtRaiseException, second chance: the process ends
 *
 * Handlers run without the lock, so that they may raise exceptions, and add and remove handlers. A
 * handler that is being called is only marked when it is removed, and freed after the call.
 */
#include "loader.h"
#include "spin.h"

struct handler {
	struct handler *next;
	PVECTORED_EXCEPTION_HANDLER routine;
	unsigned users; /* calls under way, and one for the list */
	bool is_removed;
};

/* Pointers start as NULL: this must work before ntdll has relocated itself. */
struct handler_list {
	struct handler *first;
};

static struct spin lock;
static struct handler_list exception_handlers, continue_handlers;

_Noreturn void exception_dispatch(EXCEPTION_RECORD *record, CONTEXT *context);
_Noreturn void exception_fail(NTSTATUS status);

/* ---- the lists ---- */

/* Takes a removed handler that nobody uses off the list. => returns: what to free, or NULL. */
static struct handler *handler_drop(struct handler_list *list, struct handler *handler)
{
	struct handler **link = &list->first;

	if (--handler->users > 0)
		return NULL;
	while (*link != handler)
		link = &(*link)->next;
	*link = handler->next;
	return handler;
}

static PVOID handler_add(struct handler_list *list, ULONG first,
			 PVECTORED_EXCEPTION_HANDLER routine)
{
	struct handler *handler = RtlAllocateHeap(process_heap(), 0, sizeof(*handler));
	struct handler **link = &list->first;

	if (!handler)
		return NULL;
	*handler = (struct handler){.routine = routine, .users = 1};
	spin_lock(&lock);
	while (!first && *link)
		link = &(*link)->next;
	handler->next = *link;
	*link = handler;
	spin_unlock(&lock);
	return handler;
}

static ULONG handler_remove(struct handler_list *list, const void *which)
{
	struct handler *handler, *unused = NULL;

	spin_lock(&lock);
	handler = list->first;
	while (handler && (handler != which || handler->is_removed))
		handler = handler->next;
	if (handler) {
		handler->is_removed = true;
		unused = handler_drop(list, handler);
	}
	spin_unlock(&lock);
	if (unused)
		RtlFreeHeap(process_heap(), 0, unused);
	return handler != NULL;
}

/* The first handler from `handler` on that is to be called, held; NULL at the end. */
static struct handler *handler_hold(struct handler *handler)
{
	while (handler && handler->is_removed)
		handler = handler->next;
	if (handler)
		handler->users++;
	return handler;
}

/* Lets go of `handler` (NULL: start) and holds the one after it. */
static struct handler *handler_next(struct handler_list *list, struct handler *handler)
{
	struct handler *next, *unused = NULL;

	spin_lock(&lock);
	next = handler_hold(handler ? handler->next : list->first);
	if (handler)
		unused = handler_drop(list, handler);
	spin_unlock(&lock);
	if (unused)
		RtlFreeHeap(process_heap(), 0, unused);
	return next;
}

static void handler_release(struct handler_list *list, struct handler *handler)
{
	struct handler *unused;

	spin_lock(&lock);
	unused = handler_drop(list, handler);
	spin_unlock(&lock);
	if (unused)
		RtlFreeHeap(process_heap(), 0, unused);
}

/* True: one of them wants the thread to go on. */
static bool handlers_call(struct handler_list *list, EXCEPTION_POINTERS *pointers)
{
	struct handler *handler = NULL;

	while ((handler = handler_next(list, handler))) {
		if (handler->routine(pointers) == EXCEPTION_CONTINUE_EXECUTION) {
			handler_release(list, handler);
			return true;
		}
	}
	return false;
}

PVOID NTAPI RtlAddVectoredExceptionHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER routine)
{
	return handler_add(&exception_handlers, first, routine);
}

ULONG NTAPI RtlRemoveVectoredExceptionHandler(PVOID handler)
{
	return handler_remove(&exception_handlers, handler);
}

PVOID NTAPI RtlAddVectoredContinueHandler(ULONG first, PVECTORED_EXCEPTION_HANDLER routine)
{
	return handler_add(&continue_handlers, first, routine);
}

ULONG NTAPI RtlRemoveVectoredContinueHandler(PVOID handler)
{
	return handler_remove(&continue_handlers, handler);
}

/* ---- dispatching ---- */

BOOLEAN NTAPI RtlDispatchException(EXCEPTION_RECORD *record, CONTEXT *context)
{
	EXCEPTION_POINTERS pointers = {record, context};

	if (!handlers_call(&exception_handlers, &pointers))
		return FALSE;
	handlers_call(&continue_handlers, &pointers);
	return TRUE;
}

/* Neither call returns unless it fails, and then there is nothing left to try. */
_Noreturn void exception_fail(NTSTATUS status)
{
	RtlExitUserProcess(status);
	__builtin_unreachable();
}

_Noreturn void exception_dispatch(EXCEPTION_RECORD *record, CONTEXT *context)
{
	if (RtlDispatchException(record, context))
		exception_fail(NtContinue(context, FALSE));
	exception_fail(NtRaiseException(record, context, FALSE));
}

void NTAPI RtlRaiseStatus(NTSTATUS status)
{
	EXCEPTION_RECORD record = {
		.ExceptionCode = (DWORD)status,
		.ExceptionFlags = EXCEPTION_NONCONTINUABLE,
	};

	RtlRaiseException(&record);
}
