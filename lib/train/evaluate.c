#include "train/evaluate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/meta.h"
#include "stream/reader.h"
#include "tensor/blas.h"
#include "tensor/vector.h"
#include "train/encoding.h"
#include "train/fit.h"

/* The first metadata that say how the outputs are called have it. */
static int find_names(struct nn_evaluation *evaluation, const struct nn_bundle *metas,
	const char *name, struct nn_error *err)
{
	if (evaluation->names)
		return NN_OK;
	if (nn_output_names(metas, evaluation->loss->wants_classes, evaluation->outputs,
		    &evaluation->names, err))
		return nn_fail_in(err, "%s", name);
	return NN_OK;
}

static int check_model(struct nn_evaluation *evaluation, struct nn_error *err)
{
	const struct nn_bundle *params = &evaluation->model.params;
	const char *spec = nn_bundle_meta(params, "spec");
	int status;

	if (!spec)
		return nn_fail(err, NN_BAD, "%s: its model has no spec: what are its layers?",
			evaluation->model_name);
	status = nn_network_parse(&evaluation->network, spec, strlen(spec), "spec", err);
	if (!status)
		status = nn_network_check_params(evaluation->network, params, err);
	if (status)
		return nn_fail_in(err, "%s", evaluation->model_name);
	evaluation->outputs = nn_network_outputs(evaluation->network);
	evaluation->positions = nn_network_positions(evaluation->network);
	evaluation->criterion = nn_network_criterion(evaluation->network);
	evaluation->loss = evaluation->criterion->type;
	return find_names(evaluation, params, evaluation->model_name, err);
}

int nn_evaluation_model(struct nn_evaluation *evaluation, const char *path, struct nn_error *err)
{
	struct nn_checkpoint checkpoint;
	int status = nn_checkpoint_read(&checkpoint, path, err);

	if (status)
		return status;
	evaluation->model = checkpoint.model;
	checkpoint.model = (struct nn_model){ 0 };
	nn_checkpoint_free(&checkpoint);
	evaluation->model_name = strcmp(path, "-") ? path : "stdin";
	evaluation->labelled = true;
	return check_model(evaluation, err);
}

int nn_evaluation_copy(struct nn_evaluation *evaluation, const struct nn_model *model,
	const char *name, struct nn_error *err)
{
	struct nn_bundle *params = &evaluation->model.params;
	int status = nn_bundle_copy_layout(&model->params, params, err);

	if (!status)
		status = nn_bundle_copy_metas(&model->params, params, err);
	if (!status)
		status = nn_bundle_alloc(params, err);
	if (status)
		return status;
	memcpy(params->data, model->params.data, params->bytes);
	evaluation->model.preamble = model->preamble;
	evaluation->model_name = name;
	evaluation->labelled = true;
	return check_model(evaluation, err);
}

void nn_evaluation_renew(struct nn_evaluation *evaluation, const struct nn_bundle *params)
{
	memcpy(evaluation->model.params.data, params->data, params->bytes);
	evaluation->at = 0;
}

static bool has_targets(const struct nn_evaluation *evaluation, const struct nn_dataset *set)
{
	if (evaluation->loss->wants_classes)
		return set->has_classes && set->positions == evaluation->positions;
	return set->outputs == evaluation->outputs;
}

static int load_rows(struct nn_dataset *set, const char *path, const char **name,
	struct nn_error *err)
{
	int fd;
	int status = nn_open_input(path, &fd, name, err);

	if (status)
		return status;
	status = nn_dataset_load(set, fd, *name, err);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}

int nn_evaluation_check_operand(const char *path, struct nn_error *err)
{
	struct nn_reader *reader = NULL;
	const struct nn_frame *frame = NULL;
	struct nn_error ignored;
	struct stat st;
	const char *name;
	bool model = false;
	int fd;
	int status;

	if (!strcmp(path, "-") || stat(path, &st) || !S_ISREG(st.st_mode) ||
		nn_open_input(path, &fd, &name, &ignored))
		return NN_OK;
	status = nn_reader_open(&reader, fd, name, 0, &ignored);
	while (!status && !(status = nn_reader_next(reader, &frame, &ignored)) && frame &&
		frame->preamble.kind != NN_KIND_DATA)
		model = model || frame->preamble.kind == NN_KIND_MODEL;
	nn_reader_close(reader);
	close(fd);
	if (status || frame || !model)
		return NN_OK;
	return nn_fail(err, NN_USAGE, "%s: holds a model, not data (is -m meant?)", path);
}

int nn_evaluation_add(struct nn_evaluation *evaluation, const char *path, bool targets,
	struct nn_error *err)
{
	size_t count = evaluation->set_count;
	struct nn_dataset *sets = nn_realloc(evaluation->sets, count + 1, sizeof *sets, err);
	const char **names;
	int status;

	if (!sets)
		return NN_FAILED;
	evaluation->sets = sets;
	names = nn_realloc(evaluation->set_names, count + 1, sizeof *names, err);
	if (!names)
		return NN_FAILED;
	evaluation->set_names = names;
	status = load_rows(&sets[count], path, &names[count], err);
	if (status)
		return status;
	evaluation->set_count++;
	evaluation->rows += sets[count].rows;
	evaluation->labelled = evaluation->labelled && has_targets(evaluation, &sets[count]);
	status = nn_fit_data(evaluation->network, &evaluation->model.params, &sets[count],
		names[count], targets, err);
	if (!status)
		status = nn_check_encoding(&evaluation->model.params, &sets[count].metas,
			names[count], err);
	return status ? status : find_names(evaluation, &sets[count].metas, names[count], err);
}

static int load_blas(const struct nn_evaluation *evaluation, const char *kernel,
	struct nn_error *err)
{
	const char *own = nn_bundle_meta(&evaluation->model.params, "kernel");
	struct nn_error why;
	char core[NN_KERNEL_TEXT];

