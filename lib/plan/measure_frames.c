/* What a byte of a frame costs at either end of a pipe: its digest, and packing where the line is slow. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/random.h"
#include "plan/measure-private.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "train/finite.h"
#include "train/packed.h"

#define FLOATS ((size_t)1 << 18)
#define ROUNDS 5

/* Gradients have exponents all over a range: products of two numbers that are even do too. */
static int make_gradient(struct nn_bundle *bundle, struct nn_error *err)
{
	struct nn_random random = nn_random_stream(1, NN_RANDOM_PLAN, 0, 0);
	uint64_t shape = FLOATS;
	float *values;
	int status = nn_bundle_add(bundle, "weight", NN_F32, 1, &shape, err);

	if (!status)
		status = nn_bundle_layout(bundle, err);
	if (!status)
		status = nn_bundle_alloc(bundle, err);
	if (status)
		return status;
	values = (float *)(void *)bundle->data;
	for (size_t i = 0; i < FLOATS; i++)
		values[i] = (float)((nn_random_uniform(&random, 2 * i) - 0.5) *
			(nn_random_uniform(&random, 2 * i + 1) - 0.5));
	return NN_OK;
}

static int write_one(int fd, const struct nn_bundle *bundle, bool packed, struct nn_error *err)
{
	struct nn_preamble preamble = { .kind = NN_KIND_GRAD,
		.shards = 1,
		.end = 1,
		.rows = 1,
		.weight = 1 };
	struct nn_writer *writer;
	int status = nn_writer_open(&writer, fd, "a frame", err);

	if (status)
		return status;
	nn_writer_be_quick(writer);
	status = packed ? nn_packed_write(writer, &preamble, bundle, NULL, err) :
			  nn_writer_frame(writer, &preamble, bundle, err);
	nn_writer_close(writer);
	return status;
}

static int read_one(int fd, struct nn_error *err)
{
	struct nn_bundle bundle = { 0 };
	const struct nn_frame *frame;
	struct nn_reader *reader;
	int status = nn_reader_open(&reader, fd, "a frame", 0, err);

	if (!status)
		status = nn_reader_next(reader, &frame, err);
	if (!status)
		status = nn_reader_load(reader, &bundle, err);
	if (!status && nn_packed_is(&bundle))
		status = nn_packed_open(&bundle, NULL, err);
	if (!status)
		status = nn_check_finite_bundle(&bundle, err);
	nn_bundle_free(&bundle);
	nn_reader_close(reader);
	return status;
}

/* The fastest of some rounds, in nanoseconds a byte: that is written, which packing makes fewer, and that comes
 * out. */
static int time_frames(const struct nn_bundle *bundle, bool packed, double *write_ns,
	double *read_ns, struct nn_error *err)
{
	int fd = memfd_create("frames", MFD_CLOEXEC);
	off_t written = 1;
	int status = NN_OK;

	if (fd < 0)
		return nn_fail_errno(err, NN_FAILED, "cannot make a file in memory");
	*write_ns = *read_ns = 1e9;
	for (int round = 0; round < ROUNDS && !status; round++) {
		double start = nn_measure_busy();
		double middle, end;

		if (lseek(fd, 0, SEEK_SET))
			break;
		status = write_one(fd, bundle, packed, err);
		middle = nn_measure_busy();
		written = lseek(fd, 0, SEEK_CUR);
		if (status || lseek(fd, 0, SEEK_SET))
			break;
		status = read_one(fd, err);
		end = nn_measure_busy();
		middle -= start;
		end -= start + middle;
		*write_ns = middle < *write_ns ? middle : *write_ns;
		*read_ns = end < *read_ns ? end : *read_ns;
	}
	close(fd);
	*write_ns *= 1e9 / (double)written;
	*read_ns *= 1e9 / (double)bundle->bytes;
	return status;
}

int nn_measure_frames(struct nn_profile_host *host, struct nn_error *err)
{
	struct nn_bundle bundle = { 0 };
	double write_ns = 0, read_ns = 0;
	int status = make_gradient(&bundle, err);

	if (!status)
		status = time_frames(&bundle, false, &write_ns, &read_ns, err);
	host->digest_ns = (write_ns + read_ns) / 2;
	if (!status)
		status = time_frames(&bundle, true, &host->pack_ns, &host->unpack_ns, err);
	nn_bundle_free(&bundle);
	return status;
}
