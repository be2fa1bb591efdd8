/*
 * The part of cuBLASLt that product.c uses, declared here so that nothing of CUDA is needed to build: the
 * library is opened when the fast class is asked for. Names without their "cublasLt"; tests/cuda/vendors.sh
 * holds this to NVIDIA's own header where that is installed. All matrices are column-major.
 */
#ifndef KERNELS_CUDA_CUBLASLT_H
#define KERNELS_CUDA_CUBLASLT_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/cuda/cudart.h"

/* cublasStatus_t, cudaDataType_t, cublasComputeType_t, cublasOperation_t, cublasLtReductionScheme_t: the
 * values used. */
enum { LT_SUCCESS = 0, LT_INVALID_VALUE = 7, LT_NOT_SUPPORTED = 15 };
enum { LT_FLOAT = 0, LT_COMPUTE_BF16 = 75, LT_COMPUTE_TF32 = 77 };
enum { LT_PLAIN = 0, LT_TRANSPOSED = 1 };
enum { LT_REDUCTION_NONE = 0 };
/* cublasLtMatmulDescAttributes_t: int32_t, int32_t, uint32_t, a pointer; cublasLtEpilogue_t */
enum { LT_TRANSPOSE_A = 3, LT_TRANSPOSE_B = 4, LT_EPILOGUE = 7, LT_BIAS = 8 };
enum { LT_EPILOGUE_PLAIN = 1, LT_EPILOGUE_BIAS = 4 };
/* cublasLtMatrixLayoutAttribute_t: int32_t, int64_t (elements) */
enum { LT_BATCH_COUNT = 5, LT_BATCH_STRIDE = 6 };
/* cublasLtMatmulPreferenceAttributes_t: uint64_t bytes, uint32_t, uint32_t bytes each */
enum { LT_MAX_WORKSPACE = 1, LT_REDUCTION_MASK = 3 };
enum { LT_ALIGNMENT_A = 5, LT_ALIGNMENT_B = 6, LT_ALIGNMENT_C = 7, LT_ALIGNMENT_D = 8 };
/* cublasLtMatmulAlgoConfigAttributes_t: int32_t, uint32_t */
enum { LT_ALGORITHM_SPLIT = 2, LT_ALGORITHM_REDUCTION = 3 };

typedef void *lt_handle, *lt_product, *lt_layout, *lt_preference;

struct lt_algorithm {
	uint64_t data[8];
};

struct lt_found {
	struct lt_algorithm algorithm;
	size_t workspace; /* bytes */
	int state;
	float waves;
	int reserved[4];
};

#define CUBLASLT_FUNCTIONS(F)                                                                                \
	F(size_t, GetVersion, (void))                                                                        \
	F(const char *, GetStatusString, (int status))                                                       \
	F(int, Create, (lt_handle * h))                                                                      \
	F(int, MatmulDescCreate, (lt_product * p, int compute, int scale_type))                              \
	F(int, MatmulDescSetAttribute, (lt_product p, int which, const void *value, size_t n_bytes))         \
	F(int, MatrixLayoutCreate, (lt_layout * l, int type, uint64_t rows, uint64_t columns, int64_t ld))   \
	F(int, MatrixLayoutSetAttribute, (lt_layout l, int which, const void *value, size_t n_bytes))        \
	F(int, MatmulPreferenceCreate, (lt_preference * p))                                                  \
	F(int, MatmulPreferenceSetAttribute,                                                                 \
	  (lt_preference p, int which, const void *value, size_t n_bytes))                                   \
	F(int, MatmulPreferenceDestroy, (lt_preference p))                                                   \
	F(int, MatmulAlgoGetHeuristic,                                                                       \
	  (lt_handle h, lt_product p, lt_layout a, lt_layout b, lt_layout c, lt_layout d,                    \
	   lt_preference preference, int room, struct lt_found *found, int *n_found))                        \
	F(int, MatmulAlgoConfigGetAttribute,                                                                 \
	  (const struct lt_algorithm *a, int which, void *value, size_t n_bytes, size_t *n_written))         \
	F(int, Matmul,                                                                                       \
	  (lt_handle h, lt_product p, const void *alpha, const void *a, lt_layout la, const void *b,         \
	   lt_layout lb, const void *beta, const void *c, lt_layout lc, void *d, lt_layout ld,               \
	   const struct lt_algorithm *algorithm, void *workspace, size_t n_workspace, cudart_stream s))

#endif
