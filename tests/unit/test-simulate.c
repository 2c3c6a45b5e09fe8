/* The simulation of a training against what is known in closed form. */
#include <math.h>

#include "base/memory.h"
#include "sched/simulate.h"

#include "tap.h"

static struct nn_error err;

static struct nn_sim_result run(const struct nn_sim *sim)
{
	struct nn_sim_result result;

	if (nn_simulate(sim, 0, &result, &err))
		printf("# %s\n", err.text);
	return result;
}

static bool is_near(double got, double want, double tolerance, const char *name)
{
	bool passed = ok(fabs(got - want) <= tolerance * fabs(want), "%s: %.6g", name, got);

	if (!passed)
		printf("#      got: %.9g\n# expected: %.9g within %g\n", got, want, tolerance);
	return passed;
}

/* n workers that share nothing, on processors of their own. */
static struct nn_sim_host near(size_t workers)
{
	return (struct nn_sim_host){ .workers = workers, .processors = workers, .speed = 1 };
}

/* P = n T */
static void test_nothing_lost(void)
{
	static const size_t counts[] = { 1, 2, 3, 7, 64, 1000, 10000 };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct nn_sim_host host = near(counts[i]);
		struct nn_sim sim = { .hosts = &host,
			.host_count = 1,
			.tasks = counts[i] * 3,
			.steps = 5,
			.task_seconds = 0.25 };
		char name[64];

		snprintf(name, sizeof name, "%zu workers do %zu times what one does", counts[i],
			counts[i]);
		/* 3 tasks each, one after another. */
		is_near(run(&sim).step, 0.75, 1e-12, name);
		sim.fixed = true;
		is_near(run(&sim).step, 0.75, 1e-12, "... and if who does what is fixed");
		is_near(run(&sim).busy, 1, 1e-12, "... and nobody waits");
	}
}

static void test_limits(void)
{
	struct nn_sim_host host = near(4);
	double share[] = { 1, 0.8 };
	struct nn_sim sim = { .hosts = &host,
		.host_count = 1,
		.tasks = 6,
		.steps = 4,
		.task_seconds = 1 };

	is_near(run(&sim).step, 2, 1e-12, "6 tasks on 4 workers take two rounds");
	sim.tasks = 3;
	is_near(run(&sim).step, 1, 1e-12, "a worker more than there are tasks is none");
	sim.tasks = 4;
	host.processors = 2;
	is_near(run(&sim).step, 2, 1e-12, "4 workers on 2 processors are two");
	host.share = share;
	is_near(run(&sim).step, 2.5, 1e-12, "... that slow each other down");
	host.workers = 1;
	is_near(run(&sim).step, 4, 1e-12, "... and one that is alone is not slowed");
	sim.tasks = 2;
	sim.begin_seconds = 0.1;
	sim.handle_seconds = 0.01;
	sim.update_seconds = 0.5;
	is_near(run(&sim).step, 0.1 + 2 * 1 + 2 * 0.01 + 0.5, 1e-12,
		"the coordinator's work is added, as nobody has two tasks");
}

/* A line that is full: V gradients of u seconds each cannot pass in less than V u. */
static void test_line(void)
{
	struct nn_sim_host host = { .workers = 1,
		.processors = 1,
		.speed = 1,
		.latency = 0.025,
		.down = 0.2,
		.up = 0.3 };
	struct nn_sim sim = { .hosts = &host,
		.host_count = 1,
		.tasks = 1,
		.steps = 3,
		.task_seconds = 0.1 };

	is_near(run(&sim).step, 0.2 + 0.025 + 0.1 + 0.3 + 0.025, 1e-12,
		"one worker: model, latency, task, gradient, latency");
	sim.tasks = 8;
	sim.fixed = true;
	is_near(run(&sim).step, 0.2 + 0.025 + 0.1 + 8 * 0.3 + 0.025, 1e-12,
		"while it sends it computes: the line takes all the time");
	sim.task_seconds = 1;
	is_near(run(&sim).step, 0.2 + 0.025 + 8 * 1 + 0.3 + 0.025, 1e-12,
		"... or the processor does");

	/* The coordinator's line saturates: m models and m gradients, however many workers. */
	host = (struct nn_sim_host){ .workers = 1000,
		.processors = 1000,
		.speed = 1,
		.latency = 1e-3,
		.up = 1e-9 };
	sim = (struct nn_sim){ .hosts = &host,
		.host_count = 1,
		.tasks = 1000,
		.steps = 3,
		.task_seconds = 0.1,
		.link_down = 1e-3,
		.link_up = 1e-3 };
	/* All get their models at the same time, as they share the line, and so it is with gradients. */
	is_near(run(&sim).step, 1 + 1e-3 + 0.1 + 1 + 1e-3, 1e-5,
		"m models and m gradients take m times as long as one, and the tasks are between");
	ok(run(&sim).link > 0.9, "the line is full");
}

static double harmonic(size_t n)
{
	double sum = 0;

	for (size_t i = n; i > 0; i--)
		sum += 1 / (double)i;
	return sum;
}

