/*
 * What a native build checks before it runs, since no sandbox holds it: every index, size and stride, and the integers in memory that
 * are indices themselves. A call is refused whole, and has changed nothing.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include "engine_handle.h"

/* The engine whose function this thread runs: jobs of its queue are held to it. */
extern _Thread_local const struct engine *current_engine;

/* 1: `count` floats from `at` lie in the arena. Nothing lies at 0. */
int lies_inside(const struct engine *e, int64_t at, int64_t count);

/* 1: no float of the arena is among `count` floats from there. */
int lies_outside(const struct engine *e, const float *from, int64_t count);

/* 1: everything that a job (enum job) reaches lies in the arena. `at` is where its struct lies. */
int job_fits(const struct engine *e, int32_t job, index_t at);

/* A struct queue lies in the arena, with no more jobs than it has places: each is checked when it is taken. */
int queue_fits(const struct engine *e, index_t at);

/* The teams of the jobs in such a queue lie in the arena. */
int teams_fit(const struct engine *e, index_t at);

/* Sizes, of which no product or sum leaves 64 bits. */
int forward_scratch_fits(const struct engine *e, const int32_t *a);
int backward_scratch_fits(const struct engine *e, const int32_t *a);
int packed_size_fits(const struct engine *e, const int32_t *a);
int weight_gradient_scratch_fits(const struct engine *e, const int32_t *a);

/* What a call of a function reaches, by its arguments, lies in the arena; the first argument stands for the arena. */
int pack_weight_fits(const struct engine *e, const int32_t *a);
int pack_transposed_fits(const struct engine *e, const int32_t *a);
int pack_bias_fits(const struct engine *e, const int32_t *a);
int add_bias_fits(const struct engine *e, const int32_t *a);
int pack_sequence_fits(const struct engine *e, const int32_t *a);
int unpack_sequence_fits(const struct engine *e, const int32_t *a);
int pack_values_fits(const struct engine *e, const int32_t *a);
int unpack_values_fits(const struct engine *e, const int32_t *a);
int bias_gradient_fits(const struct engine *e, const int32_t *a);
int activation_fits(const struct engine *e, const int32_t *a);

#endif
