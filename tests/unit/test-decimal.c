/* Numbers from cells: the same doubles as strtod(3), which rounds correctly. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "data/decimal.h"
#include "tap.h"

static struct nn_cell cell_of(const char *text)
{
	static char padded[2048 + NN_CELL_READABLE];
	size_t length = strlen(text);

	memset(padded, '7', sizeof padded); /* what lies behind a cell must not matter */
	memcpy(padded, text, length);
	return (struct nn_cell){ padded, length };
}

static bool same_as_strtod(const char *text)
{
	double value = 0.0;
	double want = strtod(text, NULL);

	if (nn_decimal(cell_of(text), &value) && !memcmp(&value, &want, sizeof value))
		return true;
	printf("# %s: %a, wanted %a\n", text, value, want);
	return false;
}

static void test_random(void)
{
	struct nn_random stream = nn_random_stream(5, NN_RANDOM_INIT, 0, 0);
	bool doubles = true;
	bool fixed = true;
	bool digits = true;

	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t bits = nn_random_u64(&stream, i);
		double value;
		char text[64];

		memcpy(&value, &bits, sizeof value);
		if (isfinite(value)) {
			snprintf(text, sizeof text, "%.*g", (int)(i % 20) + 1, value);
			doubles = doubles && same_as_strtod(text);
		}
		snprintf(text, sizeof text, "%.*f", (int)(i % 12),
			((double)bits - 0x1p63) * 0x1p-50);
		fixed = fixed && same_as_strtod(text);
		snprintf(text, sizeof text, "%llu", (unsigned long long)(bits >> i % 64));
		digits = digits && same_as_strtod(text);
	}
	ok(doubles, "doubles of any size, 1 to 20 digits");
	ok(fixed, "fixed point");
	ok(digits, "whole numbers of 1 to 20 digits");
}

int main(void)
{
	static const char *const numbers[] = { "0", "00", "-0", "+1", "1.", ".5", "1e5", "1E+05",
		"-1e-5", "0.1", "9007199254740993", "9007199254740992.5", "1e22", "1e23",
		"123456789012345678901", "1e400", "-1e400", "1e-400", "1e99999999999",
		"2.2250738585072011e-308", "4.35", "1e-22",
		"0.000000000000000000000000000000000001", "99999999", "12345678" };
	static const char *const texts[] = { "", "-", "+", ".", "e5", "1e", "1e+", "1 2", " 1",
		"1x", "0x10", "nan", "inf", "1,5", "--1", "1.2.3", "1e5.0", "1:", "/1",
		"1234567:", "1234567/" };
	char longest[1100];
	double value;

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		ok(same_as_strtod(numbers[i]), "%s", numbers[i]);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ok(!nn_decimal(cell_of(texts[i]), &value), "'%s' is no number", texts[i]);
	memset(longest, '1', sizeof longest);
	longest[1023] = '\0';
	ok(same_as_strtod(longest), "1,023 digits");
	ok(nn_decimal((struct nn_cell){ longest, 1023 }, &value) && isinf(value),
		"which is beyond a double");
	longest[1023] = '1';
	ok(!nn_decimal((struct nn_cell){ longest, 1024 }, &value), "1,024 are no number");
	test_random();
	return tap_done();
}
