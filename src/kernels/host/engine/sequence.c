/* Sequences: a caller's [B, T, width] or [T, B, width] to the packed order and back. */

#include "engine.h"
#include "vec.h"

INLINE void copy(float *to, const float *from, long width) {
  for (long j = 0; j < width; j += VL) store_part(to + j, load_part(from + j, width - j), width - j);
}

INLINE void clear(float *to, long width) {
  for (long j = 0; j < width; j += VL) store_part(to + j, (vf){0}, width - j);
}

/* Where row b has its step t in a caller's sequence, in elements. */
INLINE long place(long b, long t, long batch, long steps, int batch_first) {
  return batch_first ? b * steps + t : t * batch + b;
}

EXPORT(pack_sequence)
void pack_sequence(float *arena, index_t from, index_t to, index_t order, index_t counts, int32_t steps, int32_t batch,
                   int32_t width, int32_t batch_first) {
  const int32_t *rows = (const int32_t *)(arena + order), *count = (const int32_t *)(arena + counts);
  float *out = arena + to;
  for (long t = 0; t < steps; t++)
    for (long i = 0; i < count[t]; i++, out += width)
      copy(out, arena + from + place(rows[i], t, batch, steps, batch_first) * width, width);
}

EXPORT(unpack_sequence)
void unpack_sequence(float *arena, index_t from, index_t to, index_t order, index_t counts, int32_t steps, int32_t batch,
                     int32_t width, int32_t batch_first) {
  const int32_t *rows = (const int32_t *)(arena + order), *count = (const int32_t *)(arena + counts);
  const float *in = arena + from;
  for (long t = 0; t < steps; t++) {
    for (long i = 0; i < batch; i++) {
      float *out = arena + to + place(rows[i], t, batch, steps, batch_first) * width;
      if (i < count[t]) {
        copy(out, in, width);
        in += width;
      } else {
        clear(out, width);
      }
    }
  }
}
