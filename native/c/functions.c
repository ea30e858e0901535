#include "functions.h"

#include "checks.h"
#include "engine.h"
#include "threads/wait.h"

#define UNUSED __attribute__((unused))
#define ARGUMENTS UNUSED const struct build *b, UNUSED float *arena, UNUSED float *array, const int32_t *a
static int32_t call_forward_scratch(ARGUMENTS) { return b->forward_scratch(a[0], a[1], a[2], a[3], a[4]); }
static int32_t call_backward_scratch(ARGUMENTS) { return b->backward_scratch(a[0], a[1], a[2], a[3]); }
static int32_t call_forward(ARGUMENTS) { return b->forward(arena, a[1]); }
static int32_t call_backward(ARGUMENTS) { b->backward(arena, a[1]); return 0; }
static int32_t call_packed_size(ARGUMENTS) { return b->packed_size(a[0], a[1], a[2]); }
static int32_t call_packed_transposed_size(ARGUMENTS) { return b->packed_transposed_size(a[0], a[1], a[2]); }
static int32_t call_pack_weight(ARGUMENTS) { b->pack_weight(arena, a[1], a[2], a[3], a[4], a[5]); return 0; }
static int32_t call_pack_transposed(ARGUMENTS) { b->pack_transposed(arena, a[1], a[2], a[3], a[4], a[5], a[6]); return 0; }
static int32_t call_pack_bias(ARGUMENTS) { b->pack_bias(arena, a[1], a[2], a[3], a[4], a[5], a[6]); return 0; }
static int32_t call_add_bias(ARGUMENTS) { b->add_bias(arena, a[1], a[2], a[3], a[4]); return 0; }
static int32_t call_pack_sequence(ARGUMENTS) {
  b->pack_sequence(arena, a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
  return 0;
}
static int32_t call_unpack_sequence(ARGUMENTS) {
  b->unpack_sequence(arena, a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
  return 0;
}
static int32_t call_pack_values(ARGUMENTS) {
  b->pack_values(arena, array, a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
  return 0;
}
static int32_t call_unpack_values(ARGUMENTS) {
  b->unpack_values(arena, a[1], array, a[3], a[4], a[5], a[6], a[7], a[8], a[9]);
  return 0;
}
static int32_t call_input_gradient(ARGUMENTS) { b->input_gradient(arena, a[1]); return 0; }
static int32_t call_weight_gradient(ARGUMENTS) { b->weight_gradient(arena, a[1]); return 0; }
static int32_t call_weight_gradient_scratch(ARGUMENTS) { return b->weight_gradient_scratch(a[0], a[1]); }
static int32_t call_bias_gradient(ARGUMENTS) {
  b->bias_gradient(arena, a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8]);
  return 0;
}
static int32_t call_work(ARGUMENTS) { b->work(arena, a[1], a[2]); return 0; }
static int32_t call_abandon(ARGUMENTS) { b->abandon(arena, a[1]); return 0; }
static int32_t call_look(ARGUMENTS) { return b->look(arena, a[1], a[2], a[3]); }
static int32_t call_nap(ARGUMENTS) { return b->nap(arena, a[1], a[2], a[3]); }
static int32_t call_activation(ARGUMENTS) { b->activation(arena, a[1], a[2], a[3], a[4]); return 0; }
static int32_t call_wake(ARGUMENTS) { wake_all((int32_t *)(arena + a[0])); return 0; }

static int forward_job_fits(const struct engine *e, const int32_t *a) { return job_fits(e, JOB_FORWARD, a[1]); }
static int backward_job_fits(const struct engine *e, const int32_t *a) { return job_fits(e, JOB_BACKWARD, a[1]); }
static int input_gradient_job_fits(const struct engine *e, const int32_t *a) { return job_fits(e, JOB_INPUT_GRADIENT, a[1]); }
static int weight_gradient_job_fits(const struct engine *e, const int32_t *a) { return job_fits(e, JOB_WEIGHT_GRADIENT, a[1]); }
static int worked_queue_fits(const struct engine *e, const int32_t *a) { return queue_fits(e, a[1]); }
static int abandoned_queue_fits(const struct engine *e, const int32_t *a) { return queue_fits(e, a[1]) && teams_fit(e, a[1]); }
static int integer_fits(const struct engine *e, const int32_t *a) { return lies_inside(e, a[1], 1); }
static int woken_fits(const struct engine *e, const int32_t *a) { return lies_inside(e, a[0], 1); }

const struct function functions[] = {
  {"forward_scratch", 5, 0, forward_scratch_fits, call_forward_scratch},
  {"backward_scratch", 4, 0, backward_scratch_fits, call_backward_scratch},
  {"forward", 2, 0, forward_job_fits, call_forward},
  {"backward", 2, 0, backward_job_fits, call_backward},
  {"packed_size", 3, 0, packed_size_fits, call_packed_size},
  {"packed_transposed_size", 3, 0, packed_size_fits, call_packed_transposed_size},
  {"pack_weight", 6, 0, pack_weight_fits, call_pack_weight},
  {"pack_transposed", 7, 0, pack_transposed_fits, call_pack_transposed},
  {"pack_bias", 7, 0, pack_bias_fits, call_pack_bias},
  {"add_bias", 5, 0, add_bias_fits, call_add_bias},
  {"pack_sequence", 10, 0, pack_sequence_fits, call_pack_sequence},
  {"unpack_sequence", 10, 0, unpack_sequence_fits, call_unpack_sequence},
  {"pack_values", 10, 1, pack_values_fits, call_pack_values},
  {"unpack_values", 10, 2, unpack_values_fits, call_unpack_values},
  {"input_gradient", 2, 0, input_gradient_job_fits, call_input_gradient},
  {"weight_gradient", 2, 0, weight_gradient_job_fits, call_weight_gradient},
  {"weight_gradient_scratch", 2, 0, weight_gradient_scratch_fits, call_weight_gradient_scratch},
  {"bias_gradient", 9, 0, bias_gradient_fits, call_bias_gradient},
  {"work", 3, 0, worked_queue_fits, call_work},
  {"abandon", 2, 0, abandoned_queue_fits, call_abandon},
  {"look", 4, 0, integer_fits, call_look},
  {"nap", 4, 0, integer_fits, call_nap},
  {"activation", 5, 0, activation_fits, call_activation},
  {"wake", 1, 0, woken_fits, call_wake},
};
