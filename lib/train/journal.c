#include "train/journal.h"

#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "train/train-private.h"

const char nn_journal_columns[] =
	"step\tepoch\tshard\tmodel\trows\tloss\tdigest\tkernel\tworker\tseconds\n";

struct nn_journal {
	FILE *file;
	const char *path;
	const char *kernel;
	struct nn_buffer *lines; /* [shards], of the step at hand; empty: not come yet */
	uint64_t shards;
	uint64_t came;
	uint64_t step;
	uint64_t model; /* id, of the step at hand */
	double began;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int nn_journal_new(struct nn_journal **journal, FILE *file, const char *path, const char *kernel,
	struct nn_error *err)
{
	*journal = nn_alloc(1, sizeof **journal, err);
	if (!*journal)
		return NN_FAILED;
	**journal =
		(struct nn_journal){ .file = file, .path = path, .kernel = kernel, .began = now() };
	return NN_OK;
}

static void forget_lines(struct nn_journal *journal)
{
	for (uint64_t i = 0; i < journal->shards; i++)
		nn_buffer_free(&journal->lines[i]);
	free(journal->lines);
	journal->lines = NULL;
	journal->shards = journal->came = 0;
}

void nn_journal_free(struct nn_journal *journal)
{
	if (journal)
		forget_lines(journal);
	free(journal);
}

bool nn_journal_is_empty(const struct nn_journal *journal)
{
	return !journal->came;
}

int nn_journal_describe(struct nn_buffer *line, const struct nn_preamble *grad, uint64_t digest,
	const char *kernel, struct nn_error *err)
{
	char loss[NN_F64_TEXT];
	int status = nn_buffer_printf(line, err, "%llu\t%llu\t", (unsigned long long)grad->step,
		(unsigned long long)grad->epoch);

	nn_format_f64(grad->loss, loss);
	if (!status && grad->shards)
		status = nn_buffer_printf(line, err, "%llu", (unsigned long long)grad->first);
	if (!status && grad->shards && grad->end - grad->first != 1)
		status = nn_buffer_printf(line, err, "-%llu", (unsigned long long)grad->end - 1);
	if (!status)
		status = nn_buffer_printf(line, err, "\t%016llx\t%llu\t%s\t%016llx\t%s",
			(unsigned long long)grad->id, (unsigned long long)grad->rows, loss,
			(unsigned long long)digest, kernel ? kernel : "");
	return status;
}

static int write_step(struct nn_journal *journal, struct nn_error *err)
{
	for (uint64_t i = 0; i < journal->shards; i++) {
		fputs(journal->lines[i].data, journal->file);
		nn_buffer_clear(&journal->lines[i]);
	}
	journal->came = 0;
	return fflush(journal->file) ?
		nn_fail_errno(err, NN_FAILED, "%s: cannot write", journal->path) :
		NN_OK;
}

static int begin_step(struct nn_journal *journal, const struct nn_preamble *grad,
	struct nn_error *err)
{
	if (journal->came && journal->step != grad->step)
		forget_lines(journal);
	journal->step = grad->step;
	if (journal->shards == grad->shards)
		return NN_OK;
	forget_lines(journal);
	journal->lines = nn_alloc((size_t)grad->shards, sizeof *journal->lines, err);
	if (!journal->lines)
		return NN_FAILED;
	journal->shards = grad->shards;
	return NN_OK;
}

int nn_journal_add(struct nn_journal *journal, const struct nn_preamble *grad, uint64_t digest,
	const char *kernel, const char *from, struct nn_error *err)
{
	struct nn_buffer *line;
	int status = begin_step(journal, grad, err);

	if (status)
		return status;
	line = &journal->lines[grad->first];
	journal->came += !line->length;
	nn_buffer_clear(line);
	status = nn_journal_describe(line, grad, digest, kernel ? kernel : journal->kernel, err);
	if (!status)
		status = nn_buffer_printf(line, err, "\t%s\t%.6f\n", from, now() - journal->began);
	if (!status && journal->came == journal->shards)
		status = write_step(journal, err);
	return status;
}

int nn_train_note(struct training *training, const struct nn_answer *answer, const void *grad,
	struct nn_error *err)
{
	struct nn_journal *journal = training->options->journal;
	struct nn_preamble preamble = answer->preamble;
	struct nn_bundle numbers = training->checkpoint->model.params;

	if (!journal)
		return NN_OK;
	/* Where memory is shared nobody else needs it. */
	if (nn_journal_is_empty(journal))
		journal->model = nn_bundle_id(&numbers);
	numbers.data = (unsigned char *)(size_t)grad;
	preamble.id = journal->model;
	preamble.rows = answer->partial.rows;
	preamble.loss = answer->partial.loss;
	return nn_journal_add(journal, &preamble, nn_bundle_id(&numbers),
		nn_bundle_meta(&answer->partial.sum, "kernel"), answer->from, err);
}
