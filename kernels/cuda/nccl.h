/*
 * The part of NVIDIA's NCCL that nccl.c uses, declared here so that nothing of it is needed to build: the
 * library is opened where several processes have a card each. Names without their "nccl";
 * tests/cuda/nccl-headers.sh holds the types to NVIDIA's own where they are installed. Each function but the
 * two of texts returns a ncclResult_t.
 */
#ifndef KERNELS_CUDA_NCCL_H
#define KERNELS_CUDA_NCCL_H

#include <limits.h>
#include <stddef.h>

#include "kernels/cuda/cudart.h"

/* ncclResult_t, ncclDataType_t: enumerations, the values used. */
enum { NCCL_SUCCESS = 0, NCCL_IN_PROGRESS = 7 };
enum { NCCL_UINT8 = 1 };

typedef void *nccl_comm;

/* ncclUniqueId */
struct nccl_id {
	char bytes[128];
};

/* ncclConfig_t as NCCL 2.17 had it: later ones take a shorter struct of an earlier version. */
enum { NCCL_CONFIG_VERSION = 21700 };
#define NCCL_CONFIG_MAGIC 0xcafebeefu
#define NCCL_CONFIG_UNSET INT_MIN
struct nccl_config {
	size_t size;
	unsigned magic, version;
	int is_blocking; /* 0: calls return NCCL_IN_PROGRESS and go on behind the caller */
	int cga_size, min_ctas, max_ctas;
	const char *net;
};

#define NCCL_FUNCTIONS(F)                                                                                    \
	F(int, GetVersion, (int *version))                                                                   \
	F(int, GetUniqueId, (struct nccl_id * id))                                                           \
	F(int, CommInitRankConfig,                                                                           \
	  (nccl_comm * c, int n_ranks, struct nccl_id id, int rank, struct nccl_config *config))             \
	F(int, CommGetAsyncError, (nccl_comm c, int *result))                                                \
	F(int, CommAbort, (nccl_comm c))                                                                     \
	F(const char *, GetErrorString, (int result))                                                        \
	F(const char *, GetLastError, (nccl_comm c))                                                         \
	F(int, GroupStart, (void))                                                                           \
	F(int, GroupEnd, (void))                                                                             \
	F(int, Send, (const void *from, size_t n, int type, int peer, nccl_comm c, cudart_stream s))         \
	F(int, Recv, (void *to, size_t n, int type, int peer, nccl_comm c, cudart_stream s))                 \
	F(int, AllGather, (const void *from, void *to, size_t n_each, int type, nccl_comm c, cudart_stream s))

#endif
