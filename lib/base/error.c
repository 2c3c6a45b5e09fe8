#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Copies `from` to `to`, control characters as \xNN: a terminal must not obey what a file says. */
static void copy_escaped(char *to, size_t size, const char *from)
{
	size_t used = 0;

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;
		bool plain = c >= 0x20 && c != 0x7f;
		size_t need = plain ? 1 : 4;

		if (used + need >= size)
			break;
		if (plain)
			to[used] = *from;
		else
			snprintf(to + used, size - used, "\\x%02x", (unsigned)c);
		used += need;
	}
	to[used] = '\0';
}

static void fill(struct nn_error *err, enum nn_status status, const char *text)
{
	err->status = status;
	copy_escaped(err->text, sizeof err->text, text);
}

int nn_fail(struct nn_error *err, enum nn_status status, const char *format, ...)
{
	char text[sizeof err->text];
	va_list args;

	if (!err)
		return (int)status;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fill(err, status, text);
	return (int)status;
}

int nn_fail_errno(struct nn_error *err, enum nn_status status, const char *format, ...)
{
	int number = errno;
	char what[400];
	char text[sizeof err->text];
	va_list args;

	if (!err)
		return (int)status;
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(text, sizeof text, "%s: %s", what, strerror(number));
	fill(err, status, text);
	return (int)status;
}

int nn_fail_in(struct nn_error *err, const char *format, ...)
{
	char prefix[300];
	char text[sizeof err->text + sizeof prefix + 2];
	va_list args;

	if (!err)
		return NN_BAD;
	va_start(args, format);
	vsnprintf(prefix, sizeof prefix, format, args);
	va_end(args);
	snprintf(text, sizeof text, "%s: %s", prefix, err->text);
	fill(err, err->status, text);
	return (int)err->status;
}
