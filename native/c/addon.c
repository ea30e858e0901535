/*
 * The engine as an addon of Node-API: engines over memory that JavaScript owns, their functions, and workers.
 *
 *     open(memory: Int32Array, set: string) -> engine       set '': the best that this processor has
 *     sets() -> string[]                                     the instruction sets that run here, the best first
 *     version: string, abi: number[]                         what the caller must agree with
 *
 * An engine has `set`, `pad` and `vector` (PAD and VL of machine.h), and the functions of engine.h: integers in, an integer out; the
 * first argument stands for the arena. Those of packing/sequence.h take a Float32Array, too. `attach` takes the memory again when it
 * has grown. `wake(at)` wakes threads that sleep on an integer. `startWorker` is in pool.c.
 */

#include "addon.h"

#include <stdlib.h>

#include "checks.h"
#include "engine.h"
#include "functions.h"
#include "pool.h"
#include "sets.h"

/* An engine, and one of its functions. */
struct bound {
  struct engine_of_env *owner;
  const struct function *function;
};

struct engine_of_env {
  struct engine engine;
  /* Keeps the memory. */
  napi_ref memory;
  struct pool pool;
  struct bound bound[FUNCTIONS];
};

static napi_value integer(napi_env env, int32_t value) {
  napi_value result = 0;
  napi_create_int32(env, value, &result);
  return result;
}

/* A Float32Array. Not of the arena: what the call writes there must not change the integers that it goes by. */
static int read_array(napi_env env, napi_value value, const struct engine *engine, float **array, int32_t *length) {
  napi_typedarray_type type;
  size_t count;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, &count, &data, 0, 0) != napi_ok || type != napi_float32_array ||
      count > INT32_MAX || !lies_outside(engine, data, (int64_t)count))
    return 0;
  *array = data;
  *length = (int32_t)count;
  return 1;
}

static napi_value call(napi_env env, napi_callback_info info) {
  napi_value values[MOST_ARGUMENTS];
  size_t given = MOST_ARGUMENTS;
  void *data;
  if (napi_get_cb_info(env, info, &given, values, 0, &data) != napi_ok) return 0;
  const struct bound *bound = data;
  const struct engine *engine = &bound->owner->engine;
  const struct function *function = bound->function;
  int32_t a[MOST_ARGUMENTS] = {0};
  float *array = 0;
  for (int i = 0; i < function->count; i++) {
    const int is_array = i > 0 && i == function->array;
    if (i < (int)given && (is_array ? read_array(env, values[i], engine, &array, &a[i])
                                    : napi_get_value_int32(env, values[i], &a[i]) == napi_ok))
      continue;
    napi_throw_type_error(env, 0, is_array ? "an argument is no Float32Array outside of the engine's memory" : "an argument is no number");
    return 0;
  }
  if (!function->fits(engine, a)) {
    napi_throw_range_error(env, 0, "what the arguments reach does not lie in the engine's memory, or in the array");
    return 0;
  }
  current_engine = engine;
  return integer(env, function->call(engine->build, engine->arena, array, a));
}

/* Takes the memory, which lies where it did: it only grows. */
static int take_memory(napi_env env, napi_value array, struct engine *engine) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  napi_status status = napi_get_typedarray_info(env, array, &type, &length, &data, 0, 0);
  if (status != napi_ok || type != napi_int32_array || ((uintptr_t)data & 63) != 0 || length > INT32_MAX ||
      (engine->arena && (engine->arena != data || (int64_t)length < engine->limit))) {
    napi_throw_type_error(env, 0, "expected the engine's memory as an Int32Array on a cache line");
    return 0;
  }
  engine->arena = data;
  __atomic_store_n(&engine->limit, (int64_t)length, __ATOMIC_SEQ_CST);
  return 1;
}

static napi_value attach(napi_env env, napi_callback_info info) {
  napi_value array;
  size_t given = 1;
  void *data;
  if (napi_get_cb_info(env, info, &given, &array, 0, &data) != napi_ok) return 0;
  take_memory(env, array, &((struct engine_of_env *)data)->engine);
  return 0;
}

