#!/usr/bin/env bash
# kernels/cuda/cublaslt.h and cudnn.h say of NVIDIA's libraries what their own headers say, where those are
# installed (CUDA_HOME, as unpacked or as pip's nvidia packages have it); and cuDNN itself, without a card,
# makes plans that give the same bits each time for every convolution of the models.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/prototypes.sh"
home=${CUDA_HOME:-/usr/local/cuda}
[ -e "$home/include/cublasLt.h" ] && [ -e "$home/include/cudnn_graph.h" ] ||
	skip_all "cuBLAS and cuDNN are not installed in $home (CUDA_HOME)"
include=$home/include

# same PAIR...: assertions that NVIDIA's and our number are one, and that types are as large.
same() {
	local pair
	for pair; do
		echo "_Static_assert((int)(${pair%=*}) == (int)(${pair#*=}), \"${pair#*=}\");"
	done
}

{
	of='offsetof(struct lt_found'
	echo '#include <cublasLt.h>'
	echo '#include "kernels/cuda/cublaslt.h"'
	same CUBLAS_STATUS_SUCCESS=LT_SUCCESS CUBLAS_STATUS_INVALID_VALUE=LT_INVALID_VALUE \
		CUBLAS_STATUS_NOT_SUPPORTED=LT_NOT_SUPPORTED CUDA_R_32F=LT_FLOAT \
		CUBLAS_COMPUTE_32F_FAST_TF32=LT_COMPUTE_TF32 \
		CUBLAS_COMPUTE_32F_FAST_16BF=LT_COMPUTE_BF16 CUBLAS_OP_N=LT_PLAIN CUBLAS_OP_T=LT_TRANSPOSED \
		CUBLASLT_REDUCTION_SCHEME_NONE=LT_REDUCTION_NONE \
		CUBLASLT_MATMUL_DESC_TRANSA=LT_TRANSPOSE_A CUBLASLT_MATMUL_DESC_TRANSB=LT_TRANSPOSE_B \
		CUBLASLT_MATMUL_DESC_EPILOGUE=LT_EPILOGUE CUBLASLT_MATMUL_DESC_BIAS_POINTER=LT_BIAS \
		CUBLASLT_EPILOGUE_DEFAULT=LT_EPILOGUE_PLAIN CUBLASLT_EPILOGUE_BIAS=LT_EPILOGUE_BIAS \
		CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT=LT_BATCH_COUNT \
		CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET=LT_BATCH_STRIDE \
		CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES=LT_MAX_WORKSPACE \
		CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK=LT_REDUCTION_MASK \
		CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES=LT_ALIGNMENT_A \
		CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES=LT_ALIGNMENT_B \
		CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES=LT_ALIGNMENT_C \
		CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES=LT_ALIGNMENT_D \
		CUBLASLT_ALGO_CONFIG_SPLITK_NUM=LT_ALGORITHM_SPLIT \
		CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME=LT_ALGORITHM_REDUCTION \
		'sizeof(cublasLtMatmulAlgo_t)=sizeof(struct lt_algorithm)' \
		'sizeof(cublasLtMatmulHeuristicResult_t)=sizeof(struct lt_found)' \
		"offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize)=$of, workspace)" \
		"offsetof(cublasLtMatmulHeuristicResult_t, state)=$of, state)" \
		'sizeof(cublasLtHandle_t)=sizeof(lt_handle)' 'sizeof(cublasStatus_t)=sizeof(int)' \
		'sizeof(cublasLtMatmulDesc_t)=sizeof(lt_product)' \
		'sizeof(cublasLtMatrixLayout_t)=sizeof(lt_layout)' \
		'sizeof(cublasLtMatmulPreference_t)=sizeof(lt_preference)' \
		'sizeof(cublasComputeType_t)=sizeof(int)' 'sizeof(cudaDataType_t)=sizeof(int)'
} >lt.c
sed -i '1i #include <stddef.h>' lt.c
check "cublaslt.h has NVIDIA's numbers and sizes" compiled lt.c
prototypes_held cublaslt.h kernels/cuda/cublaslt.h CUBLASLT_FUNCTIONS cublasLt cublasLt.h \
	's/\bcublasStatus_t|\bcublasComputeType_t|\bcudaDataType(_t)?\b|\bcublasLt\w+Attributes?_t/int/g
	s/\bcublasLt(Handle|MatmulDesc|MatrixLayout|MatmulPreference)_t/void */g; s/\bcudaStream_t/void */g
	s/\bcublasLtMatmulAlgo_t/struct lt_algorithm/g
	s/\bcublasLtMatmulHeuristicResult_t/struct lt_found/g' \
	Matmul 'lt_layout lb, const void \*beta' 'const void *beta, lt_layout lb'

