/* Random sizes, and buffers in an arena for the engine's functions: each between red zones where AddressSanitizer watches. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include "../../../src/kernels/host/c/engine.h"

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED
#endif
#endif

#ifdef WATCHED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define ARENA_FLOATS (1 << 24)
#define RED_ZONE 64

static float *arena;
static long top;
static uint32_t state;

static uint32_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/* RUNS SEED, both optional. Returns the runs. */
static long read_arguments(int count, char **arguments) {
  state = count > 2 ? (uint32_t)atol(arguments[2]) : 1;
  if (state == 0) state = 1;
  return count > 1 ? atol(arguments[1]) : 1000;
}

static int between(int low, int high) { return low + (int)(next_random() % (uint32_t)(high - low + 1)); }

/* A buffer of exactly so many floats, between red zones; filled with small numbers. */
static index_t buffer(long floats) {
  long at = top + RED_ZONE;
  top = (at + floats + 15) / 16 * 16;
  if (top + RED_ZONE > ARENA_FLOATS) abort();
  ASAN_UNPOISON_MEMORY_REGION(arena + at, (size_t)floats * 4);
  for (long i = 0; i < floats; i++) arena[at + i] = (float)(between(-1000, 1000)) / 1000.f;
  return (index_t)at;
}

static index_t integers(const int32_t *values, long count) {
  index_t at = buffer(count);
  for (long i = 0; i < count; i++) ((int32_t *)(arena + at))[i] = values[i];
  return at;
}

static index_t structure(const void *fields, size_t bytes) { return integers(fields, (long)(bytes / 4)); }

static long padded(long columns) { return (columns + 7) / 8 * 8; }

static int gates_of(int cell) { return cell == CELL_GRU ? 3 : cell == CELL_LSTM ? 4 : 1; }
static int slots_of(int cell) { return cell == CELL_GRU ? 4 : cell == CELL_LSTM ? 5 : 1; }

static index_t weight(int gates, int units, int columns, int is_transposed, int first_gate) {
  index_t from = buffer((long)gates * units * columns);
  if (is_transposed) {
    index_t to = buffer(packed_transposed_size(gates, units, columns));
    pack_transposed(arena, from, to, gates, units, columns, first_gate);
    return to;
  }
  index_t to = buffer(packed_size(gates, units, columns));
  pack_weight(arena, from, to, gates, units, columns);
  return to;
}

static index_t bias(int gates, int units, int added_gates) {
  index_t from = buffer((long)gates * units), other = buffer((long)gates * units), to = buffer(gates * padded(units));
  pack_bias(arena, from, other, to, gates, units, added_gates);
  return to;
}

/* Rows sorted by length, longest first, and how many have each step. */
static int lengths(int steps, int batch, int32_t *order, int32_t *counts) {
  int rows = 0, length = steps;
  for (int t = 0; t < steps; t++) counts[t] = 0;
  for (int b = 0; b < batch; b++) {
    order[b] = batch - 1 - b;
    if (between(0, 2) == 0) length = between(0, length);
    for (int t = 0; t < length; t++) counts[t]++;
    rows += length;
  }
  return rows;
}

/* Empties the arena; what was in it is not to be touched any more. */
static void start_over(void) {
  if (!arena) arena = aligned_alloc(64, sizeof(float) * ARENA_FLOATS);
  if (!arena) abort();
  ASAN_POISON_MEMORY_REGION(arena, sizeof(float) * (top ? (size_t)top : ARENA_FLOATS));
  top = 0;
}

#endif
