/* Softmax and cross-entropy in one: a case's loss is -w log p[label], p = softmax(out), w the label's
 * class weight. With label smoothing s it is (1 - s) of that and s / outputs times the sum over all
 * classes c of -w[c] log p[c]: C. Szegedy et al., "Rethinking the inception architecture", CVPR 2016;
 * the weights as in PyTorch's CrossEntropyLoss.
 *
 * The greatest output is subtracted first, so that no exponential overflows. The exponentials are
 * added in double, and the gradient p[label] - 1 is taken as minus the sum of the others, so that
 * it keeps its digits where p[label] is near 1.
 *
 * Cases come in chunks. Short ones are turned, so that a vector has the same output of all of the
 * chunk's cases; in long ones a vector runs along the case. */
#include <string.h>

#include "loss/types.h"
#include "tensor/lanes.h"
#include "tensor/math.h"

#define CASES 16 /* of a chunk: their floats are whole vectors */
#define SHORT 48 /* most outputs of a case that is turned */

struct chunk {
	float tile[SHORT * CASES]; /* of short cases: [outputs, CASES] */
	float greatest[CASES];     /* output of each case */
	double sum[CASES];         /* of e^(out - greatest) */
	double log[CASES];         /* of the sum */
	float scale[CASES];        /* from e^(out - greatest) to what is put out */
};

/* What no case sets is read, with those that are set. */
static void begin(struct chunk *chunk)
{
	for (size_t i = 0; i < CASES; i++) {
		chunk->sum[i] = 1;
		chunk->scale[i] = 0;
	}
}

/* The tile becomes e^(out - greatest). Cases behind the last are like the first. */
static inline void turn(struct chunk *chunk, const float *out, size_t cases, size_t outputs)
{
	float *tile = chunk->tile;

	for (size_t lane = 0; lane < CASES; lane++)
		for (size_t j = 0; j < outputs; j++)
			tile[j * CASES + lane] = out[(lane < cases ? lane : 0) * outputs + j];
	for (size_t lane = 0; lane < CASES; lane++)
		chunk->greatest[lane] = tile[lane];
	for (size_t j = 1; j < outputs; j++)
		for (size_t lane = 0; lane < CASES; lane++)
			chunk->greatest[lane] = tile[j * CASES + lane] > chunk->greatest[lane] ?
				tile[j * CASES + lane] :
				chunk->greatest[lane];
	for (size_t lane = 0; lane < CASES; lane++)
		chunk->sum[lane] = 0;
	for (size_t j = 0; j < outputs; j++)
		for (size_t lane = 0; lane < CASES; lane++) {
			float e = nn_exp_below(tile[j * CASES + lane] - chunk->greatest[lane]);

			tile[j * CASES + lane] = e;
			chunk->sum[lane] += (double)e;
		}
}

static inline void turn_back(const struct chunk *chunk, float *e, size_t cases, size_t outputs)
{
	for (size_t lane = 0; lane < cases; lane++)
		for (size_t j = 0; j < outputs; j++)
			e[lane * outputs + j] = chunk->tile[j * CASES + lane] * chunk->scale[lane];
}

/* Whole numbers in the order of the floats, and back. Their maximum is one operation to a compiler, which
 * that of floats is not, because of NaN. */
static inline int32_t order_of(float x)
{
	int32_t bits = (int32_t)nn_float_bits(x);

	return bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
}

static inline float float_of(int32_t order)
{
	return nn_float_from_bits((uint32_t)(order ^ (int32_t)((uint32_t)(order >> 31) >> 1)));
}