	/* Who asks for threads does not ask for the same bits. */
	if (own && nn_blas_has_asked()) {
		nn_blas_core(own, core);
		own = core;
	}
	if (kernel)
		return nn_blas_load(strcmp(kernel, "auto") ? kernel : NULL, 0, err);
	if (!nn_blas_load(own, 0, &why))
		return NN_OK;
	if (own && why.status == NN_BAD)
		return nn_fail(err, NN_BAD, "%s: %s; --kernel auto takes what runs here",
			evaluation->model_name, why.text);
	*err = why;
	return (int)why.status;
}

int nn_evaluation_start(struct nn_evaluation *evaluation, const char *kernel, struct nn_error *err)
{
	size_t most = nn_network_at_once(evaluation->network, NN_EVALUATE_ROWS);
	size_t rows = evaluation->rows < most ? (size_t)evaluation->rows : most;
	size_t inputs = nn_network_inputs(evaluation->network);
	size_t x_count = 0;
	size_t y_count = 0;
	size_t label_count = 0;

	if (!nn_mul(rows, inputs, &x_count) || !nn_mul(rows, evaluation->outputs, &y_count) ||
		!nn_mul(rows, evaluation->positions, &label_count))
		return nn_fail(err, NN_FAILED, "%s: its rows are too long for this host",
			evaluation->model_name);
	evaluation->block_rows = rows;
	evaluation->numbers = nn_alloc(rows, sizeof *evaluation->numbers, err);
	evaluation->x = nn_alloc(x_count, sizeof *evaluation->x, err);
	evaluation->y = nn_alloc(y_count, sizeof *evaluation->y, err);
	evaluation->labels = nn_alloc(label_count, sizeof *evaluation->labels, err);
	evaluation->best = nn_alloc(label_count, sizeof *evaluation->best, err);
	if (!evaluation->numbers || !evaluation->x || !evaluation->y || !evaluation->labels ||
		!evaluation->best)
		return NN_FAILED;
	return nn_network_reserve(evaluation->network, rows, err) ||
			load_blas(evaluation, kernel, err) ?
		(int)err->status :
		NN_OK;
}

/* The data set that holds the row of that number among all, and its number there. */
static size_t set_of(const struct nn_evaluation *evaluation, uint64_t row, uint64_t *number)
{
	size_t set = 0;

	while (row >= evaluation->sets[set].rows)
		row -= evaluation->sets[set++].rows;
	*number = row;
	return set;
}

/* Copies the rows of the block, which may stand in several sets. */
static void gather(struct nn_evaluation *evaluation, size_t count)
{
	size_t inputs = nn_network_inputs(evaluation->network);
	bool classes = evaluation->loss->wants_classes;

	for (size_t done = 0; done < count;) {
		uint64_t row;
		const struct nn_dataset *set =
			&evaluation->sets[set_of(evaluation, evaluation->at + done, &row)];
		size_t run = 0;

		for (; done + run < count && row + run < set->rows; run++)
			evaluation->numbers[run] = row + run;
		nn_dataset_gather(set, evaluation->numbers, run, evaluation->x + done * inputs,
			evaluation->labelled && !classes ?
				evaluation->y + done * evaluation->outputs :
				NULL,
			evaluation->labelled && classes ?
				evaluation->labels + done * evaluation->positions :
				NULL);
		done += run;
	}
}

static int check_finite(const struct nn_evaluation *evaluation, const float *out, size_t rows,
	struct nn_error *err)
{
	size_t row_outputs = evaluation->positions * evaluation->outputs;
	size_t bad = nn_vector_nonfinite(out, rows * row_outputs);
	uint64_t row;
	size_t set;

	if (bad == rows * row_outputs)
		return NN_OK;
	set = set_of(evaluation, evaluation->at + bad / row_outputs, &row);
	return nn_fail(err, NN_BAD, "%s: row %llu (from 0): output %zu of the model is %s",
		evaluation->set_names[set], (unsigned long long)row, bad % row_outputs,
		nn_nonfinite_word((double)out[bad]));
}

int nn_evaluation_next(struct nn_evaluation *evaluation, struct nn_evaluated *block,
	struct nn_error *err)
{
	uint64_t left = evaluation->rows - evaluation->at;
	size_t rows = left < evaluation->block_rows ? (size_t)left : evaluation->block_rows;
	bool classes = evaluation->loss->wants_classes;
	int status;

	*block = (struct nn_evaluated){ .first = evaluation->at, .rows = rows };
	if (!rows)
		return NN_OK;
	gather(evaluation, rows);
	block->out = nn_network_forward(evaluation->network, &evaluation->model.params,
		evaluation->x, rows);
	if (evaluation->labelled && classes)
		block->labels = evaluation->labels;
	else if (evaluation->labelled)
		block->y = evaluation->y;
	status = check_finite(evaluation, block->out, rows, err);
	evaluation->at += rows;
	return status;
}

void nn_evaluation_close(struct nn_evaluation *evaluation)
{
	for (size_t i = 0; i < evaluation->set_count; i++)
		nn_dataset_free(&evaluation->sets[i]);
	free(evaluation->sets);
	free(evaluation->set_names);
	nn_data_free_names(evaluation->names, evaluation->outputs);
	free(evaluation->numbers);
	free(evaluation->x);
	free(evaluation->y);
	free(evaluation->labels);
	free(evaluation->best);
	nn_network_free(evaluation->network);
	nn_model_free(&evaluation->model);
	*evaluation = (struct nn_evaluation){ 0 };
}

void nn_evaluation_predict(struct nn_evaluation *evaluation, const struct nn_evaluated *block)
{
	nn_network_predict(evaluation->network, block->rows);
}
