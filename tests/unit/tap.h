/* Test points for the unit tests, as the Test Anything Protocol wants them. A test program is
 * a main of ok()/is() calls that ends in `return tap_done();`. */
#ifndef NN_TESTS_TAP_H
#define NN_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count;
static int tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool ok(bool passed, const char *format, ...)
{
	va_list args;

	tap_count++;
	tap_failed += !passed;
	printf("%sok %d - ", passed ? "" : "not ", tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	return passed;
}

__attribute__((unused)) static bool is_text(const char *got, const char *want, const char *name)
{
	bool passed = ok(!strcmp(got, want), "%s", name);

	if (!passed)
		printf("#      got: %s\n# expected: %s\n", got, want);
	return passed;
}

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
