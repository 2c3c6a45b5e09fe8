#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "train/predictions.h"

/* A cell; in quotes where a reader of CSV might otherwise see another one. */
static int put_text(struct nn_buffer *out, const char *text, struct nn_error *err)
{
	size_t length = strlen(text);
	bool plain = length && !strpbrk(text, ",\"\r\n") && text[0] != ' ' && text[0] != '\t' &&
		text[length - 1] != ' ' && text[length - 1] != '\t';
	int status;

	if (plain)
		return nn_buffer_append(out, text, length, err);
	status = nn_buffer_puts(out, "\"", err);
	for (; *text && !status; text++) {
		if (*text == '"')
			status = nn_buffer_puts(out, "\"", err);
		if (!status)
			status = nn_buffer_append(out, text, 1, err);
	}
	return status ? status : nn_buffer_puts(out, "\"", err);
}

/* A class or an output by its name or its number. */
static int put_name(const struct nn_evaluation *evaluation, struct nn_buffer *out, size_t number,
	struct nn_error *err)
{
	if (evaluation->names)
		return put_text(out, evaluation->names[number], err);
	return nn_buffer_printf(out, err, "%zu", number);
}

static int put_floats(struct nn_buffer *out, const float *values, size_t count, bool behind,
	struct nn_error *err)
{
	char text[NN_F64_TEXT];
	int status = NN_OK;

	for (size_t i = 0; i < count && !status; i++) {
		if (i || behind)
			status = nn_buffer_puts(out, ",", err);
		nn_format_f32(values[i], text);
		if (!status)
			status = nn_buffer_puts(out, text, err);
	}
	return status;
}

int nn_predictions_header(const struct nn_evaluation *evaluation,
	const struct nn_csv_options *options, struct nn_buffer *out, struct nn_error *err)
{
	bool classes = evaluation->loss->wants_classes;
	bool single = !classes && evaluation->outputs == 1 && !evaluation->names;
	int status = NN_OK;

	if (options->index)
		status = nn_buffer_puts(out, evaluation->positions > 1 ? "row,position," : "row,",
			err);
	if (!status && (classes || single))
		status = nn_buffer_puts(out, "prediction", err);
	if (!status && ((classes && options->probabilities) || (!classes && !single)))
		for (size_t i = 0; i < evaluation->outputs && !status; i++) {
			if (i || classes)
				status = nn_buffer_puts(out, ",", err);
			if (!status)
				status = put_name(evaluation, out, i, err);
		}
	return status ? status : nn_buffer_puts(out, "\n", err);
}

/* The number of a case of a block. */
static int put_index(const struct nn_evaluation *evaluation, const struct nn_evaluated *block,
	size_t number, struct nn_buffer *out, struct nn_error *err)
{
	size_t positions = evaluation->positions;
	int status = nn_buffer_printf(out, err, "%" PRIu64 ",", block->first + number / positions);

	if (!status && positions > 1)
		status = nn_buffer_printf(out, err, "%zu,", number % positions);
	return status;
}

int nn_predictions_rows(struct nn_evaluation *evaluation, const struct nn_evaluated *block,
	const struct nn_csv_options *options, struct nn_buffer *out, struct nn_error *err)
{
	bool classes = evaluation->loss->wants_classes;
	size_t outputs = evaluation->outputs;
	size_t cases = block->rows * evaluation->positions;
	int status = NN_OK;

	/* Before the softmax, which may round two outputs to one probability. */
	for (size_t i = 0; classes && i < cases; i++)
		evaluation->best[i] = nn_argmax(block->out + i * outputs, outputs);
	if (!classes || options->probabilities)
		nn_evaluation_predict(evaluation, block);
	for (size_t i = 0; i < cases && !status; i++) {
		if (options->index)
			status = put_index(evaluation, block, i, out, err);
		if (!status && classes)
			status = put_name(evaluation, out, evaluation->best[i], err);
		if (!status && (!classes || options->probabilities))
			status = put_floats(out, block->out + i * outputs, outputs, classes, err);
		if (!status)
			status = nn_buffer_puts(out, "\n", err);
	}
	return status;
}
