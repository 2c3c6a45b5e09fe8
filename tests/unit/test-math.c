/* lib/tensor/math.h against libm's double functions, and the same bits in every instruction set. */
#include "tensor/math.h"

#include <stdlib.h>

#include "tap.h"

/* Distance of `got` from `want` in units in the last place of a float near `want`. */
static double ulps(float got, double want)
{
	int exponent;
	double unit;

	frexp(want, &exponent);
	unit = ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
	return fabs((double)got - want) / unit;
}

static double normal_tail(double x)
{
	return erfc(fabs(x) / sqrt(2.0)) / 2;
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static double sigmoid_slope(double x)
{
	return 1 / ((1 + exp(x)) * (1 + exp(-x)));
}

static double tanh_slope(double x)
{
	return 1 / (cosh(x) * cosh(x));
}

static double gelu(double x)
{
	return x * erfc(-x / sqrt(2.0)) / 2;
}

static double gelu_slope(double x)
{
	return erfc(-x / sqrt(2.0)) / 2 + x * exp(-x * x / 2) / sqrt(2 * acos(-1.0));
}

static double silu(double x)
{
	return x / (1 + exp(-x));
}

static double silu_slope(double x)
{
	double s = 1 / (1 + exp(-x));

	return s + x * s * (1 / (1 + exp(x)));
}

static float tail_of(float x)
{
	return nn_normal_tail(x, nn_gauss(x));
}

static const struct {
	const char *name;
	float (*ours)(float x);
	double (*want)(double x);
	double low, high; /* of x */
	double most;      /* ulps */
} functions[] = {
	{ "exp", nn_exp, exp, -87.3, 88.7, 1.1 },
	{ "exp near 0", nn_exp, exp, -1e-3, 1e-3, 0.6 },
	{ "subnormal exp", nn_exp, exp, -104, -87.3, 1.1 },
	{ "exp below 0", nn_exp_below, exp, -87.3, 0, 1.1 },
	{ "log1p", nn_log1p, log1p, 0, 1, 2 },
	{ "log1p near 0", nn_log1p, log1p, 0, 1e-3, 2 },
	{ "expm1", nn_expm1_below, expm1, -30, 0, 1.1 },
	{ "expm1 near 0", nn_expm1_below, expm1, -1e-2, 0, 0.6 },
	{ "tanh", nn_tanh, tanh, -20, 20, 2.5 },
	{ "tanh near 0", nn_tanh, tanh, -1e-2, 1e-2, 2.5 },
	{ "slope of tanh", nn_tanh_slope, tanh_slope, -40, 40, 4 },
	{ "sigmoid", nn_sigmoid, sigmoid, -87, 87, 2.5 },
	{ "slope of sigmoid", nn_sigmoid_slope, sigmoid_slope, -87, 87, 4 },
	{ "silu", nn_silu, silu, -80, 80, 3 },
	{ "normal tail", tail_of, normal_tail, -12.8, 12.8, 4.5 },
	{ "gelu", nn_gelu, gelu, -12.8, 12.8, 5 },
};

static void check_accuracy(void)
{
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		double worst = 0;
		double at = 0;

		for (int step = 0; step <= 400000; step++) {
			float x = (float)(functions[i].low +
				(functions[i].high - functions[i].low) * step / 400000);
			double error = ulps(functions[i].ours(x), functions[i].want((double)x));

			if (!(error <= worst)) {
				worst = error;
				at = (double)x;
			}
		}
		ok(worst <= functions[i].most, "%s: at most %g ulps off (%.2f at %.9g)",
			functions[i].name, functions[i].most, worst, at);
	}
}

/* They pass through zero, where a relative error means nothing. */
static void check_slope(const char *name, float (*ours)(float x), double (*want)(double x))
{
	double worst = 0;

	for (int step = -400000; step <= 400000; step++) {
		float x = (float)step * 2e-5f;
		double error = fabs((double)ours(x) - want((double)x));

		worst = error > worst ? error : worst;
	}
	ok(worst < 2.5e-7, "slope of %s: off by at most %.2g", name, worst);
}

static void check_log(void)
{
	double worst = 0;

	for (int step = -60000; step <= 60000; step++) {
		double x = exp((double)step * 0.01) * (1 + 1e-9 * step);
		double want = log(x);
		double error = fabs(nn_log(x) - want) / (fabs(want) + 1e-300);

		worst = error > worst && fabs(want) > 1e-3 ? error : worst;
	}
	ok(worst < 1e-15, "log: relative error at most %.2g", worst);
	ok(nn_log(1) == 0, "log 1 is 0");
	ok(isnan(nn_log(NAN)) && isnan(nn_log(0)) && isnan(nn_log((double)INFINITY)),
		"log of NaN, 0, infinity is NaN");
	ok(nn_log(1 + 0x1p-40) == 0x1p-40 - 0x1p-81, "log near 1 keeps its digits");
}

