#include "train/sums.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "train/sums-private.h"

#define NORM "norm"

struct nn_sums {
	const char *in_path;
	const char *out_path;
	uint32_t part;
	uint32_t parts;
	int in;
	int out;
	struct nn_reader *reader;
	struct nn_writer *writer;
	struct nn_bundle *bundles; /* [parts]: of the step at hand, as far as they came */
};

static int check_path(const char *path, struct nn_error *err)
{
	struct stat st;

	if (stat(path, &st))
		return nn_fail_errno(err, NN_FAILED, "%s: cannot open", path);
	if (S_ISREG(st.st_mode))
		return nn_fail(err, NN_USAGE,
			"%s: a regular file; slices wait for each other's sums: make a FIFO", path);
	return NN_OK;
}

static void forget(struct nn_sums *sums)
{
	for (uint32_t k = 0; sums->bundles && k <= sums->part; k++)
		nn_bundle_free(&sums->bundles[k]);
}

void nn_sums_free(struct nn_sums *sums)
{
	if (!sums)
		return;
	nn_reader_close(sums->reader);
	nn_writer_close(sums->writer);
	forget(sums);
	free(sums->bundles);
	if (sums->in >= 0)
		close(sums->in);
	if (sums->out >= 0)
		close(sums->out);
	free(sums);
}

static int open_in(struct nn_sums *sums, struct nn_error *err)
{
	sums->in = open(sums->in_path, O_RDONLY | O_CLOEXEC);
	return sums->in < 0 ? nn_fail_errno(err, NN_FAILED, "%s: cannot open", sums->in_path) :
			      NN_OK;
}

static int open_out(struct nn_sums *sums, struct nn_error *err)
{
	sums->out = open(sums->out_path, O_WRONLY | O_CLOEXEC);
	return sums->out < 0 ? nn_fail_errno(err, NN_FAILED, "%s: cannot open", sums->out_path) :
			       NN_OK;
}

/* Opening a FIFO waits for the other side: one begins as a writer, the others as readers, and so
 * they find each other round the ring. */
int nn_sums_open(struct nn_sums *sums, struct nn_error *err)
{
	int status = sums->part ? open_in(sums, err) : open_out(sums, err);

	if (!status)
		status = sums->part ? open_out(sums, err) : open_in(sums, err);
	if (!status)
		status = nn_writer_open(&sums->writer, sums->out, sums->out_path, err);
	return status ? status : nn_reader_open(&sums->reader, sums->in, sums->in_path, 0, err);
}

int nn_sums_new(struct nn_sums **sums, const char *in, const char *out,
	const struct nn_preamble *model, struct nn_error *err)
{
	struct nn_sums *new;

	if (model->parts < 2)
		return nn_fail(err, NN_USAGE,
			"the model is no slice: its norm needs nobody else's sums");
	if (check_path(in, err) || check_path(out, err))
		return (int)err->status;
	new = nn_alloc(1, sizeof *new, err);
	if (!new)
		return NN_FAILED;
	*new = (struct nn_sums){ .in_path = in,
		.out_path = out,
		.part = model->part,
		.parts = model->parts,
		.in = -1,
		.out = -1 };
	new->bundles = nn_alloc((size_t) new->part + 1, sizeof *new->bundles, err);
	if (!new->bundles) {
		nn_sums_free(new);
		return NN_FAILED;
	}
	*sums = new;
	return NN_OK;
}

static struct nn_preamble preamble_of(const struct nn_preamble *grad,
	const struct nn_partial *slice)
{
	return (struct nn_preamble){ .kind = NN_KIND_METRICS,
		.step = grad->step,
		.epoch = grad->epoch,
		.seed = grad->seed,
		.part = grad->part,
		.parts = grad->parts,
		.rows = slice->rows,
		.weight = slice->weight,
		.loss = slice->loss };
}

/* Is what came of the same sum (of stages only the last knows the loss), and of the slice whose
 * turn it is? */
static int check_frame(const struct nn_sums *sums, const struct nn_preamble *mine,
	const struct nn_preamble *theirs, uint32_t part, struct nn_error *err)
{
	if (theirs->kind != NN_KIND_METRICS || theirs->parts != sums->parts || theirs->part != part)
		return nn_fail(err, NN_BAD, "not the sums of slice %u of %u, but of %u of %u",
			(unsigned)part, (unsigned)sums->parts, (unsigned)theirs->part,
			(unsigned)theirs->parts);
	if (theirs->step != mine->step || theirs->epoch != mine->epoch ||
		theirs->seed != mine->seed)
		return nn_fail(err, NN_BAD,
			"slice %u is at step %llu, epoch %llu, seed %llu, this at %llu, %llu, %llu",
			(unsigned)part, (unsigned long long)theirs->step,
			(unsigned long long)theirs->epoch, (unsigned long long)theirs->seed,
			(unsigned long long)mine->step, (unsigned long long)mine->epoch,
			(unsigned long long)mine->seed);
	if (theirs->rows != mine->rows || memcmp(&theirs->weight, &mine->weight, sizeof(double)) ||
		(theirs->loss != 0 && mine->loss != 0 &&
			memcmp(&theirs->loss, &mine->loss, sizeof(double))))
		return nn_fail(err, NN_BAD,
			"slice %u has a gradient of %llu rows and a loss of %g, this one of %llu "
			"and %g",
			(unsigned)part, (unsigned long long)theirs->rows, theirs->loss,
			(unsigned long long)mine->rows, mine->loss);
	return NN_OK;
}

