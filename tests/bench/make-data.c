/* make-data csv|images|labels ROWS: rows that look like scanned digits to a parser. A label and 784
 * pixels of 0 to 255, four in five of them 0, from a fixed generator. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS 784

static uint64_t state = 1;

static unsigned next(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33);
}

/* Runs of ink, as in a picture: it should deflate like one. */
static void row(unsigned char *pixels, unsigned label)
{
	memset(pixels, 0, PIXELS);
	for (unsigned stroke = 0; stroke < 12; stroke++) {
		unsigned at = next() % (PIXELS - 16);
		unsigned length = 8 + (next() + label) % 8;

		for (unsigned i = 0; i < length; i++)
			pixels[at + i] =
				(unsigned char)(i < 2 || i + 2 > length ? next() % 256 : 253);
	}
}

static void big_endian(uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		putchar((int)(value >> shift & 0xff));
}

int main(int argc, char **argv)
{
	unsigned char pixels[PIXELS];
	char csv = argc == 3 ? argv[1][0] : 0;
	uint32_t rows = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

	if (!rows)
		return 2;
	if (csv == 'i') {
		big_endian(0x803);
		big_endian(rows);
		big_endian(28);
		big_endian(28);
	} else if (csv == 'l') {
		big_endian(0x801);
		big_endian(rows);
	}
	for (uint32_t r = 0; r < rows; r++) {
		unsigned label = next() % 10;

		row(pixels, label);
		if (csv == 'i') {
			fwrite(pixels, 1, PIXELS, stdout);
		} else if (csv == 'l') {
			putchar((int)label);
		} else {
			printf("%u", label);
			for (size_t i = 0; i < PIXELS; i++)
				printf(",%u", pixels[i]);
			putchar('\n');
		}
	}
	return fflush(stdout) != 0;
}
