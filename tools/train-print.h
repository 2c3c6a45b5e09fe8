/* nn-train --print: the same run as a shell script of nn-grad, nn-reduce and nn-update. */
#ifndef NN_TOOLS_TRAIN_PRINT_H
#define NN_TOOLS_TRAIN_PRINT_H

#include "proc/hosts.h"
#include "train/placement.h"
#include "train/train.h"

/* All of it is the caller's and must stay. */
struct train_print {
	char *const *words;       /* of the command line, NULL-terminated */
	const char *model;        /* the file that the run begins with */
	bool resumed;             /* it is the checkpoint */
	uint64_t steps_per_epoch; /* that the model says; 0: nothing */
	uint64_t seed;
	const char *kernel; /* of this machine, where the model names none; else NULL */
	const struct nn_train_options *plan;
	const struct nn_hosts *hosts;         /* none: all here */
	const struct nn_placement *placement; /* of the data */
	const char *command;                  /* that starts a worker; NULL: nn-grad */
	const char *ssh;
	const char *remote_tool;
	const char *output;         /* NULL: standard output */
	const char *const *remarks; /* NULL-terminated: what the script leaves out */
};

/* What the script will be about. */
void train_print_set(const struct train_print *what);
/* For nn_train_options: writes the script to standard output. Ends the program if it cannot. */
void train_print_start(const struct nn_train_start *start);

#endif
