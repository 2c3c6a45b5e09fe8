/* How long a worker is waited for. */
#include "sched/deadline.h"
#include "tap.h"

static int near(double a, double b)
{
	return a - b < 1e-9 && b - a < 1e-9;
}

int main(void)
{
	struct nn_deadline known = { 0 };

	ok(near(nn_deadline_of(&known, 1), 0) && near(nn_deadline_usual(&known, 1), 0),
		"nothing is known");
	ok(near(nn_deadline_first(0, 600), 600), "so the longest wait");
	nn_deadline_note(&known, 64, 2);
	nn_deadline_note(&known, 64, 1);
	ok(near(nn_deadline_of(&known, 64), 0), "two tasks say nothing");
	nn_deadline_note(&known, 64, 1);
	ok(near(nn_deadline_of(&known, 64), 10), "three do: 10 medians");
	ok(near(nn_deadline_usual(&known, 64), 1), "which is what is usual");
	ok(near(nn_deadline_of(&known, 128), 20), "twice the rows take twice as long");
	ok(near(nn_deadline_of(&known, 1), 10), "fewer are not waited for less");
	ok(near(nn_deadline_of(&known, 0), 10), "nor a task whose size is not known");
	nn_deadline_note(&known, 64, 5);
	nn_deadline_note(&known, 64, 1);
	ok(near(nn_deadline_of(&known, 64), 15), "3 times the longest, if that is more");
	for (int i = 0; i < NN_DEADLINE_TASKS; i++)
		nn_deadline_note(&known, 64, 0.001);
	ok(near(nn_deadline_of(&known, 64), NN_DEADLINE_LEAST),
		"what is long ago is forgotten; but some seconds are always granted");
	known = (struct nn_deadline){ 0 };
	for (int i = 0; i < 9; i++)
		nn_deadline_note(&known, 0, 1);
	ok(near(nn_deadline_of(&known, 100), 10), "tasks of no rows do not divide by zero");
	for (int i = 0; i < 7; i++)
		nn_deadline_note(&known, 0, 100);
	ok(near(nn_deadline_of(&known, 0), 300), "one that stalls now and then is borne with");
	ok(near(nn_deadline_first(1, 600), 60), "the first task: a minute at least");
	ok(near(nn_deadline_first(20, 600), 200), "10 times what others took");
	ok(near(nn_deadline_first(100, 600), 600), "but never more than the longest wait");
	return tap_done();
}
