#!/usr/bin/env bash
# kernels/cuda/nccl.h says of NCCL what NVIDIA's own header says, where that is installed; and NVIDIA's
# library, which needs no card for that, has all that is looked for.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/prototypes.sh"
for header in /usr/local/cuda/include/nccl.h /usr/include/nccl.h; do [ ! -e $header ] || break; done
[ -e "$header" ] || skip_all "NCCL is not installed"
include=$(dirname "$header")

cat >types.c <<'END_C'
#include <nccl.h>
#include "kernels/cuda/nccl.h"
#define SAME(a, b) _Static_assert((a) == (b), #b)
#define SAME_PLACE(a, b) SAME(offsetof(ncclConfig_t, a), offsetof(struct nccl_config, b)); \
	SAME(sizeof(((ncclConfig_t *)0)->a), sizeof(((struct nccl_config *)0)->b))
SAME((int)ncclSuccess, (int)NCCL_SUCCESS);
SAME((int)ncclInProgress, (int)NCCL_IN_PROGRESS);
SAME((int)ncclUint8, (int)NCCL_UINT8);
SAME(NCCL_CONFIG_UNDEF_INT, NCCL_CONFIG_UNSET);
SAME(NCCL_VERSION(2, 17, 0), (int)NCCL_CONFIG_VERSION);
SAME(sizeof(ncclUniqueId), sizeof(struct nccl_id));
SAME(sizeof(ncclResult_t), sizeof(int));
SAME(sizeof(ncclDataType_t), sizeof(int));
SAME(sizeof(ncclComm_t), sizeof(nccl_comm));
SAME_PLACE(size, size);
SAME_PLACE(magic, magic);
SAME_PLACE(version, version);
SAME_PLACE(blocking, is_blocking);
SAME_PLACE(cgaClusterSize, cga_size);
SAME_PLACE(minCTAs, min_ctas);
SAME_PLACE(maxCTAs, max_ctas);
SAME_PLACE(netName, net);
_Static_assert(offsetof(ncclConfig_t, netName) + sizeof(char *) == sizeof(struct nccl_config), "no padding");
static const ncclConfig_t theirs = NCCL_CONFIG_INITIALIZER;
int magic(void);
int magic(void)
{
	return theirs.magic == NCCL_CONFIG_MAGIC ? 0 : 1;
}
END_C
check "nccl.h has NVIDIA's numbers and sizes" compiled -isystem /usr/local/cuda/include types.c
prototypes_held nccl.h kernels/cuda/nccl.h NCCL_FUNCTIONS nccl nccl.h \
	's/\bncclResult_t|\bncclDataType_t/int/g; s/\bncclComm_t|\bcudaStream_t/void */g
	s/\bncclUniqueId/struct nccl_id/g; s/\bncclConfig_t/struct nccl_config/g' \
	AllGather 'size_t n_each, int type' 'int type, size_t n_each'

cat >library.c <<'END_C'
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include "kernels/cuda/nccl.h"
#define MEMBER(type, name, arguments) type(*name) arguments;
static struct { NCCL_FUNCTIONS(MEMBER) } nccl;
#define FIND(type, name, arguments) \
	if (!(p = dlsym(l, "nccl" #name))) return printf("no nccl%s\n", #name), 1; \
	memcpy(&nccl.name, &p, sizeof p);
int main(void)
{
	void *p, *l = dlopen("libnccl.so.2", RTLD_NOW);
	struct nccl_id id = {{0}}, none = id;
	int version = 0;
	if (!l) return puts("no library"), 0;
	NCCL_FUNCTIONS(FIND)
	if (nccl.GetVersion(&version) || version < NCCL_CONFIG_VERSION) return puts("no version"), 1;
	if (nccl.GetUniqueId(&id) || !memcmp(&id, &none, sizeof id)) return puts("no id"), 1;
	return strcmp(nccl.GetErrorString(NCCL_SUCCESS), "no error") != 0;
}
END_C
check "a program of ours opens the library" \
	"${CC:-gcc}" -std=c17 -D_GNU_SOURCE -I"$TOP" -o library library.c -ldl
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}:/usr/local/cuda/lib64
if ./library | grep -q 'no library'; then
	skip "NVIDIA's library has all of it and makes an id" "libnccl.so.2 is not here"
else
	check "NVIDIA's library has all of it and makes an id" ./library
fi
tap_done
