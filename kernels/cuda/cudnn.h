/*
 * The part of cuDNN's backend that plan.c and fastconv.c use, declared here so that nothing of CUDA is needed
 * to build: the library is opened when the fast class is asked for. Names without their "cudnn";
 * tests/cuda/vendors.sh holds this to NVIDIA's own header where that is installed.
 */
#ifndef KERNELS_CUDA_CUDNN_H
#define KERNELS_CUDA_CUDNN_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/cuda/cudart.h"

enum { DNN_SUCCESS = 0, DNN_BAD_PARAM = 2000, DNN_NOT_SUPPORTED = 3000 };
/* cudnnDataType_t, cudnnConvolutionMode_t, cudnnBackendHeurMode_t */
enum { DNN_FLOAT = 0, DNN_CROSS_CORRELATION = 1, DNN_HEURISTIC_A = 3, DNN_HEURISTIC_FALLBACK = 2 };
/* cudnnBackendAttributeType_t */
enum { DNN_TYPE_HANDLE = 0, DNN_TYPE_DATA_TYPE = 1, DNN_TYPE_INT64 = 3, DNN_TYPE_FLOAT = 4 };
enum { DNN_TYPE_POINTER = 6, DNN_TYPE_CONVOLUTION_MODE = 7, DNN_TYPE_HEURISTIC = 8, DNN_TYPE_NOTE = 11 };
enum { DNN_TYPE_DESCRIPTOR = 15, DNN_TYPE_BEHAVIOR = 19, DNN_TYPE_CHAR = 24 };
/* cudnnBackendDescriptorType_t */
enum { DNN_CONVOLUTION = 1, DNN_ENGINE = 2, DNN_CONFIG = 3, DNN_HEURISTIC = 4, DNN_PLAN = 5 };
enum { DNN_FORWARD = 10, DNN_BACKWARD_FILTER = 11, DNN_BACKWARD_DATA = 12 };
enum { DNN_GRAPH = 15, DNN_PACK = 16, DNN_TENSOR = 17, DNN_DEVICE = 38 };
/* cudnnBackendAttributeName_t */
enum { DNN_CONVOLUTION_COMPUTE = 100, DNN_CONVOLUTION_MODE = 101, DNN_CONVOLUTION_DILATIONS = 102 };
enum { DNN_CONVOLUTION_STRIDES = 103, DNN_CONVOLUTION_AFTER = 104, DNN_CONVOLUTION_BEFORE = 105 };
enum { DNN_CONVOLUTION_DIMENSIONS = 106 };
enum { DNN_HEURISTIC_MODE = 200, DNN_HEURISTIC_GRAPH = 201, DNN_HEURISTIC_RESULTS = 202 };
enum { DNN_HEURISTIC_DEVICE = 204, DNN_CONFIG_ENGINE = 300 };
enum { DNN_PLAN_HANDLE = 400, DNN_PLAN_CONFIG = 401, DNN_PLAN_WORKSPACE = 402, DNN_PLAN_DEVICE = 407 };
/* of each operation: ALPHA, BETA, the convolution, then three tensors */
enum { DNN_FORWARD_ALPHA = 700, DNN_FORWARD_W = 703, DNN_FORWARD_X = 704, DNN_FORWARD_Y = 705 };
enum { DNN_DATA_ALPHA = 706, DNN_DATA_W = 709, DNN_DATA_DX = 710, DNN_DATA_DY = 711 };
enum { DNN_FILTER_ALPHA = 712, DNN_FILTER_DW = 715, DNN_FILTER_X = 716, DNN_FILTER_DY = 717 };
enum { DNN_GRAPH_HANDLE = 800, DNN_GRAPH_OPERATIONS = 801 };
enum { DNN_TENSOR_ALIGNMENT = 900, DNN_TENSOR_TYPE = 901, DNN_TENSOR_DIMENSIONS = 902 };
enum { DNN_TENSOR_STRIDES = 903, DNN_TENSOR_ID = 906 };
enum { DNN_PACK_IDS = 1000, DNN_PACK_POINTERS = 1001, DNN_PACK_WORKSPACE = 1003 };
enum { DNN_ENGINE_NOTES = 1303, DNN_ENGINE_BEHAVIORS = 1305, DNN_DEVICE_JSON = 2702 };
/* cudnnBackendNumericalNote_t, cudnnBackendBehaviorNote_t */
enum { DNN_NOTE_DOWN_CONVERT = 1, DNN_NOTE_REDUCED_REDUCTION = 2, DNN_NOTE_FFT = 3 };
enum { DNN_NOTE_NONDETERMINISTIC = 4, DNN_NOTE_WINOGRAD = 5, DNN_NOTE_WINOGRAD_13X13 = 8 };
enum { DNN_NOTE_TENSOR_CORE = 0, DNN_BEHAVIOR_COMPILES = 0 };

typedef void *dnn_handle, *dnn_descriptor;

#define CUDNN_FUNCTIONS(F)                                                                                   \
	F(size_t, GetVersion, (void))                                                                        \
	F(const char *, GetErrorString, (int status))                                                        \
	F(int, Create, (dnn_handle * h))                                                                     \
	F(int, SetStream, (dnn_handle h, cudart_stream s))                                                   \
	F(int, BackendCreateDescriptor, (int type, dnn_descriptor *d))                                       \
	F(int, BackendDestroyDescriptor, (dnn_descriptor d))                                                 \
	F(int, BackendSetAttribute, (dnn_descriptor d, int name, int type, int64_t n, const void *values))   \
	F(int, BackendGetAttribute,                                                                          \
	  (dnn_descriptor d, int name, int type, int64_t room, int64_t *n, void *values))                    \
	F(int, BackendFinalize, (dnn_descriptor d))                                                          \
	F(int, BackendExecute, (dnn_handle h, dnn_descriptor plan, dnn_descriptor pack))

#endif
