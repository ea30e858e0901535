/* One build of the engine: its functions, compiled for one instruction set. engine.h says what they do. */
#ifndef BUILD_H
#define BUILD_H

#include <stdint.h>

typedef int32_t index_t;

struct build {
  const char *set;
  /* PAD and VL of machine.h. */
  int32_t pad, vector;
  int32_t (*forward_scratch)(int32_t, int32_t, int32_t, int32_t, int32_t);
  int32_t (*backward_scratch)(int32_t, int32_t, int32_t, int32_t);
  int32_t (*forward)(float *, index_t);
  void (*backward)(float *, index_t);
  int32_t (*packed_size)(int32_t, int32_t, int32_t);
  int32_t (*packed_transposed_size)(int32_t, int32_t, int32_t);
  void (*pack_weight)(float *, index_t, index_t, int32_t, int32_t, int32_t);
  void (*pack_transposed)(float *, index_t, index_t, int32_t, int32_t, int32_t, int32_t);
  void (*pack_bias)(float *, index_t, index_t, index_t, int32_t, int32_t, int32_t);
  void (*add_bias)(float *, index_t, index_t, int32_t, int32_t);
  void (*pack_sequence)(float *, index_t, index_t, index_t, index_t, int32_t, int32_t, int32_t, int32_t, int32_t);
  void (*unpack_sequence)(float *, index_t, index_t, index_t, index_t, int32_t, int32_t, int32_t, int32_t, int32_t);
  void (*pack_values)(float *, const float *, index_t, index_t, index_t, int32_t, int32_t, int32_t, int32_t, int32_t);
  void (*unpack_values)(float *, index_t, float *, index_t, index_t, int32_t, int32_t, int32_t, int32_t, int32_t);
  void (*input_gradient)(float *, index_t);
  void (*weight_gradient)(float *, index_t);
  int32_t (*weight_gradient_scratch)(int32_t, int32_t);
  void (*bias_gradient)(float *, index_t, int32_t, index_t, index_t, int32_t, int32_t, int32_t, int32_t);
  void (*work)(float *, index_t, int32_t);
  int32_t (*await_round)(float *, index_t, int32_t);
  void (*abandon)(float *, index_t);
  int32_t (*look)(float *, index_t, int32_t, int32_t);
  int32_t (*nap)(float *, index_t, int32_t, int32_t);
  void (*activation)(float *, int32_t, index_t, index_t, int32_t);
};

#endif
