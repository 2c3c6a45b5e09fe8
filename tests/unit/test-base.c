/* Sizes, numbers from text, random numbers, digests, output files. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "tests/unit/tap.h"

static struct nn_error err;

static void test_sizes(void)
{
	size_t out = 7;

	ok(nn_mul(3, 5, &out) && out == 15, "3 * 5");
	ok(!nn_mul(SIZE_MAX / 2 + 1, 2, &out) && out == 15, "a product that overflows");
	ok(!nn_add(SIZE_MAX, 1, &out) && out == 15, "a sum that overflows");
	ok(nn_round_up(65, 64, &out) && out == 128, "65 rounded up to 64s");
	ok(!nn_round_up(SIZE_MAX, 64, &out), "rounding up that overflows");
	ok(!nn_alloc(SIZE_MAX / 2, 4, &err) && err.status == NN_FAILED, "an absurd allocation: %s",
		err.text);
}

static void test_numbers(void)
{
	static const char *const bad_u64[] = { "", " 1", "-1", "+1", "1 ", "0x10", "1e3",
		"18446744073709551616" };
	static const char *const bad_f64[] = { "", " 1", "1 ", "0x1p3", "nan", "inf", "1e400",
		"1,5", "1e", "--1" };
	static const double values[] = { 0.1, -2.5e-7, 1e300, 3, 1.0 / 3, 4.9406564584124654e-324 };
	uint64_t u = 0;
	double d = 0;

	ok(nn_parse_u64("18446744073709551615", &u) && u == UINT64_MAX, "2^64 - 1");
	for (size_t i = 0; i < sizeof bad_u64 / sizeof *bad_u64; i++)
		ok(!nn_parse_u64(bad_u64[i], &u), "no whole number: \"%s\"", bad_u64[i]);
	ok(nn_parse_f64("-1.5e-3", &d) && d == -1.5e-3, "-1.5e-3");
	for (size_t i = 0; i < sizeof bad_f64 / sizeof *bad_f64; i++)
		ok(!nn_parse_f64(bad_f64[i], &d), "no number: \"%s\"", bad_f64[i]);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		char text[NN_F64_TEXT];

		nn_format_f64(values[i], text);
		ok(nn_parse_f64(text, &d) && d == values[i], "%s reads back the same", text);
	}
	{
		char text[NN_F64_TEXT];

		nn_format_f64(0.1, text);
		is_text(text, "0.1", "no more digits than needed");
		nn_format_bytes(1536000, text);
		is_text(text, "1.5 MB", "bytes for people");
		nn_format_bytes(999, text);
		is_text(text, "999 B", "few bytes for people");
	}
}

/* 0 .. n-1, each once? */
static bool is_permutation(uint64_t n, uint64_t seed)
{
	struct nn_random stream = nn_random_stream(seed, NN_RANDOM_ORDER, 1, 2);
	unsigned char *seen = calloc(n, 1);
	bool good = seen != NULL;

	for (uint64_t i = 0; i < n && good; i++) {
		uint64_t to = nn_permute(&stream, n, i);

		good = to < n && !seen[to];
		if (good)
			seen[to] = 1;
	}
	free(seen);
	return good;
}

/* A run of it, from `first` on, is what one by one gives. */
static bool is_run(uint64_t n, uint64_t first, uint64_t count)
{
	struct nn_random stream = nn_random_stream(n, NN_RANDOM_ORDER, 3, 4);
	uint64_t *places = calloc(count + 1, sizeof *places);
	bool good = places != NULL;

	if (good)
		nn_permute_run(&stream, n, first, count, places);
	for (uint64_t i = 0; i < count && good; i++)
		good = places[i] == nn_permute(&stream, n, first + i);
	free(places);
	return good;
}

