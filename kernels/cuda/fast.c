#include "kernels/cuda/fast.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cuda/images.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/table.h"
#include "kernels/selftest.h"

/* What changes, in the libraries, which numbers come out: it would be in no key. */
static void refuse_overrides(void)
{
	static const char *const names[] = {"NVIDIA_TF32_OVERRIDE", "CUBLAS_EMULATE_SINGLE_PRECISION",
					    "CUBLAS_EMULATION_STRATEGY", "CUBLASLT_HEURISTICS_LUT_FILE"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (getenv(names[i]))
			table_host->die("%s: the environment's %s changes what the libraries compute; unset "
					"it",
					table_host->asked, names[i]);
}

/* What NVIDIA calls the card, as a word: nvidia-h200. Libraries choose by more than its architecture and its
 * number of processors, which several have in common. */
static const char *name_of_card(void)
{
	static struct cudart_properties p;
	int device = 0, n = 0;
	runtime_check(cuda.GetDevice(&device), "asking the GPU");
	runtime_check(cuda.GetDeviceProperties(&p, device), "asking the GPU for its name");
	p.name[sizeof p.name - 1] = '\0';
	for (const char *c = p.name; *c; c++)
		if (isalnum((unsigned char)*c))
			p.name[n++] = (char)tolower((unsigned char)*c);
		else if (n && p.name[n - 1] != '-')
			p.name[n++] = '-';
	p.name[n && p.name[n - 1] == '-' ? n - 1 : n] = '\0';
	return p.name;
}

/* The libraries' calls are not recorded. */
static void no_piece(void)
{
}

__attribute__((visibility("default"))) const struct extension_class *
extension_fast(const struct extension_host *host)
{
	static struct ops table;
	static char numerics[512];
	static struct extension_class class = {.numerics = numerics, .ops = &table};
	bool is_bf16 = host->numbers == OPS_BF16;

	table = *extension_table(host);
	refuse_overrides();
	size_t products = product_open(), convolutions = fastconv_open();
	table.name = "cuda, fast";
	table.begin = table.end = no_piece;
	table.is_wide = false; /* a product's bits would depend on how many blocks a pass has */
	table.gemm = product_gemm;
	table.conv1d = fastconv_forward;
	table.conv1d_backward = fastconv_backward;
	table.conv1d_scratch = fastconv_scratch;

	snprintf(numerics, sizeof numerics,
		 "cuda-fast/1/%s/sm%d%d-%dsm/%s/cublaslt-%zu/cudnn-%zu/code-%.16s/ranks-%d", name_of_card(),
		 runtime_attribute(CUDART_MAJOR), runtime_attribute(CUDART_MINOR),
		 runtime_attribute(CUDART_PROCESSORS), is_bf16 ? "bf16" : "tf32", products, convolutions,
		 images_code, host->size(host->team));
	class.near = is_bf16 ? SELFTEST_NEAR_BF16 : SELFTEST_NEAR_TF32;
	return &class;
}
