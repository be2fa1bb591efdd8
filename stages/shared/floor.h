/* Parameters of the floor "random convolutions" (ecg/convolutions.h), rows of a table of struct param; in:
 * NULL for embed, in whose section they are given, else its name. */
#ifndef STAGES_SHARED_FLOOR_H
#define STAGES_SHARED_FLOOR_H

#include "common/params.h"

#define FLOOR_PARAMS(in)                                                                                     \
	{"convolutions",                                                                                     \
	 PARAM_INT,                                                                                          \
	 .unit = "kernels",                                                                                  \
	 .min = 0,                                                                                           \
	 .max = 100000,                                                                                      \
	 .otherwise = "400",                                                                                 \
	 .section = in,                                                                                      \
	 .help = "random convolutions, the floor an encoder must beat; each gives two features. 0: none"},   \
	{                                                                                                    \
		"convolution_seed", PARAM_INT, .min = 0, .max = 4294967295, .otherwise = "1", .section = in, \
					       .help = "which ones"                                          \
	}

#endif
