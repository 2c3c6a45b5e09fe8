/* What nn-plan says: a table for people, JSON, the curve of the speed-up. */
#ifndef NN_TOOLS_PLAN_REPORT_H
#define NN_TOOLS_PLAN_REPORT_H

#include "plot/plot.h"
#include "tools/plan-ways.h"

int plan_report_table(const struct plan_ways *ways, struct nn_buffer *out, struct nn_error *err);
int plan_report_json(const struct plan_ways *ways, struct nn_buffer *out, struct nn_error *err);
/* Speed-up over workers, both as logarithms: of what is predicted, and of n T. `style`: as text; NULL: as a
 * script for gnuplot. */
int plan_report_curve(const struct plan_ways *ways, const struct nn_plot_style *style,
	struct nn_buffer *out, struct nn_error *err);

#endif
