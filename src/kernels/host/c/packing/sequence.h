/* pack_sequence and unpack_sequence of a caller's sequence that may lie outside of the arena, which only native code reaches. */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include "../engine.h"

void pack_values(float *arena, const float *values, index_t to, index_t order, index_t counts, int32_t steps, int32_t batch,
                 int32_t group, int32_t width, int32_t batch_first);
void unpack_values(float *arena, index_t from, float *values, index_t order, index_t counts, int32_t steps, int32_t batch,
                   int32_t group, int32_t width, int32_t batch_first);

#endif
