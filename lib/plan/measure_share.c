/* How much k processes slow each other down that compute at once: they share caches, memory and, where
 * processors are two halves of one core, its units. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "layer/linear.h"
#include "plan/measure-private.h"
#include "proc/forks.h"

#define SECONDS 0.06
#define ROUNDS 3
#define ROWS 64
#define SIDE 512
#define TURNS 4

struct shared {
	atomic_uint ready;
	unsigned count;
	struct {
		double done; /* turns a second */
		char apart[56];
	} of[NN_PROFILE_SHARES];
};

struct mill {
	float *weight, *x, *y, *grads;
};

static int make_mill(struct mill *mill, struct nn_error *err)
{
	size_t square = (size_t)SIDE * SIDE;

	mill->weight = nn_alloc(square + SIDE, sizeof *mill->weight, err);
	mill->x = nn_alloc((size_t)ROWS * SIDE, sizeof *mill->x, err);
	mill->y = nn_alloc((size_t)ROWS * SIDE, sizeof *mill->y, err);
	mill->grads = nn_alloc(TURNS * (square + SIDE), sizeof *mill->grads, err);
	return mill->weight && mill->x && mill->y && mill->grads ? NN_OK : NN_FAILED;
}

static void free_mill(struct mill *mill)
{
	free(mill->weight);
	free(mill->x);
	free(mill->y);
	free(mill->grads);
}

/* What a task does: products, and a gradient that is written. A second is one of the processor's: whoever
 * else is at work here takes time, but makes nobody slower while he has it. */
static double turns_a_second(const struct mill *mill)
{
	struct nn_linear linear = { .in = SIDE,
		.out = SIDE,
		.weight = mill->weight,
		.bias = mill->weight };
	double end = nn_measure_now() + SECONDS;
	double start = nn_measure_busy();
	size_t turns = 0;

	for (; nn_measure_now() < end; turns++) {
		float *grad = mill->grads + turns % TURNS * (SIDE + 1) * SIDE;

		nn_linear_forward(&linear, mill->x, mill->y, ROWS);
		nn_linear_gradients(&linear, mill->x, mill->y, ROWS, grad, NULL, false);
		nn_linear_backward(&linear, mill->y, mill->x, ROWS);
	}
	return (double)turns / (nn_measure_busy() - start);
}

/* They begin when all of them are warm. */
static void mill(void *context, size_t number)
{
	struct shared *shared = context;
	struct nn_error ignored;
	struct mill mill = { 0 };
	int status = make_mill(&mill, &ignored);

	if (!status)
		turns_a_second(&mill);
	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->ready) < shared->count)
		sched_yield();
	if (!status)
		shared->of[number].done = turns_a_second(&mill);
	free_mill(&mill);
}

/* Turns a second of each of `count` processes, on the average. */
static int run(struct shared *shared, size_t count, double *speed, struct nn_error *err)
{
	double sum = 0;
	int status;

	atomic_store(&shared->ready, 0);
	shared->count = (unsigned)count;
	for (size_t i = 0; i < count; i++)
		shared->of[i].done = 0;
	status = nn_forks_run(count, mill, shared, err);
	for (size_t i = 0; i < count; i++)
		sum += shared->of[i].done;
	*speed = sum / (double)count;
	if (!status && !(sum > 0))
		return nn_fail(err, NN_FAILED, "%zu processes have done nothing", count);
	return status;
}

/* All numbers up to 4, then every fourth part of a doubling: what is between is drawn as a line. */
static size_t next_count(size_t count, size_t most)
{
	size_t next = count < 4 ? count + 1 : count + count / 4;

	return count < most && next > most ? most : next;
}

static void fill_in(double *share, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to; i++)
		share[i] = share[from] +
			(share[to] - share[from]) * (double)(i - from) / (double)(to - from);
}

int nn_measure_share(struct nn_profile_host *host, struct nn_error *err)
{
	size_t most =
		host->processors < NN_PROFILE_SHARES ? (size_t)host->processors : NN_PROFILE_SHARES;
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t before = 1;
	int status = NN_OK;

	if (shared == MAP_FAILED)
		return nn_fail_errno(err, NN_FAILED, "cannot share memory");
	host->share_count = most;
	for (size_t count = 1; count <= most && !status; count = next_count(count, most)) {
		double best = 0, speed = 0;

		for (int round = 0; round < ROUNDS && !status; round++) {
			status = run(shared, count, &speed, err);
			best = speed > best ? speed : best;
		}
		host->share[count - 1] = best;
		fill_in(host->share, before - 1, count - 1);
		before = count;
	}
	for (size_t i = most; i-- > 0 && !status;) {
		host->share[i] /= host->share[0];
		/* It is not so that more of them are faster: that was noise. */
		if (host->share[i] > 1)
			host->share[i] = 1;
	}
	munmap(shared, sizeof *shared);
	return status;
}
