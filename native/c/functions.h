/* The functions of an engine as JavaScript calls them: integers in, and at most one array, which are checked; an integer out. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "engine_handle.h"

/* Arguments of the longest function. */
#define MOST_ARGUMENTS 10
#define FUNCTIONS 24

struct function {
  const char *name;
  int count;
  /* The argument that is an array of the caller's, outside of the arena, in whose place among the integers stands its length; 0: none. */
  int array;
  /* Whether everything that the call reaches lies in the arena, or in that array. */
  int (*fits)(const struct engine *, const int32_t *);
  int32_t (*call)(const struct build *, float *arena, float *array, const int32_t *);
};

extern const struct function functions[FUNCTIONS];

#endif
