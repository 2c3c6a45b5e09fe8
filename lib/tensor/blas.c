#include "tensor/blas.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "base/cpu.h"

/* One library a process: a second copy with another kernel would not be loaded anyway. */
static struct {
	char kernel[NN_KERNEL_TEXT];
	unsigned asked; /* threads; 0: nobody has asked */
	__typeof__(cblas_sgemm) *sgemm;
	bool likes_small;
} blas;

/* "OpenBLAS-0.3.21/SkylakeX/4t" and "SkylakeX" name the same code path. What is no number of threads
 * that can be meant is left to be compared with what runs. */
static void split_kernel(const char *kernel, char *core, size_t size, unsigned *threads)
{
	const char *slash = strchr(kernel, '/');
	const char *from = slash ? slash + 1 : kernel;
	size_t length = strcspn(from, "/");
	unsigned long count = 0;

	snprintf(core, size, "%.*s", (int)length, from);
	if (from[length] && from[length + 1] >= '0' && from[length + 1] <= '9')
		count = strtoul(from + length + 1, NULL, 10);
	if (!*threads && count <= NN_BLAS_THREADS)
		*threads = (unsigned)count;
}

void nn_blas_ask_threads(unsigned threads)
{
	blas.asked = threads;
}

bool nn_blas_has_asked(void)
{
	return blas.asked > 0;
}

void nn_blas_core(const char *kernel, char *core)
{
	unsigned threads = 0;

	split_kernel(kernel, core, NN_KERNEL_TEXT, &threads);
}

int nn_blas_check_name(const char *kernel, bool *runs, struct nn_error *err)
{
	const char *slash = strchr(kernel, '/');
	char core[NN_KERNEL_TEXT];
	unsigned threads = 0;

	split_kernel(kernel, core, sizeof core, &threads);
	if (!nn_cpu_knows_kernel(core))
		return nn_fail(err, NN_USAGE,
			"OpenBLAS has no kernel '%s'; there are Nehalem, Haswell, SkylakeX, NEOVERSEN1 "
			"and others",
			core);
	if (slash && strncmp(kernel, "OpenBLAS-", 9))
		return nn_fail(err, NN_USAGE, "'%s' is not OpenBLAS-VERSION/KERNEL", kernel);
	*runs = nn_cpu_runs_kernel(core);
	return NN_OK;
}

static int check_kernel(const char *kernel, struct nn_error *err)
{
	const char *running = blas.kernel;
	char core[NN_KERNEL_TEXT];

	/* A code path alone is good enough from a person; a recorded name is compared as it is. */
	if (!strchr(kernel, '/')) {
		nn_blas_core(running, core);
		running = core;
	}
	if (strcasecmp(kernel, running))
		return nn_fail(err, NN_BAD,
			"the model asks for matrix kernel %s, but this host runs %s", kernel,
			blas.kernel);
	return NN_OK;
}

static void *load_library(void)
{
	static const char *const names[] = { "libopenblas.so.0", "libopenblas.so" };
	void *library = NULL;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && !library; i++)
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return library;
}

/* It takes a buffer of that size for its first product, and where it gets none it tries again for ever. */
#define ROOM ((size_t)128 << 20)

static int check_room(struct nn_error *err)
{
	void *room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		return nn_fail_errno(err, NN_FAILED,
			"matrix products need %zu MiB of address space (see ulimit -v)",
			ROOM >> 20);
	munmap(room, ROOM);
	return NN_OK;
}

int nn_blas_load(const char *kernel, unsigned threads, struct nn_error *err)
{
	char core[NN_KERNEL_TEXT] = "";
	char version[32] = "";
	char suffix[16] = "";
	char count[16];
	void *library;
	char *(*config)(void);
	char *(*corename)(void);
	void (*set_threads)(int);

	if (blas.sgemm)
		return kernel ? check_kernel(kernel, err) : NN_OK;
	if (!threads)
		threads = blas.asked;
	if (kernel) {
		split_kernel(kernel, core, sizeof core, &threads);
		if (!nn_cpu_runs_kernel(core))
			return nn_fail(err, NN_BAD,
				"the model asks for matrix kernel %s, which this CPU cannot run "
				"(it has %s)",
				kernel, nn_cpu_features());
		setenv("OPENBLAS_CORETYPE", core, 1);
	}
	if (!threads)
		threads = 1;
	/* Read while the library is loaded: otherwise it starts a thread on every CPU at once. */
	snprintf(count, sizeof count, "%u", threads);
	setenv("OPENBLAS_NUM_THREADS", count, 1);
	library = load_library();
	if (!library)
		return nn_fail(err, NN_FAILED,
			"matrix products need OpenBLAS, which cannot be loaded (%s); on Debian: "
			"apt-get install libopenblas0-pthread",
			dlerror());
	*(void **)&blas.sgemm = dlsym(library, "cblas_sgemm");
	*(void **)&config = dlsym(library, "openblas_get_config");
	*(void **)&corename = dlsym(library, "openblas_get_corename");
	*(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
	if (!blas.sgemm || !config || !corename || !set_threads) {
		blas.sgemm = NULL;
		return nn_fail(err, NN_FAILED, "this libopenblas has no CBLAS interface");
	}
	if (check_room(err)) {
		blas.sgemm = NULL;
		return NN_FAILED;
	}
	set_threads((int)threads);
	/* The other ones have no kernels of their own for them. */
	blas.likes_small = strstr("SkylakeX Cooperlake SapphireRapids", corename()) != NULL;
	sscanf(config(), "OpenBLAS %31s", version);
	if (threads > 1)
		snprintf(suffix, sizeof suffix, "/%ut", threads);
	snprintf(blas.kernel, sizeof blas.kernel, "OpenBLAS-%s/%.20s%s", version, corename(),
		suffix);
	return kernel ? check_kernel(kernel, err) : NN_OK;
}

const char *nn_blas_kernel(void)
{
	return blas.kernel;
}

bool nn_blas_likes_small(void)
{
	return blas.likes_small;
}

void nn_gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha,
	const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
	blas.sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
		transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a, (int)lda,
		b, (int)ldb, beta, c, (int)ldc);
}
