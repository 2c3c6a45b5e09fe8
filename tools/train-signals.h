/* Signals that end nn-train. */
#ifndef NN_TOOLS_TRAIN_SIGNALS_H
#define NN_TOOLS_TRAIN_SIGNALS_H

/* From now on the first TERM, USR1 or INT (unless that is ignored) ends the run after the step, the second
 * one at once. */
void train_signals_set(void);
/* Which one has come; 0: none. */
int train_signals_caught(void);

#endif
