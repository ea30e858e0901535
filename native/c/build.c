/* The table of the functions of one build; compiled with names.h and SET as they are. */

#include "build.h"
#include "engine.h"
#include "packing/sequence.h"

#define TEXT_OF(set) #set
#define TEXT(set) TEXT_OF(set)

const struct build NAME_OF(build, SET) = {
  .set = TEXT(SET),
  .pad = PAD,
  .vector = VL,
  .forward_scratch = forward_scratch,
  .backward_scratch = backward_scratch,
  .forward = forward,
  .backward = backward,
  .packed_size = packed_size,
  .packed_transposed_size = packed_transposed_size,
  .pack_weight = pack_weight,
  .pack_transposed = pack_transposed,
  .pack_bias = pack_bias,
  .add_bias = add_bias,
  .pack_sequence = pack_sequence,
  .unpack_sequence = unpack_sequence,
  .pack_values = pack_values,
  .unpack_values = unpack_values,
  .input_gradient = input_gradient,
  .weight_gradient = weight_gradient,
  .weight_gradient_scratch = weight_gradient_scratch,
  .bias_gradient = bias_gradient,
  .work = work,
  .await_round = await_round,
  .abandon = abandon,
  .look = look,
  .nap = nap,
  .activation = activation,
};
