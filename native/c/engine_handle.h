/* An engine as the addon holds it: a build of the functions, and the memory that they work on. */
#ifndef ENGINE_HANDLE_H
#define ENGINE_HANDLE_H

#include <stdint.h>

#include "build.h"

struct engine {
  const struct build *build;
  float *arena;
  /* Floats of the arena. It only grows. */
  int64_t limit;
};

#endif