static inline int32_t greater(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

/* Of a long case. Behind whole vectors the last one is looked at, of which some has been seen. */
static inline float greatest_of(const float *out, size_t n)
{
	int32_t lanes[NN_LANES];

	for (size_t lane = 0; lane < NN_LANES; lane++)
		lanes[lane] = order_of(out[n - NN_LANES + lane]);
	for (size_t i = 0; i + NN_LANES <= n; i += NN_LANES)
		for (size_t lane = 0; lane < NN_LANES; lane++)
			lanes[lane] = greater(order_of(out[i + lane]), lanes[lane]);
	for (size_t lane = 0; lane < 8; lane++)
		lanes[lane] = greater(lanes[lane], lanes[lane + 8]);
	for (size_t lane = 0; lane < 4; lane++)
		lanes[lane] = greater(lanes[lane], lanes[lane + 4]);
	for (size_t lane = 0; lane < 2; lane++)
		lanes[lane] = greater(lanes[lane], lanes[lane + 2]);
	return float_of(greater(lanes[0], lanes[1]));
}

/* e, which may be out, becomes e^(out - greatest). */
static inline void run_along(struct chunk *chunk, const float *out, float *e, size_t cases,
	size_t outputs)
{
	for (size_t i = 0; i < cases; i++) {
		float greatest = greatest_of(out + i * outputs, outputs);

		chunk->greatest[i] = greatest;
		NN_INDEPENDENT
		for (size_t j = 0; j < outputs; j++)
			e[i * outputs + j] = out[i * outputs + j] - greatest;
	}
	for (size_t i = 0; i < cases * outputs; i++)
		e[i] = nn_exp_below(e[i]);
	for (size_t i = 0; i < cases; i++)
		chunk->sum[i] = nn_lanes_sum(e + i * outputs, outputs);
}

/* e^(out - greatest), in the tile of short cases, in e of long ones; and what is made of its sum. */
NN_CLONES static void exponentials(struct chunk *chunk, const float *out, float *e, size_t cases,
	size_t outputs)
{
	if (outputs <= SHORT)
		turn(chunk, out, cases, outputs);
	else
		run_along(chunk, out, e, cases, outputs);
	for (size_t i = 0; i < CASES; i++)
		chunk->log[i] = nn_log(chunk->sum[i]);
}

NN_CLONES static void scaled(const struct chunk *chunk, float *e, size_t cases, size_t outputs)
{
	if (outputs <= SHORT) {
		turn_back(chunk, e, cases, outputs);
		return;
	}
	for (size_t i = 0; i < cases; i++)
		for (size_t j = 0; j < outputs; j++)
			e[i * outputs + j] *= chunk->scale[i];
}

/* What a batch's cases have in common. */
struct terms {
	const struct nn_criterion *criterion;
	double own;   /* the label's share: 1 - s */
	double other; /* each class's share: s / outputs */
	double all;   /* the sum of the class weights, with smoothing */
};

static double weight_of(const struct nn_criterion *criterion, size_t number)
{
	return criterion->class_weights ? (double)criterion->class_weights[number] : 1;
}

static struct terms terms_of(const struct nn_criterion *criterion, size_t outputs)
{
	double smoothing = criterion->label_smoothing;
	struct terms terms = { criterion, 1 - smoothing, smoothing / (double)outputs, 0 };

	for (size_t j = 0; j < outputs && smoothing > 0; j++)
		terms.all += weight_of(criterion, j);
	return terms;
}

/* The sum of the outputs, each times its class's weight. */
NN_CLONES static double weighted_sum(const float *weights, const float *out, size_t n)
{
	return weights ? nn_lanes_dot(weights, out, n) : nn_lanes_sum(out, n);
}

/* Case i of a chunk: its loss and weight, how its exponentials are to be scaled, and *own, the gradient
 * at the label. */
static struct nn_loss_sum measure(const struct terms *terms, struct chunk *chunk, size_t i,
	size_t label, const float *out, float e, size_t outputs, float *own)
{
	double weight = weight_of(terms->criterion, label);
	double inverse = 1 / chunk->sum[i];
	double share = terms->own * weight;
	double loss = share * (chunk->log[i] - ((double)out[label] - (double)chunk->greatest[i]));
	double slope = share * ((double)e - chunk->sum[i]) * inverse;

	if (terms->other > 0) {
		loss += terms->other *
			(terms->all * (chunk->log[i] + (double)chunk->greatest[i]) -
				weighted_sum(terms->criterion->class_weights, out, outputs));
		slope += terms->other * (terms->all * (double)e * inverse - weight);
	}
	chunk->scale[i] = (float)((share + terms->other * terms->all) * inverse);
	*own = (float)slope;
	return (struct nn_loss_sum){ loss, weight };
}

/* Takes from the gradient what smoothing wants of each class. */
NN_CLONES static void take_shares(const float *weights, float share, float *d, size_t n)
{
	for (size_t j = 0; j < n; j++)
		d[j] -= share * (weights ? weights[j] : 1.0f);
}

static void add_chunk(const struct terms *terms, struct chunk *chunk, const struct nn_loss_run *run,
	size_t first, size_t cases, struct nn_loss_sum *sum)
{
	size_t outputs = run->outputs;
	const float *out = run->out + first * outputs;
	const int32_t *labels = run->labels + first;
	float *d = run->d_out + first * outputs;
	float own[CASES];

	exponentials(chunk, out, d, cases, outputs);
	for (size_t i = 0; i < cases; i++) {
		size_t label = (size_t)labels[i];
		struct nn_loss_sum one = { 0 };

		if (!nn_criterion_ignores(terms->criterion, labels[i]))
			one = measure(terms, chunk, i, label, out + i * outputs,
				outputs <= SHORT ? chunk->tile[label * CASES + i] :
						   d[i * outputs + label],
				outputs, &own[i]);
		sum->loss += one.loss;
		sum->weight += one.weight;
		if (run->each)
			run->each[first + i] = one;
	}
	scaled(chunk, d, cases, outputs);
	for (size_t i = 0; i < cases; i++) {
		if (nn_criterion_ignores(terms->criterion, labels[i])) {
			memset(d + i * outputs, 0, outputs * sizeof *d);
			continue;
		}
		if (terms->other > 0)
			take_shares(terms->criterion->class_weights, (float)terms->other,
				d + i * outputs, outputs);
		d[i * outputs + (size_t)labels[i]] = own[i];
	}
}

static struct nn_loss_sum cross_entropy(const struct nn_criterion *criterion,
	const struct nn_loss_run *run)
{
	struct terms terms = terms_of(criterion, run->outputs);
	struct nn_loss_sum sum = { 0 };
	struct chunk chunk;

	begin(&chunk);
	for (size_t first = 0; first < run->cases; first += CASES)
		add_chunk(&terms, &chunk, run, first,
			run->cases - first < CASES ? run->cases - first : CASES, &sum);
	return sum;
}

static void softmax(float *out, size_t cases, size_t outputs)
{
	struct chunk chunk;

	begin(&chunk);
	for (size_t first = 0; first < cases; first += CASES) {
		size_t count = cases - first < CASES ? cases - first : CASES;
		float *e = out + first * outputs;

		exponentials(&chunk, e, e, count, outputs);
		for (size_t i = 0; i < count; i++)
			chunk.scale[i] = (float)(1 / chunk.sum[i]);
		scaled(&chunk, e, count, outputs);
	}
}

const struct nn_loss nn_loss_cross_entropy = {
	.name = "cross_entropy",
	.wants_classes = true,
	.keys = NN_LOSS_SMOOTHING | NN_LOSS_WEIGHTS | NN_LOSS_IGNORE,
	.value = cross_entropy,
	.predict = softmax,
};
