#include "base/template.h"

#include "base/memory.h"

#define MOST_DIGITS 20

/* Behind a %: the "d" of %d or %03d, *digits being 0 or 3; NULL if it is not that. */
static const char *number_place(const char *behind, unsigned *digits)
{
	*digits = 0;
	if (*behind == '0')
		for (behind++; *behind >= '0' && *behind <= '9' && *digits <= MOST_DIGITS; behind++)
			*digits = 10 * *digits + (unsigned)(*behind - '0');
	return *behind == 'd' && *digits <= MOST_DIGITS ? behind : NULL;
}

int nn_template_check(const char *template, struct nn_error *err)
{
	unsigned numbers = 0;
	unsigned digits;

	for (const char *p = template; *p; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == '%')
			continue;
		p = number_place(p, &digits);
		if (!p)
			return nn_fail(err, NN_USAGE,
				"'%s': only %%d, %%03d and the like, and %%%% have a meaning in a template",
				template);
		numbers++;
	}
	if (numbers != 1)
		return nn_fail(err, NN_USAGE,
			"'%s': a template needs one %%d, the place of the number",
			template);
	return NN_OK;
}

char *nn_template_expand(const char *template, uint64_t number, struct nn_error *err)
{
	struct nn_buffer path = { 0 };
	int status = NN_OK;
	unsigned digits;

	for (const char *p = template; *p && !status; p++) {
		if (*p != '%' || *++p == '%') {
			status = nn_buffer_append(&path, p, 1, err);
			continue;
		}
		p = number_place(p, &digits);
		status = nn_buffer_printf(&path, err, "%0*llu", (int)(digits ? digits : 1),
			(unsigned long long)number);
	}
	if (status) {
		nn_buffer_free(&path);
		return NULL;
	}
	return path.data;
}
