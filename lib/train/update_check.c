/* What is asked of a gradient before it is taken. */
#include <string.h>

#include "stream/part.h"
#include "train/update-private.h"

int nn_updater_check_options(const struct nn_updater *updater, struct nn_error *err)
{
	const struct nn_model *model = &updater->checkpoint->model;
	const char *why = NULL;
	char text[NN_PART_TEXT];

	if (!nn_model_is_part(model))
		return NN_OK;
	if (updater->optim.clip > 0 && !updater->options->sums)
		why = "--clip needs the norm of all slices: --sums-in and --sums-out";
	else if (updater->options->quorum)
		why = "--quorum could take other shards for each slice";
	else if (updater->options->skip_nonfinite)
		why = "--nonfinite=skip could leave out other gradients of each slice";
	if (!why)
		return NN_OK;
	return nn_fail(err, NN_USAGE, "%s is %s: %s", updater->name,
		nn_part_text(&model->preamble, text), why);
}

static int check_number(const struct nn_updater *updater, const char *what, uint64_t here,
	uint64_t there, struct nn_error *err)
{
	if (here == there)
		return NN_OK;
	return nn_fail(err, NN_BAD, "a gradient of %s %llu, but %s has %llu", what,
		(unsigned long long)here, updater->name, (unsigned long long)there);
}

/* The same part of the parameters? */
static int check_part(const struct nn_updater *updater, const struct nn_frame *frame,
	struct nn_error *err)
{
	const struct nn_preamble *grad = &frame->preamble;
	const struct nn_preamble *model = &updater->checkpoint->model.preamble;
	const char *here = nn_bundle_meta(frame->layout, NN_PART_META);
	const char *there = nn_bundle_meta(&updater->checkpoint->model.params, NN_PART_META);
	char grad_text[NN_PART_TEXT];
	char model_text[NN_PART_TEXT];

	if ((grad->parts > 1 || model->parts > 1) &&
		(grad->part != model->part || grad->parts != model->parts))
		return nn_fail(err, NN_BAD, "a gradient, %s, but %s is %s",
			nn_part_text(grad, grad_text), updater->name,
			nn_part_text(model, model_text));
	if (here && there ? strcmp(here, there) : here != there)
		return nn_fail(err, NN_BAD,
			"a gradient of a slice that has other parameters than that of %s",
			updater->name);
	return NN_OK;
}

int nn_updater_check_model(const struct nn_updater *updater, const struct nn_frame *frame,
	struct nn_error *err)
{
	const struct nn_preamble *grad = &frame->preamble;
	const struct nn_preamble *model = &updater->checkpoint->model.preamble;
	const char *kernel = nn_bundle_meta(&updater->checkpoint->model.params, "kernel");
	const char *made_by = nn_bundle_meta(frame->layout, "kernel");
	int status = check_number(updater, "step", grad->step, model->step, err);

	if (!status)
		status = check_number(updater, "epoch", grad->epoch, model->epoch, err);
	if (!status)
		status = check_number(updater, "step in epoch", grad->step_in_epoch,
			model->step_in_epoch, err);
	if (!status && model->steps_per_epoch)
		status = check_number(updater, "steps per epoch", grad->steps_per_epoch,
			model->steps_per_epoch, err);
	if (status)
		return status;
	if (grad->id && model->id && grad->id != model->id)
		return nn_fail(err, NN_BAD, "a gradient of model %016llx, but %s is model %016llx",
			(unsigned long long)grad->id, updater->name, (unsigned long long)model->id);
	status = check_part(updater, frame, err);
	if (status)
		return status;
	/* A name without a slash came from a person: nn-grad has checked it. */
	if (kernel && made_by && strchr(kernel, '/') && strcmp(kernel, made_by) &&
		!updater->options->mixed_kernels)
		return nn_fail(err, NN_BAD, "kernel %s, but %s has %s (--mixed-kernels takes both)",
			made_by, updater->name, kernel);
	return NN_OK;
}

/* F16 and the like are converted when they are loaded. */
int nn_updater_check_shapes(const struct nn_updater *updater, const struct nn_bundle *layout,
	struct nn_error *err)
{
	const struct nn_bundle *params = &updater->checkpoint->model.params;

	for (size_t i = 0; i < params->count; i++) {
		const struct nn_tensor *param = &params->tensors[i];
		const struct nn_tensor *grad = nn_bundle_find(layout, param->name);
		char want[NN_SHAPE_TEXT];
		char have[NN_SHAPE_TEXT];

		if (!grad)
			return nn_fail(err, NN_BAD, "no tensor %s, which %s has", param->name,
				updater->name);
		nn_shape_text(param->ndim, param->shape, want);
		nn_shape_text(grad->ndim, grad->shape, have);
		if (strcmp(want, have))
			return nn_fail(err, NN_BAD, "tensor %s: %s, but %s has %s", param->name,
				have, updater->name, want);
	}
	if (layout->count != params->count)
		return nn_fail(err, NN_BAD, "%zu tensors, but %s has %zu", layout->count,
			updater->name, params->count);
	return NN_OK;
}
