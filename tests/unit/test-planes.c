/* codec/planes: what is split comes back, bit by bit. */
#include "codec/planes.h"

#include <math.h>
#include <string.h>

#include "tap.h"

int main(void)
{
	static const float values[5] = { 1.5f, -0.0f, 3.4e38f, 1e-45f, -7 };
	static const float base[5] = { 1.25f, 0, -3.4e38f, 5, -7 };
	/* 1.5 is 0x3fc00000, -0 0x80000000, 3.4e38 0x7f7fc99e, 1e-45 0x00000001, -7 0xc0e00000. */
	static const unsigned char planes[20] = { 0, 0, 0x9e, 1, 0, 0, 0, 0xc9, 0, 0, 0xc0, 0, 0x7f,
		0, 0xe0, 0x3f, 0x80, 0x7f, 0, 0xc0 };
	unsigned char out[20];
	float back[5];

	nn_planes_split(out, values, NULL, 5);
	ok(!memcmp(out, planes, sizeof out), "low bytes first, in the order of the numbers");
	nn_planes_join(back, out, NULL, 5);
	ok(!memcmp(back, values, sizeof back), "they come back");
	nn_planes_split(out, values, base, 5);
	ok(out[4] == 0 && out[9] == 0 && out[14] == 0 && out[19] == 0, "what is the same is zero");
	memcpy(back, base, sizeof back);
	nn_planes_join(back, out, back, 5);
	ok(!memcmp(back, values, sizeof back), "a change comes back, in place");
	nn_planes_split(out, values, base, 0);
	nn_planes_join(back, out, NULL, 0);
	ok(!memcmp(back, values, sizeof back), "none at all");
	return tap_done();
}
