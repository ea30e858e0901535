#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "mutate.h"

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED
#endif
#endif

/* A fuzzed call may reach every buffer of the arena: only its ends are watched. */
#if defined(WATCHED) && !defined(FUZZ)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#ifdef FUZZ
#define ARENA_FLOATS (1 << 22)
#else
#define ARENA_FLOATS (1 << 24)
#endif
#define RED_ZONE 64

extern const struct build build_sanitized;

_Thread_local struct engine engine;
static _Thread_local long top, kept;
static _Thread_local uint32_t state = 1;

static uint32_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

void start_random(uint32_t seed) { state = seed ? seed : 1; }

long read_arguments(int count, char **arguments) {
  start_random(count > 2 ? (uint32_t)atol(arguments[2]) : 1);
  return count > 1 ? atol(arguments[1]) : 1000;
}

int between(int low, int high) { return low + (int)(next_random() % (uint32_t)(high - low + 1)); }

float *at_index(index_t at) { return engine.arena + at; }

index_t buffer(long floats) {
  long at = top + RED_ZONE;
  top = (at + floats + 15) / 16 * 16;
  if (top + RED_ZONE > ARENA_FLOATS) abort();
  ASAN_UNPOISON_MEMORY_REGION(engine.arena + at, (size_t)floats * 4);
  for (long i = 0; i < floats; i++) engine.arena[at + i] = (float)(between(-1000, 1000)) / 1000.f;
  return (index_t)at;
}

index_t integers(const int32_t *values, long count) {
  index_t at = buffer(count);
  memcpy(at_index(at), values, (size_t)count * 4);
  return at;
}

index_t structure(const void *fields, size_t bytes) { return integers(fields, (long)(bytes / 4)); }

void start_over(void) {
  if (!engine.arena) {
    engine = (struct engine){&build_sanitized, aligned_alloc(64, sizeof(float) * ARENA_FLOATS), ARENA_FLOATS};
    if (!engine.arena) abort();
    top = ARENA_FLOATS;
  }
  ASAN_POISON_MEMORY_REGION(engine.arena + kept, sizeof(float) * (size_t)(top - kept));
  top = kept;
}

void keep_all(void) { kept = top; }

void free_arena(void) {
  ASAN_UNPOISON_MEMORY_REGION(engine.arena, sizeof(float) * ARENA_FLOATS);
  free(engine.arena);
  engine = (struct engine){0};
  top = kept = 0;
}

static const struct function *find_function(const char *name) {
  for (int i = 0; i < FUNCTIONS; i++)
    if (!strcmp(functions[i].name, name)) return &functions[i];
  fprintf(stderr, "there is no function %s\n", name);
  abort();
}

int32_t run_function(const struct function *function, const int32_t *a) {
  if (!function->array) return function->call(engine.build, engine.arena, 0, a);
  /* Of exactly its length: AddressSanitizer watches its ends. */
  float *array = calloc((size_t)a[function->array], sizeof *array);
  if (!array) abort();
  const int32_t result = function->call(engine.build, engine.arena, array, a);
  free(array);
  return result;
}

int32_t call(const char *name, const int32_t *arguments, int count) {
  const struct function *function = find_function(name);
  int32_t a[MOST_ARGUMENTS] = {0};
  if (count != function->count) abort();
  memcpy(a, arguments, (size_t)count * 4);
  current_engine = &engine;
#ifdef FUZZ
  fuzz(function, a);
#endif
  if (!function->fits(&engine, a)) {
    if (may_be_refused()) return 0;
    fprintf(stderr, "%s refuses what is right\n", name);
    abort();
  }
  return run_function(function, a);
}


static long multiple_of(long unit, long n) { return (n + unit - 1) / unit * unit; }
long with_padding(long columns) { return multiple_of(engine.build->pad, columns); }
long whole_vectors(long units) { return multiple_of(engine.build->vector, units); }

int gates_of(int cell) { return cell == CELL_GRU ? 3 : cell == CELL_LSTM ? 4 : 1; }
int slots_of(int cell) { return cell == CELL_GRU ? 4 : cell == CELL_LSTM ? 5 : 1; }

index_t weight(int gates, int units, int columns, int is_transposed, int first_gate) {
  index_t from = buffer((long)gates * units * columns);
  if (is_transposed) {
    index_t to = buffer(CALL(packed_transposed_size, gates, units, columns));
    CALL(pack_transposed, 0, from, to, gates, units, columns, first_gate);
    return to;
  }
  index_t to = buffer(CALL(packed_size, gates, units, columns));
  CALL(pack_weight, 0, from, to, gates, units, columns);
  return to;
}

index_t bias(int gates, int units, int added_gates) {
  index_t from = buffer((long)gates * units), other = buffer((long)gates * units), to = buffer(gates * with_padding(units));
  CALL(pack_bias, 0, from, other, to, gates, units, added_gates);
  return to;
}

int lengths(int steps, int batch, int32_t *order, int32_t *counts) {
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