static void check_corners(void)
{
	ok(nn_exp(0) == 1 && nn_exp(-INFINITY) == 0 && isinf(nn_exp(INFINITY)),
		"exp of 0, -inf, inf");
	ok(nn_exp(-200) == 0 && isinf(nn_exp(100)), "exp underflows to 0, overflows to infinity");
	ok(nn_exp_below(0) == 1 && nn_exp_below(-88) == 0 && nn_exp_below(-3e38f) == 0 &&
			nn_exp_below(-INFINITY) == 0,
		"exp below 0 at its ends");
	ok(nn_log1p(0) == 0 && nn_log1p(FLT_MIN) == FLT_MIN, "log1p of 0 and of the least float");
	ok(nn_tanh(INFINITY) == 1 && nn_tanh(-INFINITY) == -1 && nn_tanh(-50) == -1,
		"tanh is 1 and -1 far out");
	ok(nn_tanh(0) == 0 && signbit(nn_tanh(-0.0f)), "tanh keeps the sign of zero");
	ok(nn_sigmoid(-INFINITY) == 0 && nn_sigmoid(INFINITY) == 1 && nn_sigmoid(0) == 0.5f,
		"sigmoid of -inf, inf, 0");
	ok(nn_gelu(0) == 0 && nn_gelu(30) == 30 && nn_gelu(-30) == 0, "gelu of 0, 30, -30");
	ok(nn_expm1_below(0) == 0 && nn_expm1_below(3) == 0 && nn_expm1_below(-INFINITY) == -1 &&
			nn_expm1_below(-1e-20f) == -1e-20f,
		"expm1 of 0, 3, -inf, -1e-20");
	ok(nn_silu(0) == 0 && nn_silu(100) == 100 && nn_silu(-200) == 0, "silu of 0, 100, -200");
	ok(isnan(nn_expm1_below(NAN)) && isnan(nn_silu(NAN)) && isnan(nn_silu_slope(NAN)),
		"NaN stays NaN in expm1 and silu");
	ok(isnan(nn_exp(NAN)) && isnan(nn_exp_below(NAN)) && isnan(nn_log1p(NAN)) &&
			isnan(nn_tanh(NAN)) && isnan(nn_sigmoid(NAN)) && isnan(nn_gelu(NAN)) &&
			isnan(nn_gelu_slope(NAN)) && isnan(nn_tanh_slope(NAN)) &&
			isnan(nn_sigmoid_slope(NAN)),
		"NaN stays NaN");
}

/* One loop over all functions, compiled as NN_CLONES would be. */
#define SWEEP 40000
#define KINDS 14
static inline void sweep(float *out)
{
	for (int i = 0; i < SWEEP; i++) {
		float x = (float)(i - SWEEP / 2) * 5.3e-3f;

		out[i] = nn_exp(x);
		out[SWEEP + i] = nn_tanh(x);
		out[2 * SWEEP + i] = nn_sigmoid(x);
		out[3 * SWEEP + i] = nn_gelu(x);
		out[4 * SWEEP + i] = nn_gelu_slope(x);
		out[5 * SWEEP + i] = nn_sigmoid_slope(x);
		out[6 * SWEEP + i] = nn_tanh_slope(x);
		out[7 * SWEEP + i] = nn_gauss(x);
		out[8 * SWEEP + i] = nn_exp_below(-nn_absf(x));
		out[9 * SWEEP + i] = nn_log1p(nn_exp_below(-nn_absf(x)));
		out[10 * SWEEP + i] = (float)nn_log(1.0 + (double)nn_absf(x));
		out[11 * SWEEP + i] = nn_expm1_below(x);
		out[12 * SWEEP + i] = nn_silu(x);
		out[13 * SWEEP + i] = nn_silu_slope(x);
	}
}

__attribute__((noinline)) static void sweep_baseline(float *out)
{
	sweep(out);
}

#if defined(__x86_64__)
__attribute__((noinline, target("avx2"))) static void sweep_avx2(float *out)
{
	sweep(out);
}

__attribute__((noinline, target("avx2,fma"))) static void sweep_fma(float *out)
{
	sweep(out);
}

__attribute__((noinline, target("avx512f"))) static void sweep_avx512(float *out)
{
	sweep(out);
}
#endif

static void check_same_bits(void)
{
	float *want = calloc(KINDS * SWEEP, sizeof *want);
	float *got = calloc(KINDS * SWEEP, sizeof *got);

	sweep_baseline(want);
#if defined(__x86_64__)
	size_t bytes = KINDS * SWEEP * sizeof *want;

	if (__builtin_cpu_supports("avx2")) {
		sweep_avx2(got);
		ok(!memcmp(got, want, bytes), "the same bits with AVX2");
	}
	if (__builtin_cpu_supports("fma")) {
		sweep_fma(got);
		ok(!memcmp(got, want, bytes), "the same bits with FMA at hand");
	}
	if (__builtin_cpu_supports("avx512f")) {
		sweep_avx512(got);
		ok(!memcmp(got, want, bytes), "the same bits with AVX-512");
	}
#endif
	free(want);
	free(got);
}

int main(void)
{
	check_accuracy();
	check_slope("gelu", nn_gelu_slope, gelu_slope);
	check_slope("silu", nn_silu_slope, silu_slope);
	check_log();
	check_corners();
	check_same_bits();
	return tap_done();
}
