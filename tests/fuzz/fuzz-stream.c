/* Feeds damaged streams to the reader.
 *
 * Built with clang -fsanitize=fuzzer it is a libFuzzer target (see README.md). As it is built for make
 * check, it damages the good sample files in a fixed number of ways that Philox chooses, the same ones
 * every time, and checks that none is taken for whole. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/hash.h"
#include "base/random.h"
#include "stream/describe.h"
#include "stream/joining.h"
#include "stream/slicing.h"
#include "stream/wire.h"
#include "tests/unit/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that tools do with a frame: load it or pass over it, and show it. */
static int use_frame(struct nn_reader *reader, const struct nn_frame *frame, uint64_t count)
{
	struct nn_buffer text = { 0 };
	struct nn_bundle bundle = { 0 };
	unsigned char some[3];
	struct nn_error err;
	int status;

	if (count % 3 == 0)
		status = nn_reader_load(reader, &bundle, &err);
	else if (count % 3 == 1 && frame->layout->bytes >= sizeof some)
		status = nn_reader_take(reader, some, sizeof some, &err) ||
			nn_reader_verify(reader, &err);
	else
		status = nn_reader_verify(reader, &err);
	if (!status) {
		status = nn_describe_frame(&text, frame, &err) ||
			nn_describe_json(&text, "fuzz", 0, frame, NULL, &err);
	}
	if (!status && bundle.data)
		status = nn_bundle_to_f32(&bundle, &err);
	nn_buffer_free(&text);
	nn_bundle_free(&bundle);
	return status;
}

/* True if all of it is whole. */
static bool read_all(const uint8_t *data, size_t size)
{
	struct nn_reader *reader = NULL;
	const struct nn_frame *frame;
	struct nn_error err;
	uint64_t count = 0;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	int status;

	if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size) || lseek(fd, 0, SEEK_SET) ||
		nn_reader_open(&reader, fd, "fuzz", NN_KIND_MODEL, &err))
		abort();
	while (!(status = nn_reader_next(reader, &frame, &err)) && frame)
		if (frame->preamble.kind != NN_KIND_END) {
			status = use_frame(reader, frame, count++);
			if (status)
				break;
		}
	nn_reader_close(reader);
	close(fd);
	return !status;
}

/* What nn-slice and nn-join make of it goes to nobody: they must not crash either. */
static void cut_and_join(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct nn_writer *writers[2] = { NULL, NULL };
	struct nn_slicing slicing = { .parts = 2, .writers = writers };
	struct nn_error err;
	uint64_t frames;

	if (fd < 0 || null < 0 || (size && write(fd, data, size) != (ssize_t)size))
		abort();
	for (int join = 0; join < 2; join++) {
		struct nn_reader *reader = NULL;

		if (lseek(fd, 0, SEEK_SET) || nn_writer_open(&writers[0], null, "null", &err) ||
			nn_writer_open(&writers[1], null, "null", &err) ||
			nn_reader_open(&reader, fd, "fuzz", NN_KIND_MODEL, &err))
			abort();
		if (join)
			nn_join_stream(reader, writers[0], &frames, &err);
		else
			nn_slice_stream(reader, &slicing, &frames, &err);
		nn_reader_close(reader);
		nn_writer_close(writers[0]);
		nn_writer_close(writers[1]);
	}
	close(fd);
	close(null);
}

/* Makes CRCs, digests and sequence numbers fit again where that can be done, so that what lies behind
 * these checks is reached. */
static void repair(uint8_t *data, size_t size)
{
	struct nn_hasher *digests = nn_hasher_new(NULL);
	uint64_t sequence = 0;

	if (!digests)
		abort();
	for (size_t at = 0; size - at >= NN_PREAMBLE_BYTES + 64;) {
		uint8_t *frame = data + at;
		uint64_t stored = nn_get_u64(frame + 24);
		bool end = frame[10] == NN_KIND_END;
		size_t length;

		if (!nn_is_magic(frame) || stored > size - at - NN_PREAMBLE_BYTES)
			break;
		length = NN_PREAMBLE_BYTES + (size_t)stored + nn_frame_padding(stored);
		if (length + NN_DIGEST_BYTES > size - at)
			break;
		nn_put_u64(frame + 16, sequence++);
		if (end)
			nn_put_u64(frame + 136, nn_hasher_value(digests));
		nn_put_u32(frame + 188, (uint32_t)crc32(0, frame, 188));
		nn_put_u64(frame + length, nn_hash(frame, length));
		nn_hasher_add(digests, frame + length, NN_DIGEST_BYTES);
		at += length + NN_DIGEST_BYTES;
		if (end) {
			sequence = 0;
			nn_hasher_reset(digests);
		}
	}
	nn_hasher_free(digests);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	if (!copy)
		abort();
	read_all(data, size);
	if (size)
		memcpy(copy, data, size);
	repair(copy, size);
	read_all(copy, size);
	cut_and_join(copy, size);
	free(copy);
	return 0;
}

#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION

#define ROUNDS 20000
#define ROOM 8192
#define MAX_FILES 64

struct sample {
	uint8_t bytes[ROOM];
	size_t size;
};
static struct sample samples[MAX_FILES];
static size_t sample_count;

static void load_samples(const char *dir)
{
	DIR *list = opendir(dir);
	const struct dirent *entry;

	while (list && (entry = readdir(list)) && sample_count < MAX_FILES) {
		struct sample *sample = &samples[sample_count];
		char path[4400];
		FILE *file;

		if (strncmp(entry->d_name, "good-", 5) || !strstr(entry->d_name, ".nnt"))
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		file = fopen(path, "rb");
		sample->size = file ? fread(sample->bytes, 1, ROOM, file) : 0;
		sample_count += sample->size > 0;
		if (file)
			fclose(file);
	}
	if (list)
		closedir(list);
}