{
	echo '#include <cudnn.h>'
	echo '#include "kernels/cuda/cudnn.h"'
	a=CUDNN_ATTR b=CUDNN_BACKEND n=CUDNN_NUMERICAL_NOTE t=CUDNN_TYPE
	same CUDNN_STATUS_SUCCESS=DNN_SUCCESS CUDNN_STATUS_BAD_PARAM=DNN_BAD_PARAM \
		CUDNN_STATUS_NOT_SUPPORTED=DNN_NOT_SUPPORTED CUDNN_DATA_FLOAT=DNN_FLOAT \
		CUDNN_CROSS_CORRELATION=DNN_CROSS_CORRELATION CUDNN_HEUR_MODE_A=DNN_HEURISTIC_A \
		CUDNN_HEUR_MODE_FALLBACK=DNN_HEURISTIC_FALLBACK ${t}_HANDLE=DNN_TYPE_HANDLE \
		${t}_DATA_TYPE=DNN_TYPE_DATA_TYPE ${t}_INT64=DNN_TYPE_INT64 ${t}_FLOAT=DNN_TYPE_FLOAT \
		${t}_VOID_PTR=DNN_TYPE_POINTER ${t}_CONVOLUTION_MODE=DNN_TYPE_CONVOLUTION_MODE \
		${t}_HEUR_MODE=DNN_TYPE_HEURISTIC ${t}_NUMERICAL_NOTE=DNN_TYPE_NOTE \
		${t}_BACKEND_DESCRIPTOR=DNN_TYPE_DESCRIPTOR ${t}_BEHAVIOR_NOTE=DNN_TYPE_BEHAVIOR \
		${t}_CHAR=DNN_TYPE_CHAR ${b}_CONVOLUTION_DESCRIPTOR=DNN_CONVOLUTION \
		${b}_ENGINE_DESCRIPTOR=DNN_ENGINE ${b}_ENGINECFG_DESCRIPTOR=DNN_CONFIG \
		${b}_ENGINEHEUR_DESCRIPTOR=DNN_HEURISTIC ${b}_EXECUTION_PLAN_DESCRIPTOR=DNN_PLAN \
		${b}_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR=DNN_FORWARD \
		${b}_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR=DNN_BACKWARD_FILTER \
		${b}_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR=DNN_BACKWARD_DATA \
		${b}_OPERATIONGRAPH_DESCRIPTOR=DNN_GRAPH ${b}_VARIANT_PACK_DESCRIPTOR=DNN_PACK \
		${b}_TENSOR_DESCRIPTOR=DNN_TENSOR ${b}_DEVICEPROP_DESCRIPTOR=DNN_DEVICE \
		${a}_CONVOLUTION_COMP_TYPE=DNN_CONVOLUTION_COMPUTE \
		${a}_CONVOLUTION_CONV_MODE=DNN_CONVOLUTION_MODE \
		${a}_CONVOLUTION_DILATIONS=DNN_CONVOLUTION_DILATIONS \
		${a}_CONVOLUTION_FILTER_STRIDES=DNN_CONVOLUTION_STRIDES \
		${a}_CONVOLUTION_POST_PADDINGS=DNN_CONVOLUTION_AFTER \
		${a}_CONVOLUTION_PRE_PADDINGS=DNN_CONVOLUTION_BEFORE \
		${a}_CONVOLUTION_SPATIAL_DIMS=DNN_CONVOLUTION_DIMENSIONS \
		${a}_ENGINEHEUR_MODE=DNN_HEURISTIC_MODE ${a}_ENGINEHEUR_OPERATION_GRAPH=DNN_HEURISTIC_GRAPH \
		${a}_ENGINEHEUR_RESULTS=DNN_HEURISTIC_RESULTS \
		${a}_ENGINEHEUR_DEVICEPROP=DNN_HEURISTIC_DEVICE \
		${a}_ENGINECFG_ENGINE=DNN_CONFIG_ENGINE 400=DNN_PLAN_HANDLE \
		${a}_EXECUTION_PLAN_ENGINE_CONFIG=DNN_PLAN_CONFIG \
		${a}_EXECUTION_PLAN_WORKSPACE_SIZE=DNN_PLAN_WORKSPACE \
		${a}_EXECUTION_PLAN_DEVICEPROP=DNN_PLAN_DEVICE \
		${a}_OPERATION_CONVOLUTION_FORWARD_ALPHA=DNN_FORWARD_ALPHA \
		${a}_OPERATION_CONVOLUTION_FORWARD_BETA=DNN_FORWARD_ALPHA+1 \
		${a}_OPERATION_CONVOLUTION_FORWARD_CONV_DESC=DNN_FORWARD_ALPHA+2 \
		${a}_OPERATION_CONVOLUTION_FORWARD_W=DNN_FORWARD_W \
		${a}_OPERATION_CONVOLUTION_FORWARD_X=DNN_FORWARD_X \
		${a}_OPERATION_CONVOLUTION_FORWARD_Y=DNN_FORWARD_Y \
		${a}_OPERATION_CONVOLUTION_BWD_DATA_ALPHA=DNN_DATA_ALPHA \
		${a}_OPERATION_CONVOLUTION_BWD_DATA_BETA=DNN_DATA_ALPHA+1 \
		${a}_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC=DNN_DATA_ALPHA+2 \
		${a}_OPERATION_CONVOLUTION_BWD_DATA_W=DNN_DATA_W \
		${a}_OPERATION_CONVOLUTION_BWD_DATA_DX=DNN_DATA_DX \
		${a}_OPERATION_CONVOLUTION_BWD_DATA_DY=DNN_DATA_DY \
		${a}_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA=DNN_FILTER_ALPHA \
		${a}_OPERATION_CONVOLUTION_BWD_FILTER_BETA=DNN_FILTER_ALPHA+1 \
		${a}_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC=DNN_FILTER_ALPHA+2 \
		${a}_OPERATION_CONVOLUTION_BWD_FILTER_DW=DNN_FILTER_DW \
		${a}_OPERATION_CONVOLUTION_BWD_FILTER_X=DNN_FILTER_X \
		${a}_OPERATION_CONVOLUTION_BWD_FILTER_DY=DNN_FILTER_DY 800=DNN_GRAPH_HANDLE \
		${a}_OPERATIONGRAPH_OPS=DNN_GRAPH_OPERATIONS ${a}_TENSOR_BYTE_ALIGNMENT=DNN_TENSOR_ALIGNMENT \
		${a}_TENSOR_DATA_TYPE=DNN_TENSOR_TYPE ${a}_TENSOR_DIMENSIONS=DNN_TENSOR_DIMENSIONS \
		${a}_TENSOR_STRIDES=DNN_TENSOR_STRIDES ${a}_TENSOR_UNIQUE_ID=DNN_TENSOR_ID \
		${a}_VARIANT_PACK_UNIQUE_IDS=DNN_PACK_IDS ${a}_VARIANT_PACK_DATA_POINTERS=DNN_PACK_POINTERS \
		${a}_VARIANT_PACK_WORKSPACE=DNN_PACK_WORKSPACE ${a}_ENGINE_NUMERICAL_NOTE=DNN_ENGINE_NOTES \
		${a}_ENGINE_BEHAVIOR_NOTE=DNN_ENGINE_BEHAVIORS \
		${a}_DEVICEPROP_JSON_REPRESENTATION=DNN_DEVICE_JSON \
		${n}_TENSOR_CORE=DNN_NOTE_TENSOR_CORE ${n}_DOWN_CONVERT_INPUTS=DNN_NOTE_DOWN_CONVERT \
		${n}_REDUCED_PRECISION_REDUCTION=DNN_NOTE_REDUCED_REDUCTION ${n}_FFT=DNN_NOTE_FFT \
		${n}_NONDETERMINISTIC=DNN_NOTE_NONDETERMINISTIC ${n}_WINOGRAD=DNN_NOTE_WINOGRAD \
		${n}_WINOGRAD_TILE_13x13=DNN_NOTE_WINOGRAD_13X13 \
		CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION=DNN_BEHAVIOR_COMPILES \
		'sizeof(cudnnHandle_t)=sizeof(dnn_handle)' \
		'sizeof(cudnnBackendDescriptor_t)=sizeof(dnn_descriptor)' 'sizeof(cudnnStatus_t)=sizeof(int)'
} >dnn.c
# The two attributes that take a handle are there, though deprecated: by their numbers above, by name here.
for name in CUDNN_ATTR_EXECUTION_PLAN_HANDLE:400 CUDNN_ATTR_OPERATIONGRAPH_HANDLE:800; do
	echo "_Static_assert((int)${name%:*} == ${name#*:}, \"${name%:*}\");"
