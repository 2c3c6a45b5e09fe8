#include "train/reduction.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "tensor/vector.h"
#include "base/text.h"
#include "stream/part.h"
#include "train/finite.h"
#include "train/local.h"

bool nn_reduction_takes(unsigned kind)
{
	return kind == NN_KIND_GRAD || kind == NN_KIND_MODEL || kind == NN_KIND_DELTA;
}

static int check_weights(const struct nn_reduction *reduction, struct nn_error *err)
{
	const struct nn_reduce_options *options = reduction->options;
	double total = 0;

	if (!options->weights)
		return NN_OK;
	if (reduction->kind == NN_KIND_GRAD)
		return nn_fail(err, NN_USAGE,
			"weights are for models and deltas: gradients bring their own");
	for (size_t i = 0; i < options->weight_count; i++) {
		if (!(options->weights[i] >= 0 && options->weights[i] <= 1e30))
			return nn_fail(err, NN_USAGE, "weight %zu is %g: it must lie in 0 to 1e30",
				i + 1, options->weights[i]);
		total += options->weights[i];
	}
	if (total <= 0)
		return nn_fail(err, NN_USAGE, "the weights' total is zero");
	return NN_OK;
}

int nn_reduction_start(struct nn_reduction *reduction, unsigned kind, struct nn_error *err)
{
	const char *name = reduction->options->method;

	if (!name)
		name = kind == NN_KIND_GRAD ? "sum" : "mean";
	reduction->kind = kind;
	reduction->method = nn_reducer_find(name);
	if (!reduction->method)
		return nn_fail(err, NN_USAGE, "there is no method %s", name);
	return check_weights(reduction, err);
}

#define KINDS_WITH_TASKS (1u << NN_KIND_GRAD | 1u << NN_KIND_DELTA)
#define ALL_KINDS (KINDS_WITH_TASKS | 1u << NN_KIND_MODEL)

/* What must be the same in all frames of a step; models of unlike steps may be asked for. */
static const struct {
	const char *name;
	size_t offset;
	unsigned kinds;
	bool of_step;
} fields[] = {
	{ "step", offsetof(struct nn_preamble, step), ALL_KINDS, true },
	{ "epoch", offsetof(struct nn_preamble, epoch), ALL_KINDS, true },
	{ "step in epoch", offsetof(struct nn_preamble, step_in_epoch), ALL_KINDS, true },
	{ "steps per epoch", offsetof(struct nn_preamble, steps_per_epoch), ALL_KINDS, true },
	{ "seed", offsetof(struct nn_preamble, seed), KINDS_WITH_TASKS, false },
	{ "number of shards", offsetof(struct nn_preamble, shards), 1u << NN_KIND_GRAD, false },
};

static uint64_t field(const struct nn_preamble *preamble, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)preamble + offset, sizeof value);
	return value;
}

static int check_preamble(const struct nn_reduction *reduction, const struct nn_preamble *preamble,
	struct nn_error *err)
{
	const struct nn_preamble *reference = &reduction->reference;
	char this_part[NN_PART_TEXT];
	char other_part[NN_PART_TEXT];

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		uint64_t here = field(preamble, fields[i].offset);
		uint64_t there = field(reference, fields[i].offset);

		if (here == there || !(fields[i].kinds & 1u << reduction->kind) ||
			(fields[i].of_step && reduction->options->mixed_steps &&
				reduction->kind == NN_KIND_MODEL))
			continue;
		return nn_fail(err, NN_BAD, "%s %llu, but %s has %llu", fields[i].name,
			(unsigned long long)here, reduction->reference_name,
			(unsigned long long)there);
	}
	if (preamble->id != reference->id && reduction->kind != NN_KIND_MODEL)
		return nn_fail(err, NN_BAD, "made from model %016llx, but %s from model %016llx",
			(unsigned long long)preamble->id, reduction->reference_name,
			(unsigned long long)reference->id);
	if (preamble->part != reference->part || preamble->parts != reference->parts)
		return nn_fail(err, NN_BAD, "is %s, but %s is %s",
			nn_part_text(preamble, this_part), reduction->reference_name,
			nn_part_text(reference, other_part));
	return NN_OK;
}

static int check_metas(struct nn_reduction *reduction, const struct nn_bundle *layout,
	struct nn_error *err)
{
	const char *kernel = nn_bundle_meta(layout, "kernel");
	const char *spec = nn_bundle_meta(layout, "spec");
	uint64_t steps;
	uint64_t hash = spec ? nn_hash(spec, strlen(spec)) : 0;

