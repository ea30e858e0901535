/*
 * Included before every file of the engine: its functions get the name of the instruction set that they are compiled for, so that
 * several builds are linked into one library. A name that is missing here is defined twice, and the linker says so.
 */
#ifndef NAMES_H
#define NAMES_H

#define JOIN_NAMES(name, set) name##_##set
#define NAME_OF(name, set) JOIN_NAMES(name, set)

#define forward_scratch NAME_OF(forward_scratch, SET)
#define backward_scratch NAME_OF(backward_scratch, SET)
#define forward NAME_OF(forward, SET)
#define backward NAME_OF(backward, SET)
#define packed_size NAME_OF(packed_size, SET)
#define packed_transposed_size NAME_OF(packed_transposed_size, SET)
#define pack_weight NAME_OF(pack_weight, SET)
#define pack_transposed NAME_OF(pack_transposed, SET)
#define pack_bias NAME_OF(pack_bias, SET)
#define add_bias NAME_OF(add_bias, SET)
#define pack_sequence NAME_OF(pack_sequence, SET)
#define unpack_sequence NAME_OF(unpack_sequence, SET)
#define pack_values NAME_OF(pack_values, SET)
#define unpack_values NAME_OF(unpack_values, SET)
#define input_gradient NAME_OF(input_gradient, SET)
#define weight_gradient NAME_OF(weight_gradient, SET)
#define weight_gradient_scratch NAME_OF(weight_gradient_scratch, SET)
#define bias_gradient NAME_OF(bias_gradient, SET)
#define work NAME_OF(work, SET)
#define await_round NAME_OF(await_round, SET)
#define abandon NAME_OF(abandon, SET)
#define look NAME_OF(look, SET)
#define nap NAME_OF(nap, SET)
#define activation NAME_OF(activation, SET)

#endif