done >>dnn.c
check "cudnn.h has NVIDIA's numbers and sizes" compiled dnn.c
prototypes_held cudnn.h kernels/cuda/cudnn.h CUDNN_FUNCTIONS cudnn cudnn.h \
	's/\bcudnnStatus_t|\bcudnnBackend(DescriptorType|AttributeName|AttributeType)_t/int/g
	s/\bcudnnHandle_t|\bcudnnBackendDescriptor_t|\bcudaStream_t/void */g' \
	BackendSetAttribute 'int64_t n, const void \*values' 'const void *values, int64_t n'

library=$home/lib64/libcudnn.so.9
[ -e "$library" ] || library=$home/lib/libcudnn.so.9
if [ ! -e "$library" ]; then
	skip "plans without a card" "libcudnn.so.9 is not in $home"
	tap_done
fi
check "plans is built" "${CC:-gcc}" -std=c17 -D_GNU_SOURCE -O1 -I"$TOP" -o plans "$TOP/tests/cuda/plans.c" \
	"$TOP/kernels/cuda/plan.c" -ldl
LD_LIBRARY_PATH=$(dirname "$library") ./plans "$library" >list 2>&1
head -1 list | sed 's/^/# /'
is "cuDNN makes a plan for each of 8 convolutions, 3 ways, on 2 cards" \
	"$(grep '^plan ' list | grep -vc self-test)" 48
is "... and for those of the self-test, whose arrays begin anywhere" "$(grep '^plan .*self-test' -c list)" 12
grep -v '^plan \|^cudnn ' list | sed 's/^/# /'
tap_done