	if (kernel && reduction->kernel[0] && strcmp(kernel, reduction->kernel) &&
		!reduction->options->mixed_kernels)
		return nn_fail(err, NN_BAD, "kernel %s, but %s has %s (--mixed-kernels takes both)",
			kernel, reduction->reference_name, reduction->kernel);
	if (kernel && !reduction->kernel[0])
		snprintf(reduction->kernel, sizeof reduction->kernel, "%s", kernel);
	steps = nn_local_marked(layout);
	if (reduction->steps && steps != reduction->steps)
		return nn_fail(err, NN_BAD, "of %llu local steps, but %s of %llu",
			(unsigned long long)steps, reduction->reference_name,
			(unsigned long long)reduction->steps);
	reduction->steps = steps;
	if (hash && reduction->spec && hash != reduction->spec)
		return nn_fail(err, NN_BAD, "its spec is not that of %s",
			reduction->reference_name);
	if (hash)
		reduction->spec = hash;
	return NN_OK;
}

/* A frame that is left out of one slice would still count in the others. */
static int check_part(struct nn_reduction *reduction, const struct nn_frame *frame,
	struct nn_error *err)
{
	const char *ranges = nn_bundle_meta(frame->layout, NN_PART_META);
	uint64_t hash = ranges ? nn_hash(ranges, strlen(ranges)) : 0;

	if (reduction->options->skip_nonfinite && nn_is_part(&frame->preamble, frame->layout))
		return nn_fail(err, NN_USAGE,
			"is a slice: --nonfinite=skip would leave it out, and not the others; reduce "
			"before nn-slice");
	if (reduction->has_reference && hash != reduction->ranges)
		return nn_fail(err, NN_BAD, "its slice has other parameters than that of %s",
			reduction->reference_name);
	reduction->ranges = hash;
	return NN_OK;
}

int nn_reduction_compare(struct nn_reduction *reduction, const struct nn_frame *frame,
	const char *name, struct nn_error *err)
{
	int status = NN_OK;

	if (reduction->has_reference) {
		status = check_preamble(reduction, &frame->preamble, err);
		if (!status)
			status = check_part(reduction, frame, err);
	} else {
		status = check_part(reduction, frame, err);
		reduction->has_reference = true;
		reduction->reference = frame->preamble;
		reduction->kernel[0] = '\0';
		reduction->spec = 0;
		reduction->steps = 0;
		snprintf(reduction->reference_name, sizeof reduction->reference_name, "%s", name);
	}
	return status ? status : check_metas(reduction, frame->layout, err);
}

int nn_reduction_check(struct nn_reduction *reduction, const struct nn_reader *reader,
	const struct nn_frame *frame, struct nn_error *err)
{
	char name[sizeof reduction->reference_name];
	int status;

	snprintf(name, sizeof name, "frame %llu of %s",
		(unsigned long long)frame->preamble.sequence, nn_reader_name(reader));
	status = nn_reduction_compare(reduction, frame, name, err);
	return status ? nn_reader_blame(reader, err) : NN_OK;
}

struct nn_node nn_reduction_range(const struct nn_preamble *preamble, uint64_t number)
{
	if (preamble->kind == NN_KIND_GRAD && preamble->shards)
		return (struct nn_node){ preamble->first, preamble->end };
	return (struct nn_node){ number, number + 1 };
}

double nn_reduction_weight(const struct nn_reduction *reduction, uint64_t number)
{
	return reduction->options->weights ? reduction->options->weights[number] : 1;
}

int nn_reduction_check_loss(double loss, struct nn_error *err)
{
	return isfinite(loss) ? NN_OK :
				nn_fail(err, NN_BAD, "its loss is %s", nn_nonfinite_word(loss));
}

/* As if none of its rows had been there: the shard is accounted for and adds nothing. */
static void leave_out(struct nn_partial *partial)
{
	partial->rows = 0;
	partial->weight = 0;
	partial->loss = 0;
	memset(partial->sum.data, 0, partial->sum.bytes);
}

static int check_numbers(const struct nn_reduction *reduction, struct nn_partial *partial,
	const struct nn_reader *reader, struct nn_error *err)
{
	struct nn_error why;

	if (!nn_reduction_check_loss(partial->loss, &why) &&
		!nn_check_finite_bundle(&partial->sum, &why))
		return NN_OK;
	nn_reader_blame(reader, &why);
	if (!reduction->options->skip_nonfinite) {
		const char *hint = reduction->options->hint;

		return nn_fail(err, NN_BAD, "%s%s", why.text, hint ? hint : "");
	}
	reduction->options->warn("%s: left out", why.text);
	leave_out(partial);
	return NN_OK;
}

