/* Do data and a network go together? Tokens, and classes at positions. */
#include <math.h>
#include <stdlib.h>

#include "train/fit.h"

#include "tap.h"

static struct nn_error err;

enum { ROWS = 700, POSITIONS = 3 };

static const char spec[] =
	"{\"input\":[3],\"layers\":[{\"type\":\"embedding\",\"vocabulary\":200,\"units\":2},"
	"{\"type\":\"dense\",\"units\":4,\"per_position\":true}],\"loss\":\"cross_entropy\"}";

static struct nn_network *parse(const char *text)
{
	struct nn_network *network;

	if (nn_network_parse(&network, text, strlen(text), "spec", &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	return network;
}

/* Two frames of unlike sizes, of tokens 0 to 199. */
struct set {
	struct nn_dataset data;
	struct nn_bundle frames[2];
	uint64_t starts[3];
};

static void make_set(struct set *set, enum nn_dtype dtype)
{
	*set = (struct set){ .starts = { 0, 500, ROWS } };
	set->data = (struct nn_dataset){ .frames = set->frames,
		.starts = set->starts,
		.frame_count = 2,
		.rows = ROWS,
		.total_rows = ROWS,
		.x_ndim = 1,
		.x_shape = { POSITIONS },
		.features = POSITIONS,
		.x_dtype = dtype,
		.x_scale = 1,
		.has_classes = true,
		.class_count = 4,
		.positions = POSITIONS };
	for (size_t i = 0; i < 2; i++) {
		uint64_t rows = set->starts[i + 1] - set->starts[i];
		void *x;

		nn_bundle_add(&set->frames[i], "x", dtype, 2, (uint64_t[]){ rows, POSITIONS },
			&err);
		nn_bundle_layout(&set->frames[i], &err);
		nn_bundle_alloc(&set->frames[i], &err);
		x = set->frames[i].data;
		for (size_t j = 0; j < rows * POSITIONS; j++)
			if (dtype == NN_U8)
				((unsigned char *)x)[j] = (unsigned char)(j % 200);
			else if (dtype == NN_I32)
				((int32_t *)x)[j] = (int32_t)(j % 200);
			else
				((float *)x)[j] = (float)(j % 200);
	}
}

static void free_set(struct set *set)
{
	nn_bundle_free(&set->frames[0]);
	nn_bundle_free(&set->frames[1]);
	nn_bundle_free(&set->data.metas);
}

static int fit(const struct set *set, const char *text)
{
	static const struct nn_bundle no_metas;
	struct nn_network *network = parse(text);
	int status = nn_fit_data(network, &no_metas, &set->data, "data.nnt", true, &err);

	nn_network_free(network);
	return status;
}

static void check_tokens(void)
{
	static const float strange[] = { -1, 200, 0.5F, 1e30F, -0.25F, 16777216 };
	struct set set;

	for (size_t i = 0; i < 3; i++) {
		make_set(&set, (enum nn_dtype[]){ NN_U8, NN_I32, NN_F32 }[i]);
		ok(!fit(&set, spec), "tokens as %s", nn_dtype_name(set.data.x_dtype));
		set.data.x_scale = 0.5F;
		ok(fit(&set, spec) == NN_BAD &&
				!strcmp(err.text,
					"data.nnt: row 0, position 1: 0.5, but the model's tokens "
					"are whole numbers below 200"),
			"halves of them are none");
		free_set(&set);
	}
	make_set(&set, NN_F32);
	for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
		char text[200];
		float *x = (float *)(void *)set.frames[1].data;

		snprintf(text, sizeof text,
			"data.nnt: row 650, position 2: %.9g, but the model's tokens are whole "
			"numbers below 200",
			(double)strange[i]);
		x[150 * POSITIONS + 2] = strange[i];
		if (!ok(fit(&set, spec) == NN_BAD && !strcmp(err.text, text), "%g is none",
			    (double)strange[i]))
			printf("# said: %s\n", err.text);
	}
	((float *)(void *)set.frames[1].data)[150 * POSITIONS + 2] = (float)NAN;
	ok(fit(&set, spec) == NN_BAD && strstr(err.text, "row 650, position 2: nan,"),
		"NaN is none");
	free_set(&set);
	make_set(&set, NN_U8);
	set.frames[0].data[5] = 200;
	nn_bundle_set_meta(&set.data.metas, "tokens", "bytes", &err);
	set.data.class_count = 201;
	ok(fit(&set, spec) == NN_BAD &&
			strstr(err.text,
				"row 1, position 2: 200, but the model's "
				"tokens are whole numbers below 200; the "
				"data have 201 tokens"),
		"both sizes are named");
	free_set(&set);
}

static void check_positions(void)
{
	static const char open_spec[] =
		"{\"layers\":[{\"type\":\"dense\"}],\"loss\":\"cross_entropy\"}";
	struct nn_known_shapes known;
	struct nn_network *network = NULL;
	struct set set;

	make_set(&set, NN_U8);
	ok(!nn_fit_known(&set.data, "data.nnt", &known, &err) && known.positions == POSITIONS &&
			known.outputs == 4,
		"what data say of positions and classes");
	ok(nn_network_complete(&network, open_spec, strlen(open_spec), "spec", &known, &err) ==
				NN_BAD &&
			strstr(err.text, "outputs for 1 position, but the data's rows have 3"),
		"a spec for other positions is refused");
	set.data.positions = 1;
	if (!ok(fit(&set, spec) == NN_BAD &&
			    !strcmp(err.text,
				    "data.nnt: a row has a class at 1 positions, "
				    "but the model has outputs for 3"),
		    "rows of one class for a model of three positions"))
		printf("# said: %s\n", err.text);
	free_set(&set);
}

int main(void)
{
	check_tokens();
	check_positions();
	return tap_done();
}
