#!/usr/bin/env bash
# kernels/cuda/cudart.h says of CUDA's runtime what NVIDIA's own header says, where that is installed; and
# make cuda refuses kernels of which nvcc makes something that is not exact, on any architecture.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/prototypes.sh"
header=/usr/local/cuda/include/cuda_runtime_api.h
[ -e "$header" ] || header=/usr/include/cuda_runtime_api.h
[ -e "$header" ] || skip_all "CUDA is not installed"
include=$(dirname "$header")

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
END
check "cudart.h has NVIDIA's numbers and sizes" compiled types.c
prototypes_held cudart.h kernels/cuda/cudart.h CUDART_FUNCTIONS cuda cuda_runtime_api.h \
	's/\bcudaError_t|enum cuda\w+/int/g
	s/\bcuda(Stream|Library|Kernel|Event|Graph|GraphExec)_t/void */g
	s/\bdim3/struct cudart_size/g; s/struct cudaDeviceProp/struct cudart_properties/
	s/\bcudaGraphExecUpdateResultInfo/struct cudart_update/' \
	MemcpyAsync 'size_t n_bytes, int kind' 'int kind, size_t n_bytes'

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
