/* What stage.c, which computes, and stage_lines.c, which reads and writes, share. */
#ifndef NN_TRAIN_STAGE_PRIVATE_H
#define NN_TRAIN_STAGE_PRIVATE_H

#include <pthread.h>

#include "train/act.h"
#include "train/stage.h"

#define NN_STAGE_THREADS (NN_STAGE_INPUTS + 2)

struct nn_stage_line {
	struct nn_stage *stage;
	const struct nn_stage_input *input; /* NULL: an output */
	struct nn_reader *reader;
	struct nn_writer *writer;
	bool owned; /* reader or writer were opened here */
	int flags;  /* of the descriptor, before; -1: left as they were */
	int fd;
	struct nn_bundle layout; /* of what is written */
};

struct nn_stage {
	const struct nn_stage_options *options;
	struct nn_act_form in;  /* of what comes in front of the first layer */
	struct nn_act_form out; /* ... and behind the last */
	char layers[48];        /* "2:4" */
	bool is_first, is_last;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	int leave; /* readable: the threads end */
	bool leaving;
	int status; /* of the first failure */
	struct nn_error why;
	bool victim;
	unsigned ended; /* traffic that has ended */
	int orders_end; /* readable once no orders come any more */
	/* Micro-batch i is in slots[i % slot_count] from filled > i to backward > i and sent > i, what its way
	 * forward leaves in flights[i % in_flight] from forward > i on; its gradients in
	 * grads[i % grad_count] while came_back > i >= backward, and returns[i % 2] while backward > i >=
	 * returned. */
	struct nn_micro *slots;
	size_t slot_count;
	struct nn_flight *flights; /* [options->in_flight] */
	struct nn_act_grad *grads;
	size_t grad_count;
	struct nn_act_grad returns[2];
	struct nn_preamble last; /* that came: tasks come in their order */
	uint64_t filled;         /* micro-batches that came */
	uint64_t forward;        /* ... went forward */
	uint64_t sent;           /* ... were written */
	uint64_t came_back;      /* gradients that came */
	uint64_t backward;       /* ... went back */
	uint64_t returned;       /* ... were written */
	size_t number;           /* of this stage, from 0 */
	size_t stages;           /* 0: not known yet */
	struct nn_preamble seen;
	struct nn_stack *stack;
	bool to_add;             /* what was made in it last is to be added: when there is time */
	struct nn_bundle layout; /* of gradients */
	double idle;
	/* A frame for whoever waits in nn_stage_await. */
	struct nn_reader *order_reader;
	const struct nn_frame *order;
	pthread_mutex_t write_lock; /* where both outputs are one line */
	struct nn_stage_line lines[NN_STAGE_THREADS];
	size_t line_count;
	struct nn_stage_line *out_forward, *out_back;
	pthread_t threads[NN_STAGE_THREADS];
	size_t thread_count;
};

/* Opens what the options name and starts a thread for each; ends them. */
int nn_stage_open_lines(struct nn_stage *stage, struct nn_error *err);
void nn_stage_close_lines(struct nn_stage *stage);
/* With the lock. The first failure counts. */
void nn_stage_fail(struct nn_stage *stage, const struct nn_error *why, bool victim);

#endif
