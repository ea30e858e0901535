/* The functions of an engine as JavaScript calls them: integers in, which are checked, an integer out. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "engine_handle.h"

/* Arguments of the longest function. */
#define MOST_ARGUMENTS 10
#define FUNCTIONS 22

struct function {
  const char *name;
  int count;
  /* Whether everything that the call reaches lies in the arena. */
  int (*fits)(const struct engine *, const int32_t *);
  int32_t (*call)(const struct build *, float *, const int32_t *);
};

extern const struct function functions[FUNCTIONS];

#endif
