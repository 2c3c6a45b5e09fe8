#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* U+0080 to U+009F are control characters too: U+009B is as good as ESC [. In UTF-8 they begin with c2,
 * and on a terminal of single bytes none is the rest of a sequence. */
static bool is_control(const char *text, unsigned left)
{
	unsigned char c = (unsigned char)*text;

	if (c == 0xc2)
		return ((unsigned char)text[1] & 0xe0) == 0x80;
	return c < 0x20 || c == 0x7f || (!left && (c & 0xe0) == 0x80);
}

/* Copies `from` to `to`, control characters as \xNN: a terminal must not obey what a file says. */
static void copy_escaped(char *to, size_t size, const char *from)
{
	size_t used = 0;
	unsigned left = 0; /* bytes that a UTF-8 sequence still has */

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;
		bool plain = !is_control(from, left);
		size_t need = plain ? 1 : 4;

		if (used + need >= size)
			break;
		if (plain)
			to[used] = *from;
		else
			snprintf(to + used, size - used, "\\x%02x", (unsigned)c);
		used += need;
		if (plain && c >= 0xc0)
			left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		else
			left = left && c >= 0x80 ? left - 1 : 0;
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
