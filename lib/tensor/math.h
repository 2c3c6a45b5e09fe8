/* Exponentials, tanh, sigmoid and the normal distribution in float, log in double: our own, because
 * libm's bits differ from one C library and CPU to the next. All are made of +, -, *, / and bit
 * operations, without branches, so that a loop over them vectorizes inside a function marked
 * NN_CLONES and gives the same bits in every instruction set (no contraction, see configure.ac).
 *
 * Errors, measured in tests/unit/test-math.c over the whole range, in units in the last place: exp
 * and expm1 1.1, log1p 2, sigmoid and tanh 2.5, silu 3, slopes 4, normal tail and gelu 5. NaN stays
 * NaN. */
#ifndef NN_TENSOR_MATH_H
#define NN_TENSOR_MATH_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t nn_float_bits(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static inline float nn_float_from_bits(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

static inline float nn_absf(float x)
{
	return nn_float_from_bits(nn_float_bits(x) & 0x7fffffffu);
}

/* a where `which` is 1, b where it is 0. It is made of bits because of a conditional the compiler may
 * make two ways, and a vector goes both: one with a constant in it would compute subnormal numbers for
 * nobody, which takes a hundred times as long. */
static inline float nn_choose(uint32_t which, float a, float b)
{
	uint32_t mask = 0u - which;

	return nn_float_from_bits((nn_float_bits(a) & mask) | (nn_float_bits(b) & ~mask));
}

/* Added and subtracted it rounds to a whole number, which then is in the low bits of the sum. */
#define NN_ROUNDER 12582912.0f /* 1.5 * 2^23 */

/* x = n ln 2 + r, |r| <= ln(2) / 2: returns r, *n is n. The first part of ln 2 has 9 bits, so that
 * its product with n is exact. */