static int check_weight_number(const struct nn_reduction *reduction, uint64_t number,
	struct nn_error *err)
{
	if (reduction->options->weights && number >= reduction->options->weight_count)
		return nn_fail(err, NN_USAGE, "%zu weights for more inputs",
			reduction->options->weight_count);
	return NN_OK;
}

int nn_reduction_add(struct nn_reduction *reduction, struct nn_accumulator *accumulator,
	struct nn_reader *reader, const struct nn_frame *frame, uint64_t number,
	struct nn_error *err)
{
	struct nn_partial partial = {
		.range = nn_reduction_range(&frame->preamble, number),
		.rows = frame->preamble.rows,
		.weight = frame->preamble.weight,
		.loss = frame->preamble.loss,
	};
	int status = check_weight_number(reduction, number, err);

	if (!status)
		status = nn_reader_load(reader, &partial.sum, err);
	if (status)
		return status;
	status = nn_bundle_to_f32(&partial.sum, err);
	if (!status && reduction->kind != NN_KIND_GRAD) {
		float *values = (float *)(void *)partial.sum.data;

		partial.weight = nn_reduction_weight(reduction, number);
		if (reduction->options->weights)
			nn_vector_scale(values, values, (float)partial.weight,
				partial.sum.bytes / sizeof *values);
	}
	if (!status)
		status = check_numbers(reduction, &partial, reader, err);
	if (status) {
		nn_partial_free(&partial);
		return status;
	}
	if (nn_accumulator_add(accumulator, &partial, err)) {
		nn_fail_in(err, "step %llu", (unsigned long long)frame->preamble.step);
		return nn_reader_blame(reader, err);
	}
	return NN_OK;
}

struct nn_preamble nn_reduction_preamble(const struct nn_reduction *reduction,
	const struct nn_partial *partial, bool more)
{
	struct nn_preamble preamble = reduction->reference;

	preamble.flags = more && reduction->kind == NN_KIND_GRAD ? NN_FLAG_MORE : 0;
	if (reduction->kind == NN_KIND_GRAD) {
		preamble.rows = partial->rows;
		preamble.weight = partial->weight;
		preamble.loss = partial->loss;
	}
	if (preamble.shards) {
		preamble.first = partial->range.first;
		preamble.end = partial->range.end;
	}
	if (reduction->kind == NN_KIND_MODEL)
		preamble.id = 0;
	if (reduction->method->finish && reduction->kind == NN_KIND_GRAD) {
		preamble.loss /= partial->weight;
		preamble.weight = 1;
	}
	return preamble;
}

int nn_reduction_can_finish(const struct nn_reduction *reduction, const struct nn_partial *partial,
	struct nn_error *err)
{
	const struct nn_preamble *reference = &reduction->reference;
	const char *name = reduction->method->name;

	if (!reduction->method->finish)
		return NN_OK;
	if (reference->shards && partial->range.first)
		return nn_fail(err, NN_BAD, "step %llu: %s needs all %llu shards, 0 is missing",
			(unsigned long long)reference->step, name,
			(unsigned long long)reference->shards);
	if (reference->shards && partial->range.end < reference->shards)
		return nn_fail(err, NN_BAD, "step %llu: %s needs all %llu shards, %llu is missing",
			(unsigned long long)reference->step, name,
			(unsigned long long)reference->shards,
			(unsigned long long)partial->range.end);
	if (!(partial->weight > 0))
		return nn_fail(err, NN_BAD, "step %llu: the total weight is zero: there is no %s",
			(unsigned long long)reference->step, name);
	return NN_OK;
}

int nn_reduction_write(struct nn_reduction *reduction, struct nn_accumulator *accumulator,
	struct nn_error *err)
{
	int status = NN_OK;

	size_t count = nn_accumulator_count(accumulator);

	for (size_t i = 0; i < count && !status; i++) {
		const struct nn_partial *node = nn_accumulator_node(accumulator, i);
		struct nn_preamble preamble = nn_reduction_preamble(reduction, node, i + 1 < count);

		status = nn_reduction_can_finish(reduction, node, err);
		if (!status && reduction->method->finish)
			reduction->method->finish((float *)(void *)node->sum.data,
				node->sum.bytes / sizeof(float), node->weight);
		if (!status)
			status = nn_writer_frame(reduction->writer, &preamble, &node->sum, err);
	}
	return status;
}
