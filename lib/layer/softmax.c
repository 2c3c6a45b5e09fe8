#include "layer/softmax.h"

#include <math.h>
#include <string.h>

#include "tensor/math.h"
#include "tensor/vector.h"

#define LANES NN_SOFTMAX_LANES

/* Numbers whose sum is made in float. */
#define CHUNK 512

/* n is a multiple of LANES. A NaN may be passed over: it is met again in the sum. */
NN_CLONES static float greatest_of(const float *s, size_t n)
{
	float lanes[LANES];

	memcpy(lanes, s, sizeof lanes);
	for (size_t i = LANES; i < n; i += LANES)
		for (size_t lane = 0; lane < LANES; lane++)
			lanes[lane] = s[i + lane] > lanes[lane] ? s[i + lane] : lanes[lane];
	for (size_t half = LANES / 2; half; half /= 2)
		for (size_t lane = 0; lane < half; lane++)
			lanes[lane] =
				lanes[lane + half] > lanes[lane] ? lanes[lane + half] : lanes[lane];
	return lanes[0];
}

/* s[i] becomes e^(s[i] - greatest); returns their sum. n is a multiple of LANES. */
NN_CLONES static float exponentials(float *s, size_t n, float greatest)
{
	float lanes[LANES] = { 0 };

	for (size_t i = 0; i < n; i += LANES)
		for (size_t lane = 0; lane < LANES; lane++) {
			float e = nn_exp_below(s[i + lane] - greatest);

			s[i + lane] = e;
			lanes[lane] += e;
		}
	for (size_t half = LANES / 2; half; half /= 2)
		for (size_t lane = 0; lane < half; lane++)
			lanes[lane] += lanes[lane + half];
	return lanes[0];
}

/* Fills the last lanes up with what has the exponential 0; returns where they end. */
static size_t pad(float *s, size_t length)
{
	size_t end = (length + LANES - 1) / LANES * LANES;

	for (size_t i = length; i < end; i++)
		s[i] = -INFINITY;
	return end;
}

static void clear(const struct nn_softmax_rows *rows, float *s, size_t from)
{
	if (from < rows->width)
		memset(s + from, 0, (rows->width - from) * sizeof *s);
}

void nn_softmax_exponentials(const struct nn_softmax_rows *rows, float *scores,
	struct nn_softmax_rest *rests)
{
	for (size_t row = 0; row < rows->count; row++) {
		float *s = scores + row * rows->stride;
		size_t end = pad(s, rows->length + row * rows->more);
		float greatest = greatest_of(s, end);
		double sum = 0;

		for (size_t i = 0; i < end; i += CHUNK)
			sum += (double)exponentials(s + i, end - i < CHUNK ? end - i : CHUNK,
				greatest);
		clear(rows, s, end);
		rests[row] = (struct nn_softmax_rest){ greatest, (float)(1 / sum) };
	}
}

NN_CLONES static void backward(float *s, float *d, size_t n, struct nn_softmax_rest rest, float dot)
{
	NN_INDEPENDENT
	for (size_t i = 0; i < n; i++) {
		float p = nn_exp_below(s[i] - rest.greatest) * rest.inverse;

		s[i] = p;
		d[i] = p * (d[i] - dot);
	}
}

void nn_softmax_backward(const struct nn_softmax_rows *rows, float *scores, float *d,
	const struct nn_softmax_rest *rests, const float *dots)
{
	for (size_t row = 0; row < rows->count; row++) {
		float *s = scores + row * rows->stride;
		float *to = d + row * rows->stride;
		size_t length = rows->length + row * rows->more;
		size_t end = pad(s, length);

		backward(s, to, end, rests[row], dots[row]);
		clear(rows, s, end);
		/* What was in d behind the row's end is anything, a NaN perhaps. */
		clear(rows, to, length);
	}
}