static inline float nn_exp_reduce(float x, int32_t *n)
{
	float sum = x * 1.44269504f + NN_ROUNDER;
	float whole = sum - NN_ROUNDER;

	*n = (int32_t)(nn_float_bits(sum) - nn_float_bits(NN_ROUNDER));
	return (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
}

/* e^r - 1 for |r| < 0.45: the Taylor series to r^7, whose remainder is below a tenth of an ulp. */
static inline float nn_expm1_series(float r)
{
	float p = 1.0f / 5040;

	p = p * r + 1.0f / 720;
	p = p * r + 1.0f / 120;
	p = p * r + 1.0f / 24;
	p = p * r + 1.0f / 6;
	p = p * r + 0.5f;
	return r + r * r * p;
}

/* 2^n, -126 <= n <= 127 */
static inline float nn_power_of_two(int32_t n)
{
	return nn_float_from_bits((uint32_t)(n + 127) << 23);
}

/* e^(x + low), low a correction small beside 1. Underflows gradually, overflows to infinity. */
static inline float nn_exp_sum(float x, float low)
{
	int32_t n;
	float r;

	x = x < -105.0f ? -105.0f : x;
	x = x > 89.0f ? 89.0f : x;
	r = nn_exp_reduce(x, &n) + low;
	/* In two factors: 2^n alone need not be a normal float. A NaN's n is any: kept in range. */
	n = n < -160 ? -160 : n;
	n = n > 130 ? 130 : n;
	return (1.0f + nn_expm1_series(r)) * nn_power_of_two(n >> 1) *
		nn_power_of_two(n - (n >> 1));
}

static inline float nn_exp(float x)
{
	return nn_exp_sum(x, 0.0f);
}

/* e^(x + low) for x from -87 to 88, low a correction small beside 1. */
static inline float nn_exp_normal(float x, float low)
{
	int32_t n;
	float r = nn_exp_reduce(x, &n) + low;

	/* Of a NaN n is any. */
	return (1.0f + nn_expm1_series(r)) * nn_float_from_bits(((uint32_t)n + 127u) << 23);
}

/* e^x for x <= 0 in fewer operations than nn_exp: what is below the normal floats becomes 0, somewhere
 * between -87.4 and -88. */
static inline float nn_exp_below(float x)
{
	int32_t n;
	float r;

	x = x < -88.0f ? -88.0f : x;
	r = nn_exp_reduce(x, &n);
	/* A NaN's n is any: as a factor it can be. That of -127 is 0. */
	return (1.0f + nn_expm1_series(r)) * nn_float_from_bits(((uint32_t)n + 127u) << 23);
}

/* log(1 + x) for 0 <= x <= 1: 2 atanh(x / (2 + x)) as a series, whose remainder is below a tenth of an
 * ulp. */
static inline float nn_log1p(float x)
{
	float s = x / (2.0f + x);
	float square = s * s;
	float p = 1.0f / 15;

	p = p * square + 1.0f / 13;
	p = p * square + 1.0f / 11;
	p = p * square + 1.0f / 9;
	p = p * square + 1.0f / 7;
	p = p * square + 1.0f / 5;
	p = p * square + 1.0f / 3;
	return 2.0f * s + 2.0f * s * square * p;
}

/* e^x - 1 for x <= 0, with all its digits near 0; any other x is taken as 0. */
static inline float nn_expm1_below(float x)
{
	int32_t n;
	float r, power;

	x = x > 0.0f ? 0.0f : x;
	x = x < -25.0f ? -25.0f : x;
	r = nn_exp_reduce(x, &n);
	n = n < -40 ? -40 : n;
	n = n > 0 ? 0 : n;
	power = nn_power_of_two(n);
	return nn_expm1_series(r) * power + (power - 1.0f);
}

/* 1 / (1 + e^-x) */
static inline float nn_sigmoid(float x)
{
	return 1.0f / (1.0f + nn_exp(-x));
}

/* Its slope, from x and not from s (1 - s), which loses its digits where s is near 1. */
static inline float nn_sigmoid_slope(float x)
{
	float e = nn_exp(-nn_absf(x));

	return e / ((1.0f + e) * (1.0f + e));
}

/* x sigmoid(x): SiLU, or swish (S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units", 2017) */
static inline float nn_silu(float x)
{
	float e = nn_exp(-nn_absf(x));

	return x * ((x < 0 ? e : 1.0f) / (1.0f + e));
}

/* sigmoid(x) (1 + x sigmoid(-x)) */
static inline float nn_silu_slope(float x)
{
	float e = nn_exp(-nn_absf(x));
	float inverse = 1.0f / (1.0f + e);
	float small = e * inverse;

	return (x < 0 ? small : inverse) + x * (inverse * small);
}

/* e^2x - 1 over e^2x + 1. */
static inline float nn_tanh(float x)
{
	float twice = 2.0f * nn_absf(x);
	int32_t n;
	float r, power, e;

	twice = twice > 20.0f ? 20.0f : twice;
	r = nn_exp_reduce(twice, &n);
	n = n < 0 ? 0 : n;
	n = n > 30 ? 30 : n;
	power = nn_power_of_two(n);
	e = nn_expm1_series(r) * power + (power - 1.0f);
	e = e / (e + 2.0f);
	return nn_float_from_bits(nn_float_bits(e) | (nn_float_bits(x) & 0x80000000u));
}

/* 1 - tanh(x)^2, without the cancellation */
static inline float nn_tanh_slope(float x)
{
	float e = nn_exp(-2.0f * nn_absf(x));

	return 4.0f * e / ((1.0f + e) * (1.0f + e));
}

/* e^(-x^2 / 2), 0 where |x| is above 13.1. The square is split: the exponential would blow its rounding
 * error up. */
static inline float nn_gauss(float x)
{
	uint32_t far = nn_absf(x) > 13.1f;
	float u = nn_choose(far, 13.1f, nn_absf(x));
	float high, low;

	/* 12 bits: its square is exact. */
	high = nn_float_from_bits(nn_float_bits(u) & 0xfffff000u);
	low = (u - high) * (u + high);
	return nn_choose(far, 0.0f, nn_exp_normal(-0.5f * (high * high), -0.5f * low));
}

/* The normal distribution's tail P(Z > |x|) = erfc(|x| / sqrt 2) / 2, given g = nn_gauss(x). The
 * tail over g, times |x| + 3.5, is a polynomial in (|x| - 3.5) / (|x| + 3.5): a minimax fit of
 * relative error 8e-9 made with tests/unit/figures/normal.py. */
static inline float nn_normal_tail(float x, float g)
{
	float u = nn_choose(nn_absf(x) > 16.0f, 16.0f, nn_absf(x));
	float inverse = 1.0f / (u + 3.5f);
	float s = (u - 3.5f) * inverse;
	float p;

	p = 0.000108692975f;
	p = p * s + 0.000418322446f;
	p = p * s + -0.00049503924f;
	p = p * s + -0.00317282791f;
	p = p * s + 0.00649372677f;
	p = p * s + 0.017405821f;
	p = p * s + -0.116053175f;
	p = p * s + 0.315425091f;
	p = p * s + -0.565561739f;
	p = p * s + 0.744416074f;
	return g * (p * inverse);
}

/* x Phi(x), Phi the normal distribution function: GELU in its exact form (D. Hendrycks, K. Gimpel,
 * "Gaussian error linear units", 2016) */
static inline float nn_gelu(float x)
{
	float part = x * nn_normal_tail(x, nn_gauss(x));

	return x < 0 ? part : x - part;
}

/* Phi(x) + x phi(x) */
static inline float nn_gelu_slope(float x)
{
	float g = nn_gauss(x);
	float tail = nn_normal_tail(x, g);

	return (x < 0 ? tail : 1.0f - tail) + x * g * 0.398942280f;
}

/* The natural logarithm in double, of a positive normal number, else NaN: 2 atanh((m - 1) / (m +
 * 1)) for the mantissa m in [0.7, 1.41], as a series. */
static inline double nn_log(double x)
{
	uint64_t bits, exponent;
	double m, n, s, square, log, sum = 0;

	memcpy(&bits, &x, sizeof bits);
	/* 0x3fe6a09e667f3bcd is sqrt(1/2): the exponent that leaves the mantissa just above it, and
	 * 1024 more, so that it is positive. */
	exponent = (bits + 0x4000000000000000u - 0x3fe6a09e667f3bcdu) >> 52;
	bits -= (exponent - 1024u) << 52;
	memcpy(&m, &bits, sizeof m);
	/* In the last bits of 2^52: not all instruction sets convert 64 bits. */
	exponent |= 0x4330000000000000u;
	memcpy(&n, &exponent, sizeof n);
	n -= 4503599627370496.0 + 1024.0;
	s = (m - 1) / (m + 1);
	square = s * s;
	for (int k = 23; k >= 3; k -= 2)
		sum = (sum + 1.0 / k) * square;
	log = n * 0.69314718055994531 + (2 * s + 2 * s * sum);
	return x >= DBL_MIN && x <= DBL_MAX ? log : (double)NAN;
}

#endif
