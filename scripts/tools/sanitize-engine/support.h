/*
 * Random sizes, and buffers in an arena for the functions of the addon: each between red zones where AddressSanitizer watches. Every
 * thread has an arena and an engine of its own.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stddef.h>

#include "engine.h"
#include "functions.h"

extern _Thread_local struct engine engine;

/* RUNS SEED, both optional. Returns the runs. */
long read_arguments(int count, char **arguments);
/* Of this thread; the calling one has that of the arguments. */
void start_random(uint32_t seed);
int between(int low, int high);

/* A buffer of exactly so many floats, between red zones; filled with small numbers. */
index_t buffer(long floats);
index_t integers(const int32_t *values, long count);
index_t structure(const void *fields, size_t bytes);
float *at_index(index_t at);

/* Empties the arena but for what is kept; what was in it is not to be touched any more. */
void start_over(void);
/* What is there stays. */
void keep_all(void);
void free_arena(void);

/* A function of the addon's table, with the addon's checks: it ends the program where they refuse the arguments. */
#define CALL(name, ...) \
  call(#name, (const int32_t[]){__VA_ARGS__}, (int)(sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)))
int32_t call(const char *name, const int32_t *arguments, int count);

/* A call that the checks have let pass. An array of the caller's is made for it, as long as its arguments say. */
int32_t run_function(const struct function *function, const int32_t *a);

long with_padding(long columns);
long whole_vectors(long units);
int gates_of(int cell);
/* Slots of the reserve, and of the gradients where there is none. */
int slots_of(int cell);

index_t weight(int gates, int units, int columns, int is_transposed, int first_gate);
index_t bias(int gates, int units, int added_gates);
/* Rows sorted by length, longest first, and how many have each step. Returns how many in all. */
int lengths(int steps, int batch, int32_t *order, int32_t *counts);

#endif
