/* The names of bytes, and tables of them. */
#include <stdio.h>

#include "data/text_tokens.h"
#include "tap.h"

static void test_names(void)
{
	static const char *const none[] = { "", "ab", "\\", "\\x", "\\x4", "\\x41", "\\x0A",
		"\\x0ab", "\\n", "\\y0a", "\xc3\xa9", "\xff" };
	char seen[NN_BYTES][NN_BYTE_NAME];
	char name[NN_BYTE_NAME];
	bool good = true;

	for (unsigned b = 0; b < NN_BYTES; b++) {
		unsigned char byte = (unsigned char)~b;

		nn_byte_name((unsigned char)b, seen[b]);
		good = good && nn_byte_of_name(seen[b], &byte) && byte == b;
		for (unsigned a = 0; a < b; a++)
			good = good && strcmp(seen[a], seen[b]);
		for (const char *c = seen[b]; *c; c++)
			good = good && *c > 0x20 && *c < 0x7f;
	}
	ok(good, "each byte has a name of its own, in ASCII, which gives it back");
	is_text((nn_byte_name('A', name), name), "A", "A letter is its own name");
	is_text((nn_byte_name(' ', name), name), "\\x20", "the space is not: nobody would see it");
	is_text((nn_byte_name('\\', name), name), "\\x5c", "nor is the backslash");
	is_text((nn_byte_name('\n', name), name), "\\x0a", "a line feed");
	is_text((nn_byte_name(0, name), name), "\\x00", "NUL");
	is_text((nn_byte_name(0xff, name), name), "\\xff", "0xff");
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		unsigned char byte = 7;

		ok(!nn_byte_of_name(none[i], &byte) && byte == 7, "no name %zu", i);
	}
}

static void test_tables(void)
{
	char *classes[] = { (char[]){ "b" }, (char[]){ "\\x0a" }, (char[]){ "end" },
		(char[]){ "b" }, (char[]){ "\\x41" }, (char[]){ "a" } };
	static const int want[] = { 'b', '\n', -1, 'b', -1, 'a' };
	int bytes[6];
	int tokens[NN_BYTES];
	int others = 0;

	nn_token_tables(classes, 6, bytes, tokens);
	ok(!memcmp(bytes, want, sizeof want), "bytes of tokens");
	ok(tokens['b'] == 0 && tokens['\n'] == 1 && tokens['a'] == 5, "tokens of bytes");
	for (size_t b = 0; b < NN_BYTES; b++)
		others += tokens[b] == -1;
	ok(others == NN_BYTES - 3, "none of all others");
}

int main(void)
{
	test_names();
	test_tables();
	return tap_done();
}