static void test_random(void)
{
	static const uint64_t sizes[] = { 1, 2, 3, 4, 5, 16, 17, 100, 255, 256, 257, 1797, 65537 };
	/* Random123's own known answer (kat_vectors): philox4x32 10, counter 0, key 0. */
	const struct nn_random zero = { { 0, 0 } };
	struct nn_random a = nn_random_stream(1, NN_RANDOM_INIT, 0, 0);
	struct nn_random b = nn_random_stream(1, NN_RANDOM_INIT, 0, 1);
	double sum = 0;
	double squares = 0;
	uint64_t moved = 0;

	ok(nn_random_u64(&zero, 0) == 0xe169c58d6627e8d5u, "Philox: the known answer, low half");
	ok(nn_random_u64(&zero, 1) == 0x9b00dbd8bc57ac4cu, "Philox: the known answer, high half");
	ok(nn_random_u64(&a, 0) != nn_random_u64(&b, 0), "streams differ");
	for (uint64_t i = 0; i < 100000; i++) {
		double u = nn_random_uniform(&a, i);

		sum += u;
		squares += u * u;
	}
	/* Standard errors are 0.0009 and 0.0009: five of them. */
	ok(sum / 1e5 > 0.4955 && sum / 1e5 < 0.5045, "uniform: mean %.4f", sum / 1e5);
	ok(squares / 1e5 > 0.3286 && squares / 1e5 < 0.3381, "uniform: mean square %.4f",
		squares / 1e5);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		ok(is_permutation(sizes[i], i), "a permutation of %llu",
			(unsigned long long)sizes[i]);
	ok(is_run(1, 0, 1) && is_run(1797, 0, 1797) && is_run(65536, 5, 100) &&
			is_run(65537, 64, 0) && is_run(257, 250, 7) && is_run(60000, 59936, 64) &&
			is_run(100000000000, 77, 99) && is_run(UINT64_MAX, UINT64_MAX - 40, 40),
		"a run of a permutation is what one by one gives");
	for (uint64_t i = 0; i < 1797; i++)
		moved += nn_permute(&a, 1797, i) != i;
	ok(moved > 1780, "it moves %llu of 1797", (unsigned long long)moved);
}

static void test_hash(void)
{
	struct nn_hasher *hasher = nn_hasher_new(&err);
	char text[1000];

	memset(text, 'n', sizeof text);
	for (size_t i = 0; i < sizeof text; i += 100)
		nn_hasher_add(hasher, text + i, 100);
	ok(nn_hasher_value(hasher) == nn_hash(text, sizeof text), "a digest in pieces");
	/* xxhsum -H3 of no bytes. */
	ok(nn_hash(text, 0) == 0x2d06800538d394c2u, "XXH3 of nothing");
	nn_hasher_free(hasher);
}

static bool contains(const char *path, const char *want)
{
	char got[100] = "";
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(got, 1, sizeof got - 1, file) : 0;

	if (file)
		fclose(file);
	got[n] = '\0';
	return !strcmp(got, want);
}

static void test_output(void)
{
	char dir[] = "/tmp/nnpipe-test-XXXXXX";
	char path[64];
	struct nn_output output;
	struct stat st;

	if (!ok(mkdtemp(dir) != NULL, "a folder for outputs"))
		return;
	snprintf(path, sizeof path, "%s/out", dir);
	ok(!nn_output_open(&output, path, &err) && stat(path, &st) < 0,
		"nothing there while it is written");
	ok(!nn_write(output.fd, "one", 3, path, &err) && !nn_output_commit(&output, &err) &&
			contains(path, "one"),
		"there once committed");
	chmod(path, 0600);
	nn_output_open(&output, path, &err);
	nn_write(output.fd, "two", 3, path, &err);
	ok(contains(path, "one"), "the old one stays until then");
	nn_output_abandon(&output);
	ok(contains(path, "one"), "... and after an abandoned one");
	nn_output_open(&output, path, &err);
	nn_write(output.fd, "two", 3, path, &err);
	ok(!nn_output_commit(&output, &err) && contains(path, "two"), "replaced");
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0600, "with the permissions it had");
	unlink(path);
	ok(!rmdir(dir), "no litter beside it");
	ok(nn_output_open(&output, "/nonexistent/out", &err) == NN_FAILED, "no such folder: %s",
		err.text);
	if (!access("/dev/full", W_OK)) {
		nn_output_open(&output, "/dev/full", &err);
		ok(nn_write(output.fd, "x", 1, "/dev/full", &err) == NN_FAILED, "a full disk: %s",
			err.text);
		nn_output_abandon(&output);
	}
}

static void test_error(void)
{
	nn_fail(&err, NN_BAD, "%s", "a\033[31mred\nline");
	is_text(err.text, "a\\x1b[31mred\\x0aline", "control characters are escaped");
	nn_fail_in(&err, "file %d", 3);
	is_text(err.text, "file 3: a\\x1b[31mred\\x0aline", "a prefix");
	/* U+009B, which is ESC [ too; the same as a single byte; letters that have such bytes in them. */
	nn_fail(&err, NN_BAD, "%s",
		"\xc2\x9b"
		"2J \x9b"
		"2J \xc3\x9b\xe2\x82\xac\xc2\xb5 \xe2 \x9b");
	is_text(err.text, "\\xc2\\x9b2J \\x9b2J \xc3\x9b\xe2\x82\xac\xc2\xb5 \xe2 \\x9b",
		"... beyond ASCII");
}

int main(void)
{
	test_sizes();
	test_numbers();
	test_random();
	test_hash();
	test_output();
	test_error();
	return tap_done();
}
