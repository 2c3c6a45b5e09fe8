#include "base/cpu.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum level { BASELINE, SSE4, AVX, FMA4, AVX2, AVX512, AVX512_BF16 };

/* Names as OpenBLAS spells them (driver/others/dynamic.c and dynamic_arm64.c). */

/* For x86-64, with what their kernels use. */
static const struct {
	const char *name;
	enum level level;
} x86_kernels[] = {
	{ "Prescott", BASELINE },
	{ "Core2", BASELINE },
	{ "Opteron", BASELINE },
	{ "Opteron_SSE3", BASELINE },
	{ "Barcelona", BASELINE },
	{ "Bobcat", BASELINE },
	{ "Atom", BASELINE },
	{ "Nano", BASELINE },
	{ "Penryn", SSE4 },
	{ "Dunnington", SSE4 },
	{ "Nehalem", SSE4 },
	{ "Sandybridge", AVX },
	{ "Bulldozer", FMA4 },
	{ "Piledriver", FMA4 },
	{ "Steamroller", FMA4 },
	{ "Excavator", FMA4 },
	{ "Haswell", AVX2 },
	{ "Zen", AVX2 },
	{ "SkylakeX", AVX512 },
	{ "Cooperlake", AVX512_BF16 },
	{ "SapphireRapids", AVX512_BF16 },
};

static const char *const arm_kernels[] = { "ARMV8", "ARMV8SVE", "CORTEXA53", "CORTEXA55",
	"CORTEXA57", "CORTEXA72", "CORTEXA73", "CORTEXA76", "NEOVERSEN1", "NEOVERSEN2",
	"NEOVERSEV1", "FALKOR", "THUNDERX", "THUNDERX2T99", "THUNDERX3T110", "TSV110", "EMAG8180",
	"A64FX", "VORTEX", "VORTEXM4", "FT2000", "GENERIC" };

static bool is_arm_kernel(const char *name)
{
	for (size_t i = 0; i < sizeof arm_kernels / sizeof arm_kernels[0]; i++)
		if (!strcasecmp(name, arm_kernels[i]))
			return true;
	return false;
}

static bool is_x86_kernel(const char *name, enum level *level)
{
	for (size_t i = 0; i < sizeof x86_kernels / sizeof x86_kernels[0]; i++)
		if (!strcasecmp(name, x86_kernels[i].name)) {
			*level = x86_kernels[i].level;
			return true;
		}
	return false;
}

bool nn_cpu_knows_kernel(const char *name)
{
	enum level level;

	return is_x86_kernel(name, &level) || is_arm_kernel(name);
}

#if defined(__x86_64__)

static bool has(enum level level)
{
	__builtin_cpu_init();
	switch (level) {
	case BASELINE:
		return true;
	case SSE4:
		return __builtin_cpu_supports("sse4.1");
	case AVX:
		return __builtin_cpu_supports("avx");
	case FMA4:
		return __builtin_cpu_supports("avx") && __builtin_cpu_supports("fma4");
	case AVX2:
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	case AVX512:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
			__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
	case AVX512_BF16:
		return has(AVX512) && __builtin_cpu_supports("avx512bf16");
	}
	return false;
}

bool nn_cpu_runs_kernel(const char *name)
{
	enum level level;

	return is_x86_kernel(name, &level) && has(level);
}

const char *nn_cpu_features(void)
{
	if (has(AVX512_BF16))
		return "sse4.1 avx avx2 fma avx512 avx512_bf16";
	if (has(AVX512))
		return "sse4.1 avx avx2 fma avx512";
	if (has(AVX2))
		return "sse4.1 avx avx2 fma";
	if (has(AVX))
		return "sse4.1 avx";
	return "sse2";
}

#else

bool nn_cpu_runs_kernel(const char *name)
{
	return is_arm_kernel(name);
}

const char *nn_cpu_features(void)
{
	return "baseline";
}

#endif