static int receive(struct nn_sums *sums, const struct nn_preamble *mine, uint32_t part,
	struct nn_preamble *theirs, struct nn_bundle *bundle, struct nn_error *err)
{
	const struct nn_frame *frame;
	int status = nn_reader_next(sums->reader, &frame, err);

	if (!status && !frame)
		status = nn_fail(err, NN_FAILED, "%s: ended", sums->in_path);
	if (status)
		return status;
	*theirs = frame->preamble;
	status = check_frame(sums, mine, theirs, part, err);
	if (!status)
		return nn_reader_load(sums->reader, bundle, err);
	return nn_reader_blame(sums->reader, err);
}

/* What came before, and this slice's, goes on; the last one keeps it. */
static int gather(struct nn_sums *sums, const struct nn_preamble *mine,
	const struct nn_bundle *slice, struct nn_error *err)
{
	bool last = sums->part + 1 == sums->parts;
	int status = nn_sums_make(&sums->bundles[sums->part], slice, err);

	for (uint32_t k = 0; k < sums->part && !status; k++) {
		struct nn_preamble theirs;

		status = receive(sums, mine, k, &theirs, &sums->bundles[k], err);
		if (!status && !last)
			status = nn_writer_frame(sums->writer, &theirs, &sums->bundles[k], err);
	}
	if (!status && !last)
		status = nn_writer_frame(sums->writer, mine, &sums->bundles[sums->part], err);
	return status;
}

static int send_norm(struct nn_sums *sums, const struct nn_preamble *mine, double norm,
	struct nn_error *err)
{
	struct nn_preamble preamble = *mine;
	struct nn_bundle bundle = { 0 };
	int status = nn_bundle_add(&bundle, NORM, NN_F64, 0, NULL, err);

	preamble.part = sums->parts - 1;
	if (!status)
		status = nn_bundle_layout(&bundle, err);
	if (!status)
		status = nn_bundle_alloc(&bundle, err);
	if (!status) {
		*(double *)nn_bundle_data(&bundle, bundle.tensors) = norm;
		status = nn_writer_frame(sums->writer, &preamble, &bundle, err);
	}
	nn_bundle_free(&bundle);
	return status;
}

static int receive_norm(struct nn_sums *sums, const struct nn_preamble *mine, double *norm,
	struct nn_error *err)
{
	struct nn_preamble theirs;
	struct nn_bundle bundle = { 0 };
	int status = receive(sums, mine, sums->parts - 1, &theirs, &bundle, err);
	const struct nn_tensor *tensor = status ? NULL : nn_bundle_find(&bundle, NORM);

	if (!status && (!tensor || tensor->dtype != NN_F64 || tensor->count != 1))
		status = nn_fail(err, NN_BAD, "%s: no norm came", sums->in_path);
	if (!status)
		*norm = *(double *)nn_bundle_data(&bundle, tensor);
	nn_bundle_free(&bundle);
	return status;
}

/* The last slice has the sums of all. */
static int compute(const struct nn_sums *sums, double *norm, struct nn_error *err)
{
	int status = nn_sums_add(sums->bundles, sums->parts, norm, err);

	return status == NN_BAD ? nn_fail_in(err, "%s", sums->in_path) : status;
}

static int pass_round(struct nn_sums *sums, const struct nn_preamble *grad,
	const struct nn_partial *slice, double *norm, struct nn_error *err)
{
	struct nn_preamble mine = preamble_of(grad, slice);
	bool last = sums->part + 1 == sums->parts;
	int status = gather(sums, &mine, &slice->sum, err);

	if (!status)
		status = last ? compute(sums, norm, err) : receive_norm(sums, &mine, norm, err);
	/* The last but one has nobody behind it who waits. */
	if (!status && sums->part + 2 != sums->parts)
		status = send_norm(sums, &mine, *norm, err);
	forget(sums);
	return status;
}

/* A neighbour that has gone is an error of write(2), with a line; only the reader of the output ends us by SIGPIPE. */
int nn_sums_norm(struct nn_sums *sums, const struct nn_preamble *grad,
	const struct nn_partial *slice, double *norm, struct nn_error *err)
{
	const struct timespec now = { 0 };
	sigset_t broken;
	sigset_t before;
	sigset_t pending;
	int status;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &broken, &before);
	status = pass_round(sums, grad, slice, norm, err);
	if (!sigismember(&pending, SIGPIPE))
		sigtimedwait(&broken, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return status;
}
