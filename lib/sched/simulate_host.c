/* Processors that workers share, each getting its part of them at every moment; and chance. */
#include <math.h>

#include "base/random.h"
#include "sched/simulate-private.h"

static double rate_of(const struct nn_sim_host *host, size_t computing)
{
	size_t most = host->processors ? host->processors : 1;
	size_t running = computing < most ? computing : most;
	double share = host->share && running ? host->share[running - 1] : 1;

	return host->speed * share * (double)running / (double)(computing ? computing : 1);
}

static void advance(struct simulation *s, struct host *host, const struct nn_sim_host *what)
{
	host->clock += (s->now - host->at) * rate_of(what, host->count);
	host->at = s->now;
}

size_t nn_sim_first(struct simulation *s, size_t number)
{
	const struct host *host = &s->hosts[number];
	size_t first = host->computing[0];

	for (size_t i = 1; i < host->count; i++) {
		size_t other = host->computing[i];

		if (s->workers[other].finish < s->workers[first].finish ||
			(!(s->workers[other].finish > s->workers[first].finish) && other < first))
			first = other;
	}
	return first;
}

/* Who is done first, as things are now? */
static int announce(struct simulation *s, size_t number, struct nn_error *err)
{
	struct host *host = &s->hosts[number];
	double left;

	host->version++;
	if (!host->count)
		return NN_OK;
	left = s->workers[nn_sim_first(s, number)].finish - host->clock;
	return nn_sim_put(s,
		s->now + (left > 0 ? left : 0) / rate_of(&s->sim->hosts[number], host->count),
		COMPUTED, number, 0, host->version, err);
}

int nn_sim_compute(struct simulation *s, size_t number, double work, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	struct host *host = &s->hosts[worker->host];
	const struct nn_sim_host *what = &s->sim->hosts[worker->host];

	nn_sim_become(s, worker, COMPUTING);
	worker->began = s->now;
	if (host->plain)
		return nn_sim_put(s, s->now + work / what->speed, COMPUTED, number, 1,
			worker->version, err);
	advance(s, host, what);
	worker->finish = host->clock + work;
	worker->place = host->count;
	host->computing[host->count++] = number;
	return announce(s, worker->host, err);
}

int nn_sim_leave(struct simulation *s, size_t number, struct nn_error *err)
{
	struct worker *worker = &s->workers[number];
	struct host *host = &s->hosts[worker->host];

	s->busy += s->now - worker->began;
	if (host->plain)
		return NN_OK;
	advance(s, host, &s->sim->hosts[worker->host]);
	host->computing[worker->place] = host->computing[--host->count];
	s->workers[host->computing[worker->place]].place = worker->place;
	return announce(s, worker->host, err);
}

/* In (0, 1]: its logarithm is finite. */
static double draw(const struct nn_random *stream, uint64_t number)
{
	return 1 - nn_random_uniform(stream, number);
}

double nn_sim_work(const struct simulation *s, size_t task)
{
	const struct nn_sim *sim = s->sim;
	uint64_t step = sim->async ? s->done[task] : s->step;
	struct nn_random stream;
	uint64_t at;

	if (sim->tail == NN_SIM_STEADY || !(sim->spread > 0))
		return sim->task_seconds;
	stream = nn_random_stream(sim->seed, NN_RANDOM_PLAN, step, task);
	at = 2 * s->tries[task];
	if (sim->tail == NN_SIM_EXPONENTIAL)
		return sim->task_seconds * (1 - sim->spread - sim->spread * log(draw(&stream, at)));
	/* Box and Muller, 1958. */
	return sim->task_seconds *
		exp(sim->spread * sqrt(-2 * log(draw(&stream, at))) *
				cos(6.283185307179586 * nn_random_uniform(&stream, at + 1)) -
			sim->spread * sim->spread / 2);
}

/* Of workers from 0; UINT64_MAX is the coordinator. */
double nn_sim_exponential(const struct simulation *s, uint64_t of, uint64_t number, double mean)
{
	struct nn_random stream = nn_random_stream(s->sim->seed, NN_RANDOM_PLAN, UINT64_MAX, of);

	return -mean * log(draw(&stream, number));
}
