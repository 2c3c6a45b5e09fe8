/* faults: makes the n-th call of a kind fail, for LD_PRELOAD.
 *
 * FAULT is the kind: "memory" (malloc and its like), "read", "write" (write, writev), "sync" or "name" (open
 * for writing, linkat, rename); FAULT_AT is n, from 1, with a "+" behind it if all later calls fail
 * too. When one fails, the file FAULT_FIRED is made, so that a loop over n knows where to stop. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* glibc's own: dlsym allocates, so it cannot be asked for these. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t unit, size_t size);

static const char *wanted;
static unsigned long at;
static unsigned long seen;
static bool from_then_on;
static bool loading;

__attribute__((constructor)) static void start(void)
{
	const char *number = getenv("FAULT_AT");
	char *end;

	if (!number)
		return;
	at = strtoul(number, &end, 10);
	from_then_on = *end == '+';
	wanted = getenv("FAULT");
}

static bool fails(const char *kind, int number)
{
	const char *fired;

	if (!wanted || loading || strcmp(kind, wanted))
		return false;
	seen++;
	if (from_then_on ? seen < at : seen != at)
		return false;
	fired = getenv("FAULT_FIRED");
	if (fired)
		syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, fired, O_CREAT | O_WRONLY, 0666));
	errno = number;
	return true;
}

/* Constructors of foreign libraries (libgfortran) end the program where memory fails. */
void *dlopen(const char *path, int flags)
{
	void *(*real)(const char *, int);
	void *library;

	loading = true;
	*(void **)&real = dlsym(RTLD_NEXT, "dlopen");
	library = real(path, flags);
	loading = false;
	return library;
}

void *malloc(size_t size)
{
	return fails("memory", ENOMEM) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails("memory", ENOMEM) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	return fails("memory", ENOMEM) ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t unit, size_t size)
{
	return fails("memory", ENOMEM) ? NULL : __libc_memalign(unit, size);
}

ssize_t read(int fd, void *bytes, size_t count)
{
	return fails("read", EIO) ? -1 : syscall(SYS_read, fd, bytes, count);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
	/* What is said about the fault should be seen. */
	return fd != STDERR_FILENO && fails("write", ENOSPC) ? -1 :
							       syscall(SYS_write, fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	return fails("write", ENOSPC) ? -1 : syscall(SYS_writev, fd, pieces, count);
}

int fsync(int fd)
{
	return fails("sync", EIO) ? -1 : (int)syscall(SYS_fsync, fd);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return fails("name", ENOSPC) ? -1 :
				       (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

int rename(const char *from, const char *to)
{
	return fails("name", EACCES) ? -1 :
				       (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	if ((flags & O_ACCMODE) != O_RDONLY && fails("name", EMFILE))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
