/*
 * Several processes with a card each, as runtime.c sees them: which card this one takes (cards.c), and what
 * moves bytes between the cards (nccl.c). A process that works alone needs none of it.
 *
 *	nccl_open();                                   // NCCL's library
 *	cuda.SetDevice(cards_choose(n_devices, why));
 *	nccl_join();                                   // from now on device_exchange and device_gather work
 *	nccl_wait(cuda.StreamQuery, cuda.stream, "a copy");      // in place of cudaStreamSynchronize
 *
 * All processes make the same calls. None returns if something is missing or lost: the process ends with a
 * message, and the team with it.
 */
#ifndef KERNELS_CUDA_PEERS_H
#define KERNELS_CUDA_PEERS_H

/* The card of this process, 0..n_devices - 1 of those that it sees: its number among the processes of its
 * host that see the same ones. why: if there is none for this process, else NULL. Dies, in all, if there is
 * none for one, if there are more processes than cards, if two would have the same card, or if versions of
 * NCCL differ. */
int cards_choose(int n_devices, const char *why);

void nccl_open(void);
/* As NCCL counts: 22809 for 2.28.9. */
int nccl_version(void);
void nccl_join(void);

/* Until query(of), cudaStreamQuery or cudaEventQuery, says it is done, as long as no process is lost: at most
 * EINTHOVEN_PEER_TIMEOUT_S seconds. */
void nccl_wait(int (*query)(void *), void *of, const char *what);

#endif
