/*
 * The one function of build/lib/team_mpi.so. It is built with the machine's mpicc (Open MPI or MPICH) where
 * there is one, and opened by team_join; what it needs of the program that opens it comes as a table.
 */
#ifndef COMMON_MPI_TEAM_MPI_H
#define COMMON_MPI_TEAM_MPI_H

#include "common/team_transport.h"

/* MPI_Init, and the team of all its processes. Does not return if MPI cannot start. */
struct team *team_mpi_join(const struct team_host *host);

#endif
