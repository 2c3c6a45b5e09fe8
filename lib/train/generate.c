#include "train/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/meta.h"
#include "data/text_tokens.h"
#include "tensor/math.h"
#include "tensor/vector.h"

struct nn_generator {
	struct nn_evaluation *evaluation;
	struct nn_generate_options options;
	struct nn_random random;
	uint64_t drawn;
	size_t context;
	size_t vocabulary;
	int *bytes;           /* [vocabulary] */
	int tokens[NN_BYTES]; /* -1: none */
	float *window;        /* [context]: the last tokens, from the first place on */
	size_t length;        /* of them */
	double *weights;      /* [vocabulary] */
	float *sorted;        /* [vocabulary] */
};

static int check(const struct nn_evaluation *evaluation, struct nn_error *err)
{
	const struct nn_network *network = evaluation->network;
	const char *model = evaluation->model_name;
	const char *tokens = nn_bundle_meta(&evaluation->model.params, "tokens");
	const char *name;

	if (!tokens || strcmp(tokens, "bytes"))
		return nn_fail(err, NN_BAD,
			"%s: it is no model of a text (nn-import -f text, nn-init -d)", model);
	if (evaluation->positions != nn_network_inputs(network) ||
		evaluation->outputs != nn_network_tokens(network))
		return nn_fail(err, NN_BAD,
			"%s: %zu outputs at %zu positions for %zu tokens of %llu kinds: the next token "
			"is not what it predicts",
			model, evaluation->outputs, evaluation->positions,
			nn_network_inputs(network), (unsigned long long)nn_network_tokens(network));
	for (size_t i = 0; i < nn_network_layer_count(network); i++) {
		const struct nn_layer *layer = nn_network_layer(network, i, &name);

		if (!layer->causal)
			return nn_fail(err, NN_BAD,
				"%s: layer %s, %s, is not causal: it would look at what is not written yet",
				model, name, layer->type->name);
	}
	return NN_OK;
}

static int make_tables(struct nn_generator *generator, struct nn_error *err)
{
	struct nn_evaluation *evaluation = generator->evaluation;
	char **classes = NULL;
	size_t count = 0;
	int status = nn_data_classes(&evaluation->model.params, &classes, &count, err);

	if (!status && count != generator->vocabulary)
		status = nn_fail(err, NN_BAD, "%zu classes for %zu tokens", count,
			generator->vocabulary);
	if (!status)
		nn_token_tables(classes, count, generator->bytes, generator->tokens);
	for (size_t i = 0; i < count && !status; i++)
		if (generator->bytes[i] < 0)
			status = nn_fail(err, NN_BAD, "class %zu, \"%s\", is no byte", i,
				classes[i]);
	nn_data_free_names(classes, count);
	return status ? nn_fail_in(err, "%s", evaluation->model_name) : NN_OK;
}

int nn_generator_new(struct nn_generator **out, struct nn_evaluation *evaluation,
	const struct nn_generate_options *options, const char *kernel, struct nn_error *err)
{
	struct nn_generator *generator;
	int status = check(evaluation, err);

	*out = NULL;
	if (status)
		return status;
	generator = nn_alloc(1, sizeof *generator, err);
	if (!generator)
		return NN_FAILED;
	generator->evaluation = evaluation;
	generator->options = *options;
	generator->random = nn_random_stream(options->seed, NN_RANDOM_TEXT, 0, 0);
	generator->context = nn_network_inputs(evaluation->network);
	generator->vocabulary = evaluation->outputs;
	generator->bytes = nn_alloc(generator->vocabulary, sizeof *generator->bytes, err);
	generator->window = nn_alloc(generator->context, sizeof *generator->window, err);
	generator->weights = nn_alloc(generator->vocabulary, sizeof *generator->weights, err);
	generator->sorted = nn_alloc(generator->vocabulary, sizeof *generator->sorted, err);
	status = generator->bytes && generator->window && generator->weights && generator->sorted ?
		make_tables(generator, err) :
		NN_FAILED;
	if (!status)
		status = nn_evaluation_start(evaluation, kernel, err);
	if (!status)
		status = nn_network_reserve(evaluation->network, 1, err);
	if (status) {
		nn_generator_free(generator);
		return status;
	}
	*out = generator;
	return NN_OK;
}

void nn_generator_free(struct nn_generator *generator)
{
	if (!generator)
		return;
	free(generator->bytes);
	free(generator->window);
	free(generator->weights);
	free(generator->sorted);
	free(generator);
}

static void push(struct nn_generator *generator, int token)
{
	if (generator->length == generator->context) {
		memmove(generator->window, generator->window + 1,
			(generator->context - 1) * sizeof *generator->window);
		generator->length--;
	}
	generator->window[generator->length++] = (float)token;
}

int nn_generator_tell(struct nn_generator *generator, const void *text, size_t length,
	struct nn_error *err)
{
	const unsigned char *bytes = text;
	char name[NN_BYTE_NAME];

	for (size_t i = 0; i < length; i++) {
		if (generator->tokens[bytes[i]] < 0) {
			nn_byte_name(bytes[i], name);
			return nn_fail(err, NN_BAD,
				"byte %zu of the prompt, %s: the model has no such token", i, name);
		}
		push(generator, generator->tokens[bytes[i]]);
	}
	return NN_OK;
}

static int compare_down(const void *a, const void *b)
{
	float x = *(const float *)a;
	float y = *(const float *)b;

	return (x < y) - (x > y);
}

/* The least output among the top_k greatest; of equal ones all are in. */
static float floor_of(struct nn_generator *generator, const float *out)
{
	size_t n = generator->vocabulary;

	if (!generator->options.top_k || generator->options.top_k >= n)
		return -INFINITY;
	memcpy(generator->sorted, out, n * sizeof *out);
	qsort(generator->sorted, n, sizeof *out, compare_down);
	return generator->sorted[generator->options.top_k - 1];
}

static size_t draw(struct nn_generator *generator, const float *out)
{
	size_t best = nn_argmax(out, generator->vocabulary);
	double temperature = generator->options.temperature;
	float least = floor_of(generator, out);
	double sum = 0;
	double left;

	if (!(temperature > 0))
		return best;
	for (size_t i = 0; i < generator->vocabulary; i++) {
		double distance = ((double)out[i] - (double)out[best]) / temperature;

		generator->weights[i] = out[i] < least ? 0 : (double)nn_exp((float)distance);
		sum += generator->weights[i];
	}
	left = nn_random_uniform(&generator->random, generator->drawn++) * sum;
	for (size_t i = 0; i < generator->vocabulary; i++) {
		left -= generator->weights[i];
		if (left < 0)
			return i;
	}
	return best;
}

int nn_generator_next(struct nn_generator *generator, unsigned char *byte, struct nn_error *err)
{
	struct nn_evaluation *evaluation = generator->evaluation;
	size_t n = generator->vocabulary;
	const float *out;
	size_t token;

	/* What stands behind the text so far is not looked at. */
	for (size_t i = generator->length; i < generator->context; i++)
		generator->window[i] = 0;
	out = nn_network_forward(evaluation->network, &evaluation->model.params, generator->window,
		      1) +
		(generator->length - 1) * n;
	if (nn_vector_nonfinite(out, n) < n)
		return nn_fail(err, NN_BAD, "%s: its output is no number", evaluation->model_name);
	token = draw(generator, out);
	push(generator, (int)token);
	*byte = (unsigned char)generator->bytes[token];
	return NN_OK;
}
