/* Processors and lines that workers share, each getting its part of them at every moment; and chance. */
#include <math.h>

#include "base/random.h"
#include "sched/simulate-private.h"

bool nn_sim_is_plain(const struct nn_sim_host *host)
{
	return !host->share && host->workers <= host->processors;
}

/* Work that each of `count` users gets in a second. */
static double rate_of(const struct simulation *s, size_t resource, size_t count)
{
	const struct nn_sim_host *host = &s->sim->hosts[resource / RESOURCES];
	size_t most, running;
	double share;

	if (resource % RESOURCES != PROCESSORS)
		return 1 / (double)(count ? count : 1);
	most = host->processors ? host->processors : 1;
	running = count < most ? count : most;
	share = host->share && running ? host->share[running - 1] : 1;
	return host->speed * share * (double)running / (double)(count ? count : 1);
}

static void advance(struct simulation *s, size_t number)
{
	struct resource *resource = &s->resources[number];

	resource->clock += (s->now - resource->at) * rate_of(s, number, resource->count);
	if (number / RESOURCES == s->sim->host_count && resource->count)
		s->busy_link[number % RESOURCES] += s->now - resource->at;
	resource->at = s->now;
}

static bool is_void(const struct simulation *s, const struct nn_event *user)
{
	return user->version != s->workers[user->who].version;
}

/* Who is done first, as things are now? */
static int announce(struct simulation *s, size_t number, struct nn_error *err)
{
	struct resource *resource = &s->resources[number];
	struct nn_event first;
	double left;

	resource->version++;
	while (resource->users.count && is_void(s, &resource->users.heap[0]))
		nn_events_take(&resource->users, &first);
	if (!resource->users.count)
		return NN_OK;
	left = resource->users.heap[0].time - resource->clock;
	return nn_sim_put(s, s->now + (left > 0 ? left : 0) / rate_of(s, number, resource->count),
		SHARED, number, 0, resource->version, err);
}

int nn_sim_use(struct simulation *s, size_t host, unsigned which, size_t worker, double work,
	struct nn_error *err)
{
	size_t number = host * RESOURCES + which;
	struct resource *resource = &s->resources[number];
	struct nn_event user = { .who = worker, .version = s->workers[worker].version };
	int status;

	advance(s, number);
	user.time = resource->clock + work;
	resource->count++;
	status = nn_events_put(&resource->users, user, err);
	return status ? status : announce(s, number, err);
}

/* The worker's version has changed: its place is void. */
int nn_sim_leave(struct simulation *s, size_t host, unsigned which, struct nn_error *err)
{
	size_t number = host * RESOURCES + which;

	advance(s, number);
	s->resources[number].count--;
	return announce(s, number, err);
}

int nn_sim_shared(struct simulation *s, size_t number, struct nn_error *err)
{
	struct resource *resource = &s->resources[number];
	struct nn_event user;
	int status;

	advance(s, number);
	if (!nn_events_take(&resource->users, &user))
		return NN_OK;
	resource->count--;
	status = announce(s, number, err);
	return status ? status : nn_sim_passed(s, user.who, number, err);
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
