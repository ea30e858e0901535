#include "node.h"

#include <pthread.h>
#include <stdlib.h>

/* Messages that nobody has heard yet. */
#define MOST_MESSAGES 4096

struct napi_threadsafe_function__ {
  struct napi_threadsafe_function__ *next;
  napi_threadsafe_function_call_js call;
  void *context;
  pthread_mutex_t lock;
  void *messages[MOST_MESSAGES];
  int count, threads;
};

/* Those of this thread, as those of an environment of Node. */
static _Thread_local napi_threadsafe_function first;

static struct napi_env__ *const ENV = (struct napi_env__ *)1;
static struct napi_value__ *const VALUE = (struct napi_value__ *)1;

napi_env an_env(void) { return ENV; }
napi_value a_listener(void) { return VALUE; }

void deliver_messages(void) {
  for (napi_threadsafe_function f = first; f; f = f->next)
    for (;;) {
      pthread_mutex_lock(&f->lock);
      int is_any = f->count > 0;
      void *message = is_any ? f->messages[0] : 0;
      if (is_any) {
        f->count--;
        for (int i = 0; i < f->count; i++) f->messages[i] = f->messages[i + 1];
      }
      pthread_mutex_unlock(&f->lock);
      if (!is_any) break;
      f->call(ENV, VALUE, f->context, message);
    }
}

void close_functions(void) {
  while (first) {
    napi_threadsafe_function f = first;
    first = f->next;
    if (f->threads) abort();
    pthread_mutex_destroy(&f->lock);
    free(f);
  }
}

napi_status napi_create_threadsafe_function(napi_env env, napi_value function, napi_value resource, napi_value name,
                                            size_t most, size_t threads, void *data, napi_finalize finalize,
                                            void *context, napi_threadsafe_function_call_js call,
                                            napi_threadsafe_function *result) {
  (void)env, (void)function, (void)resource, (void)name, (void)most, (void)data, (void)finalize;
  napi_threadsafe_function f = calloc(1, sizeof *f);
  if (!f) return napi_generic_failure;
  pthread_mutex_init(&f->lock, 0);
  f->call = call;
  f->context = context;
  f->threads = (int)threads;
  f->next = first;
  first = f;
  *result = f;
  return napi_ok;
}

napi_status napi_call_threadsafe_function(napi_threadsafe_function f, void *data, napi_threadsafe_function_call_mode mode) {
  (void)mode;
  pthread_mutex_lock(&f->lock);
  if (f->count == MOST_MESSAGES) abort();
  f->messages[f->count++] = data;
  pthread_mutex_unlock(&f->lock);
  return napi_ok;
}

napi_status napi_release_threadsafe_function(napi_threadsafe_function f, napi_threadsafe_function_release_mode mode) {
  (void)mode;
  pthread_mutex_lock(&f->lock);
  f->threads--;
  pthread_mutex_unlock(&f->lock);
  return napi_ok;
}

napi_status napi_create_object(napi_env env, napi_value *result) {
  (void)env;
  *result = VALUE;
  return napi_ok;
}

/* What the pool asks beside: nothing of it matters here. */
#define NOTHING(name, ...) \
  napi_status name(__VA_ARGS__) { return napi_ok; }
#pragma GCC diagnostic ignored "-Wunused-parameter"
NOTHING(napi_ref_threadsafe_function, napi_env env, napi_threadsafe_function f)
NOTHING(napi_unref_threadsafe_function, napi_env env, napi_threadsafe_function f)
NOTHING(napi_create_string_utf8, napi_env env, const char *text, size_t length, napi_value *result)
NOTHING(napi_create_int32, napi_env env, int32_t value, napi_value *result)
NOTHING(napi_get_undefined, napi_env env, napi_value *result)
NOTHING(napi_create_function, napi_env env, const char *name, size_t length, napi_callback call, void *data, napi_value *result)
NOTHING(napi_set_named_property, napi_env env, napi_value object, const char *name, napi_value value)
NOTHING(napi_get_cb_info, napi_env env, napi_callback_info info, size_t *count, napi_value *values, napi_value *receiver, void **data)
NOTHING(napi_get_value_bool, napi_env env, napi_value value, bool *result)
NOTHING(napi_call_function, napi_env env, napi_value receiver, napi_value function, size_t count, const napi_value *values, napi_value *result)
NOTHING(napi_throw_error, napi_env env, const char *code, const char *text)
NOTHING(napi_throw_type_error, napi_env env, const char *code, const char *text)
