/* products PROCESSES BATCH SIZE...: how many rows a second the matrix products alone allow of a
 * training of dense layers SIZE-SIZE-...: forward, gradients of weights, gradients of inputs but the
 * first's. Each process takes BATCH / PROCESSES rows, as the shards of a step do; a second of it,
 * after as many to warm up as a tenth takes. The limit that nn-train is compared with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "tensor/blas.h"

#define MOST_LAYERS 16

struct layer {
	size_t in;
	size_t out;
	float *weights;  /* [out][in] */
	float *gradient; /* like weights */
};

struct net {
	struct layer layers[MOST_LAYERS];
	float *values[MOST_LAYERS + 1];   /* [rows][size] */
	float *backward[MOST_LAYERS + 1]; /* like values */
	size_t count;
	size_t rows;
};

static float *numbers(size_t count)
{
	float *out = malloc(count * sizeof *out);

	if (!out)
		exit(1);
	for (size_t i = 0; i < count; i++)
		out[i] = (float)(i % 97) * 0.01F - 0.5F;
	return out;
}

static void one_step(struct net *net)
{
	for (size_t i = 0; i < net->count; i++) {
		const struct layer *l = &net->layers[i];

		nn_gemm(false, true, net->rows, l->out, l->in, 1, net->values[i], l->in, l->weights,
			l->in, 0, net->values[i + 1], l->out);
	}
	for (size_t i = net->count; i-- > 0;) {
		const struct layer *l = &net->layers[i];

		nn_gemm(true, false, l->out, l->in, net->rows, 1, net->backward[i + 1], l->out,
			net->values[i], l->in, 0, l->gradient, l->in);
		if (i > 0)
			nn_gemm(false, false, net->rows, l->in, l->out, 1, net->backward[i + 1],
				l->out, l->weights, l->in, 0, net->backward[i], l->in);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Rows a second of this process. */
static double measure(struct net *net)
{
	double start = now();
	size_t steps = 0;

	while (now() - start < 0.1)
		one_step(net);
	start = now();
	while (now() - start < 1) {
		for (int i = 0; i < 10; i++)
			one_step(net);
		steps += 10;
	}
	return (double)(steps * net->rows) / (now() - start);
}

int main(int argc, char **argv)
{
	int processes = argc > 4 ? atoi(argv[1]) : 0;
	struct net net = { .count = (size_t)(argc > 4 ? argc - 4 : 0) };
	struct nn_error err;
	double sum = 0;
	int pipe_fds[2];

	if (processes < 1 || net.count < 1 || net.count > MOST_LAYERS || pipe(pipe_fds) != 0 ||
		nn_blas_load(NULL, 1, &err) != NN_OK)
		return 2;
	net.rows = (size_t)atoi(argv[2]) / (size_t)processes;
	for (size_t i = 0; i <= net.count; i++) {
		size_t size = (size_t)atoi(argv[3 + i]);

		net.values[i] = numbers(net.rows * size);
		net.backward[i] = numbers(net.rows * size);
		if (i > 0) {
			struct layer *l = &net.layers[i - 1];

			*l = (struct layer){ .in = (size_t)atoi(argv[2 + i]), .out = size };
			l->weights = numbers(l->in * l->out);
			l->gradient = numbers(l->in * l->out);
		}
	}
	for (int i = 0; i < processes; i++)
		if (fork() == 0) {
			double speed = measure(&net);

			_exit(write(pipe_fds[1], &speed, sizeof speed) != sizeof speed);
		}
	for (int i = 0; i < processes; i++) {
		double speed;

		if (read(pipe_fds[0], &speed, sizeof speed) != sizeof speed)
			return 1;
		sum += speed;
	}
	while (wait(NULL) > 0) {
	}
	printf("%.0f\n", sum);
	return 0;
}
