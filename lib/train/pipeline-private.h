/* What the files of a training by stages share: how it begins (pipeline_begin.c), the processes
 * (pipeline_crew.c), what they have (pipeline_save.c), and the loop (pipeline.c). */
#ifndef NN_TRAIN_PIPELINE_PRIVATE_H
#define NN_TRAIN_PIPELINE_PRIVATE_H

#include <pthread.h>

#include "model/network.h"
#include "proc/hosts.h"
#include "proc/process.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "train/pipeline.h"
#include "train/train-private.h"

/* A process: stage `stage` of pipeline `pipeline`. */
struct nn_member {
	struct nn_process process;
	struct nn_reader *reader;
	struct nn_writer *writer;
	size_t stage;
	size_t pipeline;
	char name[224];             /* "stage 1 of 3 (layers 2:4) on alice" */
	const struct nn_host *host; /* where it is; NULL: here */
	struct nn_far *far;         /* of one that is elsewhere: what connects it */
	int orders;      /* ... or on a rank: our end of a socket to it; -1: it has pipes */
	char words[200]; /* ... and what came last on its standard error */
	int patience;    /* milliseconds without a byte that are too many; -1: none are */
	bool met;        /* it has its part */
	bool failed;     /* it could not be written to or read from */
	bool spoke;      /* it has said why it ends: */
	bool victim;     /* ... for what another one did */
	struct nn_error why;
	int status; /* as waitpid(2) has it, once it has ended */
	bool killed;
};

struct nn_pipeline {
	const struct nn_pipeline_options *options;
	struct training training; /* the run, its end, its progress */
	struct nn_checkpoint *checkpoint;
	struct nn_optim_options optim; /* complete */
	struct nn_json *document;
	char *optimizer; /* the same as JSON */
	uint64_t updates;
	struct nn_preamble *answers; /* [files] */
	size_t *ends;                /* [stages] */
	double largest;
	struct nn_member *members; /* [pipelines, stages] */
	size_t count;
	struct nn_rank_stage *mine; /* of ranks: the stage that is here, and the lines to others */
	int signal;                 /* that one of them has had */
	bool timed_out;             /* one of them has said nothing for too long */
	double *squares;            /* [tensors]: of the whole, by name */
	double weight, loss;
	uint64_t rows;
	double seconds[2]; /* idle and all, of all members: of the step */
	double totals[2];
	uint64_t steps;
};

/* Looks at the data; sets the run, the optimizer, the state's layout and where the network is cut. */
int nn_pipeline_begin(struct nn_pipeline *pipeline, struct nn_error *err);

/* Starts all, and waits until they have their parts; ends them, by END or for good. */
int nn_crew_start(struct nn_pipeline *pipeline, struct nn_error *err);
void nn_crew_stop(struct nn_pipeline *pipeline, bool kill);
struct nn_member *nn_crew_member(const struct nn_pipeline *pipeline, size_t stage, size_t number);
/* To all, or those of the first pipeline alone. */
int nn_crew_order(struct nn_pipeline *pipeline, const char *what,
	const struct nn_preamble *preamble, bool leaders, struct nn_error *err);
/* As nn_process_bound, but what a member elsewhere has said last may come after its ssh has ended. */
void nn_crew_bound(const struct nn_member *member);
/* What a member says next, which must be of that kind. */
int nn_crew_await(struct nn_pipeline *pipeline, struct nn_member *member, unsigned kind,
	const struct nn_frame **frame, struct nn_error *err);
/* Of a frame that is one vector of doubles. */
int nn_crew_take(struct nn_member *member, const struct nn_frame *frame, const char *name,
	double *values, size_t count, struct nn_error *err);
/* To one; END where there is no preamble. */
int nn_crew_say(struct nn_member *member, const struct nn_preamble *preamble,
	const struct nn_bundle *metas, struct nn_error *err);
/* It has said why it ends. */
void nn_crew_take_error(struct nn_member *member, const struct nn_frame *frame);
/* After any failure: which member is to blame, and how; ends them all. Returns err's status. */
int nn_crew_blame(struct nn_pipeline *pipeline, struct nn_error *err);

/* Sockets of a member, or numbers of its lines in the mux; -1: none. */
struct nn_ends {
	int up, down, leader;
	int *group; /* [pipelines - 1] of the first pipeline */
};
/* Words of its command line, behind the tool's name; NULL behind them. They own their strings. */
struct nn_words {
	char **list;
	size_t count;
	size_t paths; /* the last so many are paths */
};

/* A pair of sockets; a thread that no signal is for. */
int nn_crew_pair(int *a, int *b, struct nn_error *err);
int nn_crew_thread(pthread_t *thread, void *(*function)(void *), void *data, struct nn_error *err);

/* pipeline_words.c: the command line of a member, whose sockets have these numbers there. */
int nn_crew_words(const struct nn_pipeline *pipeline, const struct nn_member *member,
	const struct nn_ends *ends, struct nn_words *words, struct nn_error *err);
void nn_crew_free_words(struct nn_words *words);

/* pipeline_ranks.c: members that are ranks of MPI. Rank r is stage r % stages of pipeline r / stages, each in a
 * thread of its process, and another thread passes what goes to others. */

/* All members' lines, and the stage that is here. */
int nn_rank_stage_lead(struct nn_pipeline *pipeline, struct nn_error *err);
/* All: the members have ended; `status` and `err` are what the run came to, and what they are everywhere then. */
int nn_rank_stage_end(struct nn_pipeline *pipeline, int status, struct nn_error *err);
/* All: as nn_ranks_agree, but what went wrong here is said as it is known here. */
int nn_rank_stage_agree(struct nn_ranks *ranks, int status, struct nn_error *err);
/* All but the first rank: to the end of the run. */
int nn_rank_stage_follow(const struct nn_pipeline_options *options, struct nn_error *err);

/* pipeline_far.c: members on other hosts, whose lines all go by ssh's standard input and output. */

/* Takes the sockets over (-1 then), and shows the numbers that they have there. */
int nn_far_open(struct nn_member *member, struct nn_ends *ends, size_t others,
	struct nn_ends *there, struct nn_error *err);
/* Runs the tool there, and passes bytes from now on; the member has its reader and writer. */
int nn_far_start(const struct nn_pipeline_options *options, struct nn_member *member,
	const struct nn_words *words, struct nn_error *err);
/* It has ended: what it has said is lost, if nobody has heard it by now. *why: what was wrong with its bytes;
 * false if nothing was. */
bool nn_far_close(struct nn_far *far, struct nn_error *why);
/* Its part of the model, which it cannot read. */
int nn_far_send(const struct nn_pipeline *pipeline, struct nn_member *member, struct nn_error *err);

/* Which stage has the tensor: of a slot, that of its parameter. */
size_t nn_pipeline_owner(const struct nn_pipeline *pipeline, const char *name);
/* The model as it is in the stages, and END, to a descriptor, with its state or without. */
int nn_pipeline_write(struct nn_pipeline *pipeline, int fd, const char *name, bool state,
	struct nn_error *err);
/* As a file that is whole or stays what it was. */
int nn_pipeline_save(struct nn_pipeline *pipeline, const char *path, struct nn_error *err);

#endif