/* readdir's order is nobody's. */
static int by_content(const void *a, const void *b)
{
	const struct sample *left = a;
	const struct sample *right = b;

	if (left->size != right->size)
		return left->size < right->size ? -1 : 1;
	return memcmp(left->bytes, right->bytes, left->size);
}

/* Streams can be concatenated: a run of good ones is good. */
static bool is_run_of_good(const uint8_t *data, size_t size)
{
	while (size) {
		size_t i;

		for (i = 0; i < sample_count; i++)
			if (samples[i].size <= size &&
				!memcmp(data, samples[i].bytes, samples[i].size))
				break;
		if (i == sample_count)
			return false;
		data += samples[i].size;
		size -= samples[i].size;
	}
	return true;
}

/* Numbers for one round, one after the other. */
struct dice {
	struct nn_random stream;
	uint64_t next;
};

static size_t roll(struct dice *dice, size_t below)
{
	return below ? (size_t)(nn_random_u64(&dice->stream, dice->next++) % below) : 0;
}

/* Writes `count` bytes of `from` over (or between, if `insert`) those at `at`. */
static void put(struct sample *to, size_t at, const uint8_t *from, size_t count, bool insert)
{
	if (insert) {
		if (to->size + count > ROOM)
			return;
		memmove(to->bytes + at + count, to->bytes + at, to->size - at);
		to->size += count;
	} else if (count > to->size - at) {
		count = to->size - at;
	}
	memmove(to->bytes + at, from, count);
}

static void damage(struct sample *sample, struct dice *dice)
{
	static const uint64_t numbers[] = { 0, 1, 7, 8, 63, 64, 255, 256, 65535, 1u << 24,
		INT32_MAX, UINT32_MAX, (uint64_t)1 << 32, (uint64_t)1 << 62, INT64_MAX,
		UINT64_MAX };
	static const char *const texts[] = { "\"", "{", "}", "[", "]", ",", ":", "0", "-1", "1e99",
		"\\u0000", "null", "9007199254740993", "F64", "BOOL", "\xff", "__metadata__", " " };
	size_t at = roll(dice, sample->size);
	size_t count = 1 + roll(dice, roll(dice, 2) ? 8 : 400);
	const struct sample *other = &samples[roll(dice, sample_count)];
	size_t from = roll(dice, other->size);
	const char *text = texts[roll(dice, sizeof texts / sizeof texts[0])];
	uint8_t number[8];

	switch (roll(dice, 7)) {
	case 0:
		sample->bytes[at] ^= (uint8_t)(1u << roll(dice, 8));
		break;
	case 1:
		sample->bytes[at] = (uint8_t)roll(dice, 256);
		break;
	case 2: /* a number, in the preamble as often as anywhere else */
		at = (roll(dice, 2) ? at : roll(dice, 200)) & ~(size_t)3;
		nn_put_u64(number, numbers[roll(dice, sizeof numbers / sizeof numbers[0])]);
		if (at < sample->size)
			put(sample, at, number, 1 + roll(dice, 8), false);
		break;
	case 3: /* cut out */
		if (count > sample->size - at)
			count = sample->size - at;
		memmove(sample->bytes + at, sample->bytes + at + count, sample->size - at - count);
		sample->size -= count;
		break;
	case 4: /* cut off */
		sample->size = at;
		break;
	case 5: /* a piece of another */
		if (count > other->size - from)
			count = other->size - from;
		put(sample, at, other->bytes + from, count, roll(dice, 2));
		break;
	case 6: /* a piece of JSON */
		put(sample, at, (const uint8_t *)text, strlen(text), roll(dice, 2));
		break;
	}
}

/* The seeds and the number of rounds are those of make check unless they are given. */
int main(int argc, char **argv)
{
	const char *source = getenv("abs_srcdir");
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : ROUNDS;
	static struct sample sample;
	uint64_t whole = 0;
	uint64_t accepted = 0;
	char dir[4000];

	snprintf(dir, sizeof dir, "%s/tests/files", source ? source : ".");
	load_samples(dir);
	qsort(samples, sample_count, sizeof *samples, by_content);
	for (size_t i = 0; i < sample_count; i++)
		whole += read_all(samples[i].bytes, samples[i].size);
	ok(sample_count > 8 && whole == sample_count, "%zu good streams", sample_count);
	for (uint64_t round = 0; round < rounds && sample_count; round++) {
		struct dice dice = { nn_random_stream(seed, NN_RANDOM_INIT, round, 0), 0 };
		size_t times = 1 + roll(&dice, roll(&dice, 4) ? 1 : 5);

		sample = samples[roll(&dice, sample_count)];
		while (times-- && sample.size)
			damage(&sample, &dice);
		if (read_all(sample.bytes, sample.size) &&
			!is_run_of_good(sample.bytes, sample.size)) {
			accepted++;
			printf("# seed %llu, round %llu accepted\n", (unsigned long long)seed,
				(unsigned long long)round);
		}
		repair(sample.bytes, sample.size);
		read_all(sample.bytes, sample.size);
		cut_and_join(sample.bytes, sample.size);
	}
	ok(!accepted, "%llu times damaged, never accepted", (unsigned long long)rounds);
	return tap_done();
}

#endif
