#include "plot/plot.h"

#include <float.h>
#include <math.h>

bool nn_panel_shows(const struct nn_panel *panel, double y)
{
	return isfinite(y) && (!panel->log || y > 0);
}

/* From where to where. */
struct extent {
	double low;
	double high;
};

static void include(struct extent *extent, double value)
{
	extent->low = fmin(extent->low, value);
	extent->high = fmax(extent->high, value);
}

int nn_plot_x_scale(const struct nn_plot *plot, size_t most, struct nn_scale *scale,
	struct nn_error *err)
{
	struct extent x = { DBL_MAX, -DBL_MAX };

	for (size_t i = 0; i < plot->panel_count; i++)
		for (size_t j = 0; j < plot->curve_count; j++) {
			const struct nn_series *curve = &plot->panels[i].curves[j];

			for (size_t k = 0; k < curve->count; k++)
				if (nn_panel_shows(&plot->panels[i], curve->points[k].y))
					include(&x, curve->points[k].x);
		}
	if (x.low > x.high)
		return nn_fail(err, NN_BAD, "there are no points to draw%s",
			plot->from || plot->to ? " in that part of the x axis" : "");
	/* Steps begin with 1, but their axis with 0; and a single one tells how far it is. */
	if (x.low > 0 && (x.low < x.high / 20 || x.low >= x.high))
		x.low = 0;
	if (plot->from)
		x.low = *plot->from;
	if (plot->to)
		x.high = *plot->to;
	nn_scale_make(scale, x.low, x.high, false, false, most);
	return NN_OK;
}

int nn_plot_y_scale(const struct nn_plot *plot, const struct nn_panel *panel, size_t most,
	struct nn_scale *scale, struct nn_error *err)
{
	struct extent y = { DBL_MAX, -DBL_MAX };

	for (size_t i = 0; i < plot->curve_count; i++)
		for (size_t j = 0; j < panel->curves[i].count; j++)
			if (nn_panel_shows(panel, panel->curves[i].points[j].y))
				include(&y, panel->curves[i].points[j].y);
	if (y.low > y.high)
		return nn_fail(err, NN_BAD, "%s has no value that can be drawn%s%s", panel->name,
			plot->from || plot->to ? " in that part of the x axis" : "",
			panel->log ? ": a logarithmic axis takes those above 0" : "");
	nn_scale_make(scale, y.low, y.high, panel->log, true, most);
	return NN_OK;
}

/* The length of the character at `text`, 0 if it is none that can be printed; *value is its number. */
static size_t character(const unsigned char *text, unsigned *value)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned c = text[0];
	size_t length = c < 0x80 ? 1 :
		c < 0xc2         ? 0 :
		c < 0xe0         ? 2 :
		c < 0xf0         ? 3 :
		c < 0xf5         ? 4 :
				   0;

	if (length > 1)
		c &= 0x7fu >> length;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text[i] & 0x3f);
	}
	*value = c;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (length > 1 && c < least[length]))
		return 0;
	/* What orders text anew or is not seen: directions, separators; and no characters at all. */
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2060 && c <= 0x206f) || (c >= 0xd800 && c < 0xe000) || c == 0xfeff ||
		c > 0x10ffff)
		return 0;
	return length;
}

int nn_plot_name(struct nn_buffer *text, const char *name, bool ascii, size_t most, size_t *used,
	struct nn_error *err)
{
	const unsigned char *from = (const unsigned char *)name;
	size_t count = 0;
	size_t skip;
	size_t put = 0;
	int status = NN_OK;
	unsigned ignored;

	for (const unsigned char *c = from; *c; count++) {
		size_t length = character(c, &ignored);

		c += length ? length : 1;
	}
	skip = count > most ? count - most + 2 : 0;
	if (skip && most >= 2) {
		status = nn_buffer_puts(text, "..", err);
		put = 2;
	}
	for (size_t i = 0; *from && !status; i++) {
		size_t length = character(from, &ignored);

		if (i >= skip) {
			bool plain = length && (!ascii || length == 1);

			status = nn_buffer_append(text, plain ? (const char *)from : "?",
				plain ? length : 1, err);
			put++;
		}
		from += length ? length : 1;
	}
	if (used)
		*used = put;
	return status;
}
