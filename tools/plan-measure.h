/* nn-plan's measuring: this machine, and hosts by ssh. */
#ifndef NN_TOOLS_PLAN_MEASURE_H
#define NN_TOOLS_PLAN_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "plan/profile.h"

struct plan_measure {
	const char *model; /* whose own tasks are timed; NULL: none */
	const char *ssh;
	const char *remote_tool;
	bool alone; /* no nn-train is asked how long its workers take: none is there */
};

/* Measures this machine and each of the hosts, as nn_hosts_add takes them; exits on failure. */
void plan_measure(const struct plan_measure *how, char *const *names, size_t count,
	struct nn_profile *profile);

#endif
