/* Bundles, conversions, vector loops. */
#include "tensor/tensor.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "tensor/vector.h"
#include "tests/unit/tap.h"

static struct nn_error err;

static void test_bundle(void)
{
	struct nn_bundle bundle = { 0 };
	const uint64_t two[] = { 2 };
	const uint64_t huge[] = { (uint64_t)1 << 32, (uint64_t)1 << 31 };

	nn_bundle_add(&bundle, "b", NN_F32, 1, two, &err);
	nn_bundle_add(&bundle, "a", NN_F32, 1, two, &err);
	nn_bundle_add(&bundle, "z", NN_I64, 1, two, &err);
	nn_bundle_add(&bundle, "c", NN_U8, 0, two, &err);
	ok(!nn_bundle_layout(&bundle, &err) && !nn_bundle_alloc(&bundle, &err), "laid out");
	is_text(bundle.tensors[0].name, "z", "the widest elements first");
	is_text(bundle.tensors[1].name, "a", "then by name");
	ok(nn_bundle_find(&bundle, "c")->offset == 32 && bundle.bytes == 33, "without holes");
	ok(!nn_bundle_is_f32(&bundle) && !nn_bundle_to_f32(&bundle, &err) &&
			nn_bundle_is_f32(&bundle) && bundle.bytes == 28,
		"all F32 now");
	nn_bundle_free(&bundle);
	ok(nn_bundle_add(&bundle, "huge", NN_F32, 2, huge, &err) == NN_BAD, "%s", err.text);
	nn_bundle_add(&bundle, "x", NN_F32, 1, two, &err);
	nn_bundle_add(&bundle, "x", NN_U8, 1, two, &err);
	ok(nn_bundle_layout(&bundle, &err) == NN_BAD, "%s", err.text);
	nn_bundle_free(&bundle);
}

static void test_convert(void)
{
	/* IEEE 754 binary16 and bfloat16, from their definitions. */
	static const uint16_t f16[] = { 0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x7bff, 0x7c00,
		0x8000 };
	static const float f16_want[] = { 1, -2, 0.333251953125f, 0x1p-24f, 1023 * 0x1p-24f, 65504,
		INFINITY, -0.0f };
	static const uint16_t bf16[] = { 0x3f80, 0xc049, 0x0080 };
	static const float bf16_want[] = { 1, -3.140625f, 0x1p-126f };
	static const double f64[] = { 0.1, 16777217 };
	static const float f64_want[] = { 0.1f, 16777216 };
	float got[8];

	nn_tensor_to_f32(got, f16, NN_F16, 8);
	ok(!memcmp(got, f16_want, sizeof f16_want), "F16");
	nn_tensor_to_f32(got, bf16, NN_BF16, 3);
	ok(!memcmp(got, bf16_want, sizeof bf16_want), "BF16");
	nn_tensor_to_f32(got, f64, NN_F64, 2);
	ok(!memcmp(got, f64_want, sizeof f64_want), "F64, to nearest even");
}

static void test_vectors(void)
{
	enum { N = 10000 };
	static float a[N], b[N], out[N];
	struct nn_random stream = nn_random_stream(3, NN_RANDOM_INIT, 0, 0);
	double want = 0;
	bool same = true;

	for (int i = 0; i < N; i++) {
		a[i] = (float)nn_random_uniform(&stream, (uint64_t)i) - 0.5f;
		b[i] = (float)nn_random_uniform(&stream, (uint64_t)(N + i));
		want += (double)a[i] * (double)a[i];
	}
	nn_vector_add(out, a, b, N);
	for (int i = 0; i < N; i++)
		same &= out[i] == a[i] + b[i];
	ok(same, "sums");
	nn_vector_scale(out, a, 3.5f, N);
	same = true;
	for (int i = 0; i < N; i++)
		same &= out[i] == 3.5f * a[i];
	ok(same, "multiples");
	nn_vector_axpy(out, b, -0.25f, N);
	same = true;
	for (int i = 0; i < N; i++) {
		volatile float product = -0.25f * b[i];

		same &= out[i] == 3.5f * a[i] + product;
	}
	ok(same, "multiples added, each rounded by itself");
	ok(fabs(nn_vector_square_sum(a, N) - want) < 1e-12 * want, "sum of squares");
	ok(nn_vector_square_sum(a, N) ==
			nn_vector_square_sum(a, 8192) + nn_vector_square_sum(a + 8192, N - 8192),
		"... a tree over blocks of 4,096");
	ok(nn_vector_nonfinite(a, N) == N, "all finite");
	a[7777] = NAN;
	a[9000] = INFINITY;
	ok(nn_vector_nonfinite(a, N) == 7777, "the first NaN");
	ok(nn_vector_nonfinite(a + 7778, N - 7778) == 9000 - 7778, "the first infinity");
}

int main(void)
{
	test_bundle();
	test_convert();
	test_vectors();
	return tap_done();
}
