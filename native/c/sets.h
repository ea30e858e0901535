/* The instruction sets of this library, best first, and which of them this processor has. */
#ifndef SETS_H
#define SETS_H

#include "build.h"

/* The best build that runs here, or the one of that name; null where there is none. */
const struct build *find_build(const char *set);

/* Names of all builds that run here, the best first; null ends the list. */
const char *const *available_sets(void);

#endif
