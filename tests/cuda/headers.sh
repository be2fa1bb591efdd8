#!/usr/bin/env bash
# kernels/cuda/cudart.h says of CUDA's runtime what NVIDIA's own header says, where that is installed; and
# make cuda refuses kernels of which nvcc makes something that is not exact, on any architecture.
. "$(dirname "$0")/../tap.sh"
header=/usr/local/cuda/include/cuda_runtime_api.h
[ -e "$header" ] || header=/usr/include/cuda_runtime_api.h
[ -e "$header" ] || skip_all "CUDA is not installed"

cat >types.c <<'END'
#include <cuda_runtime_api.h>
#include "kernels/cuda/cudart.h"
#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #b)
SAME(cudaSuccess, CUDART_SUCCESS);
SAME(cudaErrorMemoryAllocation, CUDART_OUT_OF_MEMORY);
SAME(cudaErrorNotReady, CUDART_NOT_READY);
SAME(cudaMemcpyDeviceToDevice, CUDART_ON_DEVICE);
SAME(cudaMemcpyHostToDevice, CUDART_TO_DEVICE);
SAME(cudaMemcpyDeviceToHost, CUDART_TO_HOST);
SAME(cudaDevAttrMultiProcessorCount, CUDART_PROCESSORS);
SAME(cudaDevAttrIntegrated, CUDART_INTEGRATED);
SAME(cudaDevAttrComputeCapabilityMajor, CUDART_MAJOR);
SAME(cudaDevAttrComputeCapabilityMinor, CUDART_MINOR);
SAME(cudaStreamNonBlocking, CUDART_NON_BLOCKING);
SAME(cudaEventDisableTiming, CUDART_NO_TIMING);
SAME(cudaStreamCaptureModeThreadLocal, CUDART_CAPTURE_OF_THREAD);
SAME(cudaErrorGraphExecUpdateFailure, CUDART_UPDATE_FAILED);
SAME(sizeof(cudaGraphExecUpdateResultInfo), sizeof(struct cudart_update));
SAME(sizeof(cudaEvent_t), sizeof(cudart_event));
SAME(sizeof(cudaGraph_t), sizeof(cudart_graph));
SAME(sizeof(cudaGraphExec_t), sizeof(cudart_exec));
SAME(offsetof(struct cudaDeviceProp, name), 0);
SAME(sizeof((struct cudaDeviceProp *)0)->name, sizeof((struct cudart_properties *)0)->name);
SAME(sizeof(struct cudaDeviceProp) <= sizeof(struct cudart_properties), 1);
SAME(sizeof(dim3), sizeof(struct cudart_size));
SAME(sizeof(cudaError_t), sizeof(int));
SAME(sizeof(enum cudaMemcpyKind), sizeof(int));
SAME(sizeof(cudaStream_t), sizeof(cudart_stream));
SAME(sizeof(cudaLibrary_t), sizeof(cudart_library));
SAME(sizeof(cudaKernel_t), sizeof(cudart_kernel));
/* Each is called with what cudart.h declares: as many arguments, each of which NVIDIA's takes. */
void calls(void);
void calls(void)
{
	int n = 0;
	void *p = 0, *q[1] = {0};
	size_t bytes = 0;
	cudaStream_t s = 0;
	cudaLibrary_t l = 0;
	cudaKernel_t k = 0;
	cudaEvent_t e = 0;
	cudaGraph_t g = 0;
	cudaGraphExec_t x = 0;
	cudaGraphExecUpdateResultInfo u;
	dim3 one = {1, 1, 1};
	cudaGetDeviceCount(&n);
	cudaGetDevice(&n);
	cudaDeviceGetAttribute(&n, cudaDevAttrComputeCapabilityMajor, 0);
	cudaGetDeviceProperties(p, 0);
	cudaDeviceGetPCIBusId(p, 16, 0);
	cudaSetDevice(0);
	cudaGetErrorString(cudaSuccess);
	cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
	cudaStreamQuery(s);
	cudaStreamSynchronize(s);
	cudaMalloc(&p, 1);
	cudaMemGetInfo(&bytes, &bytes);
	cudaFree(p);
	cudaMemcpyAsync(p, p, 1, cudaMemcpyHostToDevice, s);
	cudaMemsetAsync(p, 0, 1, s);
	cudaMallocHost(&p, 1);
	cudaFreeHost(p);
	cudaEventCreateWithFlags(&e, cudaEventDisableTiming);
	cudaEventRecord(e, s);
	cudaEventQuery(e);
	cudaEventSynchronize(e);
	cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal);
	cudaStreamEndCapture(s, &g);
	cudaGraphInstantiate(&x, g, 0ULL);
	cudaGraphExecUpdate(x, g, &u);
	cudaGraphLaunch(x, s);
	cudaGraphDestroy(g);
	cudaGraphExecDestroy(x);
	cudaLibraryLoadData(&l, p, 0, 0, 0, 0, 0, 0);
	cudaLibraryGetKernel(&k, l, "k");
	cudaLaunchKernel(k, one, one, q, 0, s);
}
END
check "cudart.h and NVIDIA's header agree" \
	"${CC:-gcc}" -std=c17 -Wall -Wextra -Werror -fsyntax-only -I"$TOP" \
	-isystem "$(dirname "$header")" types.c

nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
if [ -z "$nvcc" ]; then
	skip "what is not exact is refused" "nvcc is not installed"
	tap_done
fi
mkdir tree && cp -r "$TOP"/{Makefile,kernels,common,numbers} tree
cp tree/kernels/cuda/adamw.c exact.c
compile() { # compile [NVFLAGS=...]: one file, as make cuda does
	(cd tree && env -u MAKEFLAGS make -s B=build NVCC="$nvcc" "$@" build/gpu/adamw.fatbin)
}
refused() { # refused NAME SED
	sed "$2" exact.c >tree/kernels/cuda/adamw.c
	check_fails "$1 is refused" 2 'adamw.c: its PTX is not exact' compile
}
check "nvcc compiles a file for all architectures, exactly" compile
refused "an approximate division" 's/DIV(m,/__fdividef(m,/'
refused "... on the newest cards alone" \
	'1i#if __CUDA_ARCH__ >= 1210\n#define NEAR __fdividef\n#else\n#define NEAR DIV\n#endif
	s/DIV(m,/NEAR(m,/'
cp exact.c tree/kernels/cuda/adamw.c
touch tree/kernels/cuda/adamw.c
check_fails "... and a flag that flushes to zero" 2 'adamw.c: its PTX is not exact' \
	compile NVFLAGS='-x cu -I. -O3 -ftz=true'
sed '1i#define PLAIN(a, b) ((a) / (b))
	s/DIV(m,/PLAIN(m,/' exact.c >tree/kernels/cuda/adamw.c
check_fails "... and one that divides to two units in the last place" 2 'adamw.c: its PTX is not exact' \
	compile NVFLAGS='-x cu -I. -O3 -prec-div=false'
tap_done