/* The largest of n exponential times is H(n) times their mean. */
static void test_stragglers(void)
{
	static const size_t counts[] = { 1, 4, 32, 1000 };
	struct nn_sim_result one, other;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct nn_sim_host host = near(counts[i]);
		struct nn_sim sim = { .hosts = &host,
			.host_count = 1,
			.tasks = counts[i],
			.steps = 4000,
			.task_seconds = 2,
			.tail = NN_SIM_EXPONENTIAL,
			.spread = 1,
			.seed = 3 };
		char name[64];

		snprintf(name, sizeof name, "the slowest of %zu exponential tasks: H(n) means",
			counts[i]);
		/* The standard deviation is 1.28 means at most: 5 of them over sqrt(4000). */
		is_near(run(&sim).step, 2 * harmonic(counts[i]), 0.1 / harmonic(counts[i]), name);
	}
	{
		struct nn_sim_host host = near(16);
		struct nn_sim sim = { .hosts = &host,
			.host_count = 1,
			.tasks = 16,
			.steps = 2000,
			.task_seconds = 1,
			.tail = NN_SIM_LOGNORMAL,
			.spread = 0.5,
			.seed = 1 };
		struct nn_sim async = sim;

		/* E max of 16 lognormal times, mean 1, sigma 0.5: numpy, a million draws. */
		one = run(&sim);
		is_near(one.step, 2.218, 0.02, "the slowest of 16 lognormal tasks");
		other = run(&sim);
		ok(!memcmp(&one, &other, sizeof one), "the same seed, the same in all bits");
		sim.seed = 2;
		other = run(&sim);
		ok(memcmp(&one, &other, sizeof one) != 0, "another seed, another course");
		async.async = true;
		async.staleness = 1000;
		is_near(run(&async).step, 1, 0.03, "asynchronous steps wait for nobody");
		async.staleness = 0;
		is_near(run(&async).step, one.step, 1e-9,
			"... and with staleness 0 as synchronous ones do");
	}
}

/* A task of T that begins anew at each failure, mean time M between them, R to restart: its time is
 * (M + R) (exp(T / M) - 1). The same with the segments between checkpoints (J. Daly, "A higher order
 * estimate of the optimum checkpoint interval for restart dumps", 2006, equation 3). */
static void test_failures(void)
{
	struct nn_sim_host host = near(1);
	struct nn_sim sim = { .hosts = &host,
		.host_count = 1,
		.tasks = 1,
		.steps = 20000,
		.task_seconds = 1,
		.mtbf = 2,
		.restart_seconds = 0.5 };
	struct nn_sim_result result = run(&sim);

	is_near(result.step, (2 + 0.5) * (exp(0.5) - 1), 0.03, "retries with failures");
	is_near((double)result.retries, 20000 * (exp(0.5) - 1), 0.05, "... exp(T / M) - 1 of them");

	sim.mtbf = 0;
	sim.coordinator_mtbf = 60;
	sim.restart_seconds = 5;
	sim.checkpoint_every = 10;
	sim.checkpoint_seconds = 2;
	result = run(&sim);
	is_near(result.seconds, 2000 * (60 + 5) * (exp(12.0 / 60) - 1), 0.03,
		"checkpoints, and steps done again");
	ok(result.rollbacks > 0 && result.steps_again > result.rollbacks, "... are counted");
	sim.coordinator_mtbf = 0;
	is_near(run(&sim).seconds, 2000 * 12 - 2, 1e-3,
		"without losses they cost their time alone");

	/* 1,000 workers and as many spare: work goes on with those that are up. */
	host = near(2000);
	sim = (struct nn_sim){ .hosts = &host,
		.host_count = 1,
		.tasks = 1000,
		.steps = 20,
		.task_seconds = 1,
		.mtbf = 100,
		.restart_seconds = 10 };
	result = run(&sim);
	ok(result.step > 1.9 && result.step < 4 && result.retries > 100,
		"of 1,000 tasks some are lost, and done by others: %.2f s a step", result.step);
	sim.mtbf = 1e-3;
	ok(nn_simulate(&sim, 1000000, &result, &err) == NN_BAD &&
			strstr(err.text, "comes to no end"),
		"nothing is ever ready: it is said");
}

static void test_bad(void)
{
	struct nn_sim_host host = near(0);
	struct nn_sim sim = { .hosts = &host, .host_count = 1, .tasks = 1, .steps = 1 };
	struct nn_sim_result result;

	ok(nn_simulate(&sim, 0, &result, &err) == NN_USAGE, "no workers");
	host = near(1);
	sim.tasks = 0;
	ok(nn_simulate(&sim, 0, &result, &err) == NN_USAGE, "no tasks");
	sim.tasks = 1;
	sim.task_seconds = NAN;
	ok(nn_simulate(&sim, 0, &result, &err) == NN_USAGE, "a time that is none");
	sim.task_seconds = 1;
	host.speed = 0;
	ok(nn_simulate(&sim, 0, &result, &err) == NN_USAGE, "a host without speed");
}

int main(void)
{
	test_nothing_lost();
	test_limits();
	test_line();
	test_stragglers();
	test_failures();
	test_bad();
	return tap_done();
}