static napi_value start_worker(napi_env env, napi_callback_info info) {
  napi_value values[3];
  size_t given = 3;
  void *data;
  if (napi_get_cb_info(env, info, &given, values, 0, &data) != napi_ok) return 0;
  struct engine_of_env *owner = data;
  int32_t queue = 0, state = 0;
  if (napi_get_value_int32(env, values[0], &queue) != napi_ok ||
      napi_get_value_int32(env, values[1], &state) != napi_ok || !queue_fits(&owner->engine, queue) ||
      !lies_inside(&owner->engine, state, 1)) {
    napi_throw_range_error(env, 0, "a worker needs a queue and a state in the engine's memory");
    return 0;
  }
  return pool_start(env, &owner->pool, &owner->engine, queue, state, values[2]);
}

/* The environment ends: no thread may use its memory any more. */
static void end_engine(void *data) {
  struct engine_of_env *owner = data;
  pool_end(&owner->pool);
  free(owner);
}

static void set_property(napi_env env, napi_value object, const char *name, napi_value value) {
  if (value) napi_set_named_property(env, object, name, value);
}

static napi_value function_of(napi_env env, const char *name, napi_callback callback, void *data) {
  napi_value result = 0;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &result);
  return result;
}

static napi_value text(napi_env env, const char *value) {
  napi_value result = 0;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
  return result;
}

static napi_value open_engine(napi_env env, napi_callback_info info) {
  napi_value values[2], result;
  size_t given = 2, length;
  char set[16] = "";
  if (napi_get_cb_info(env, info, &given, values, 0, 0) != napi_ok) return 0;
  napi_get_value_string_utf8(env, values[1], set, sizeof set, &length);
  const struct build *build = find_build(set);
  if (!build) {
    napi_throw_range_error(env, 0, "this processor has no such instruction set");
    return 0;
  }
  struct engine_of_env *owner = calloc(1, sizeof *owner);
  if (!owner) {
    napi_throw_error(env, 0, "no memory");
    return 0;
  }
  owner->engine.build = build;
  if (!take_memory(env, values[0], &owner->engine)) {
    free(owner);
    return 0;
  }
  napi_create_reference(env, values[0], 1, &owner->memory);
  napi_add_env_cleanup_hook(env, end_engine, owner);
  napi_create_object(env, &result);
  set_property(env, result, "set", text(env, build->set));
  set_property(env, result, "pad", integer(env, build->pad));
  set_property(env, result, "vector", integer(env, build->vector));
  for (int i = 0; i < FUNCTIONS; i++) {
    owner->bound[i] = (struct bound){owner, &functions[i]};
    set_property(env, result, functions[i].name, function_of(env, functions[i].name, call, &owner->bound[i]));
  }
  set_property(env, result, "attach", function_of(env, "attach", attach, owner));
  set_property(env, result, "startWorker", function_of(env, "startWorker", start_worker, owner));
  return result;
}

static napi_value sets(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_create_array(env, &result);
  const char *const *names = available_sets();
  for (uint32_t i = 0; names[i]; i++) napi_set_element(env, result, i, text(env, names[i]));
  return result;
}

/* Integers of each struct, and constants, in the order of native.ts: what both sides must agree on. */
static napi_value abi(napi_env env) {
  const int32_t numbers[] = {
    sizeof(struct direction) / 4,
    sizeof(struct input_gradient) / 4,
    sizeof(struct weight_gradient) / 4,
    sizeof(struct team) / 4,
    sizeof(struct queue) / 4,
    sizeof(struct queued_job) / 4,
    QUEUE_CAPACITY,
    CELL_LSTM,
    JOB_WEIGHT_GRADIENT,
    FUNCTIONS,
  };
  napi_value result;
  napi_create_array(env, &result);
  for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) napi_set_element(env, result, i, integer(env, numbers[i]));
  return result;
}

NAPI_MODULE_INIT() {
  set_property(env, exports, "open", function_of(env, "open", open_engine, 0));
  set_property(env, exports, "sets", function_of(env, "sets", sets, 0));
  set_property(env, exports, "version", text(env, VERSION));
  set_property(env, exports, "abi", abi(env));
  return exports;
}
