/*
 * The name of the contract that all arithmetic on the host keeps (docs/numerics.md): under it equal sources
 * give equal bits on any CPU. It is the numerics class of what is computed so, part of each action key.
 */
#ifndef NUMBERS_CONTRACT_H
#define NUMBERS_CONTRACT_H

#define CONTRACT_HOST "cpu/2"

/* CONTRACT_HOST, for a stage that computes on no device. */
const char *contract_host(void);

#endif
