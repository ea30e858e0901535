/**
 * A stand-in for cuDNN on machines without a GPU: kernels for the processor under the names of TensorFlow's ops, registered through
 * its C API, so that the true runtime checks the names, types and attributes of a call. It does not check shapes in eager mode, so these
 * refuse every wrong shape, size and length. Loaded by Node after tfjs-node-gpu.
 *
 * CUDNN_STAND_IN in the environment names a fault: gates, biases, directions, order, tf32 or refuses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

/** Of Node's API; its headers are not everywhere where Node is. */
int napi_throw_error(void *env, const char *code, const char *message);

static const char *const MODES[] = {"rnn_relu", "rnn_tanh", "lstm", "gru"};
static const long GATES_OF[] = {1, 1, 4, 3};
static const char *const FAULTS[] = {"", "gates", "biases", "directions", "order", "tf32", "refuses"};

/** What host_reserved holds. */
static const char MAGIC[8] = "reserved";

struct attributes {
  char mode[16], input_mode[20], direction[20];
  unsigned char time_major, training;
  float dropout;
  int64_t num_proj;
};

static struct attributes *attributes_of(TF_OpKernelConstruction *construction, bool is_forward) {
  struct attributes *all = calloc(1, sizeof *all);
  TF_Status *status = TF_NewStatus();
  TF_OpKernelConstruction_GetAttrString(construction, "rnn_mode", all->mode, sizeof all->mode - 1, status);
  TF_OpKernelConstruction_GetAttrString(construction, "input_mode", all->input_mode, sizeof all->input_mode - 1, status);
  TF_OpKernelConstruction_GetAttrString(construction, "direction", all->direction, sizeof all->direction - 1, status);
  TF_OpKernelConstruction_GetAttrBool(construction, "time_major", &all->time_major, status);
  TF_OpKernelConstruction_GetAttrFloat(construction, "dropout", &all->dropout, status);
  TF_OpKernelConstruction_GetAttrInt64(construction, "num_proj", &all->num_proj, status);
  if (is_forward) TF_OpKernelConstruction_GetAttrBool(construction, "is_training", &all->training, status);
  else all->training = 1;
  TF_DeleteStatus(status);
  return all;
}

static void *create_forward(TF_OpKernelConstruction *construction) { return attributes_of(construction, true); }
static void *create_backward(TF_OpKernelConstruction *construction) { return attributes_of(construction, false); }
static void destroy(void *all) { free(all); }

enum { X, H0, C0, PARAMS, LENGTHS, Y, HN, CN, DY, DHN, DCN, RESERVE, HOST_RESERVED, MOST_INPUTS };
static const char *const NAMES[] = {"input",         "input_h",         "input_c",           "params",
                                    "lengths",       "output",          "output_h",          "output_c",
                                    "d output",      "d output_h",      "d output_c",        "reserve_space",
                                    "host_reserved"};

struct context {
  TF_OpKernelContext *of;
  TF_Status *status;
  TF_Tensor *inputs[MOST_INPUTS];
  struct call call;
};

/** Ends the call with an error, once. */
static void refuse(struct context *c, const char *what, long is, long expected) {
  char text[160];
  if (TF_GetCode(c->status) != TF_OK) return;
  snprintf(text, sizeof text, "stand-in: %s: expected %ld, got %ld", what, expected, is);
  TF_SetStatus(c->status, TF_INVALID_ARGUMENT, text);
  TF_OpKernelContext_Failure(c->of, c->status);
}

static bool is_good(const struct context *c) { return TF_GetCode(c->status) == TF_OK; }

static void expect_shape(struct context *c, int input, int rank, const long *sizes) {
  const TF_Tensor *tensor = c->inputs[input];
  if (TF_NumDims(tensor) != rank) {
    refuse(c, NAMES[input], TF_NumDims(tensor), rank);
    return;
  }
  for (int i = 0; i < rank; i++)
    if (TF_Dim(tensor, i) != sizes[i]) refuse(c, NAMES[input], TF_Dim(tensor, i), sizes[i]);
}

static void read_sizes(struct context *c, const struct attributes *all) {
  struct call *call = &c->call;
  const char *fault = getenv("CUDNN_STAND_IN");
  for (int i = 0; fault && i <= REFUSES; i++)
    if (strcmp(fault, FAULTS[i]) == 0) call->fault = i;
  if (call->fault == REFUSES) refuse(c, "fault", 1, 0);
  int mode = -1;
  for (int i = 0; i <= GRU; i++)
    if (strcmp(all->mode, MODES[i]) == 0) mode = i;
  if (mode < 0) refuse(c, "rnn_mode", mode, 0);
  if (strcmp(all->input_mode, "linear_input")) refuse(c, "input_mode", 1, 0);
  const bool is_bidirectional = strcmp(all->direction, "bidirectional") == 0;
  if (!is_bidirectional && strcmp(all->direction, "unidirectional")) refuse(c, "direction", 1, 0);
  // TensorFlow would fail for rows of several lengths after full ones of the same size: see op.ts.
  if (all->time_major) refuse(c, "time_major", 1, 0);
  if (all->dropout != 0) refuse(c, "dropout", 1, 0);
  if (all->num_proj != 0) refuse(c, "num_proj", all->num_proj, 0);
  if (TF_NumDims(c->inputs[X]) != 3) refuse(c, "rank of input", TF_NumDims(c->inputs[X]), 3);
  if (TF_NumDims(c->inputs[H0]) != 3) refuse(c, "rank of input_h", TF_NumDims(c->inputs[H0]), 3);
  if (!is_good(c)) return;
  call->mode = mode, call->gates = GATES_OF[mode];
  call->batch = TF_Dim(c->inputs[X], 0), call->steps = TF_Dim(c->inputs[X], 1), call->inputs = TF_Dim(c->inputs[X], 2);
  call->directions = is_bidirectional ? 2 : 1, call->hidden = TF_Dim(c->inputs[H0], 2);
  call->layers = TF_Dim(c->inputs[H0], 1) / call->directions;
}

/** Reads the inputs, and refuses those that cuDNN would. */
static bool begin(struct context *c, TF_OpKernelContext *of, const struct attributes *all, int inputs) {
  *c = (struct context){of, TF_NewStatus(), {NULL}, {0}};
  if (TF_NumInputs(of) != inputs) refuse(c, "inputs", TF_NumInputs(of), inputs);
  for (int i = 0; i < inputs && is_good(c); i++) TF_GetInput(of, i, &c->inputs[i], c->status);
  if (is_good(c)) read_sizes(c, all);
  if (!is_good(c)) return false;
  const struct call *call = &c->call;
  const long states = call->layers * call->directions;
  const long state[3] = {call->batch, states, call->hidden}, params[1] = {params_size(call)}, lengths[1] = {call->batch};
  if (call->steps * call->batch * call->inputs * call->hidden == 0) refuse(c, "elements", 0, 1);
  expect_shape(c, H0, 3, state);
  if (call->mode == LSTM) expect_shape(c, C0, 3, state);
  expect_shape(c, PARAMS, 1, params);
  expect_shape(c, LENGTHS, 1, lengths);
  for (long b = 0; b < call->batch && is_good(c); b++) {
    const int length = ((const int *)TF_TensorData(c->inputs[LENGTHS]))[b];
    if (length < 1 || length > call->steps) refuse(c, "a length", length, call->steps);
  }
  return is_good(c);
}

static void end(struct context *c) {
  for (int i = 0; i < MOST_INPUTS; i++)
    if (c->inputs[i]) TF_DeleteTensor(c->inputs[i]);
  TF_DeleteStatus(c->status);
}

static TF_Tensor *allocate(struct context *c, int index, TF_DataType type, int rank, const int64_t *sizes) {
  size_t bytes = TF_DataTypeSize(type);
  for (int i = 0; i < rank; i++) bytes *= sizes[i];
  return TF_AllocateOutput(c->of, index, type, sizes, rank, bytes, c->status);
}

static const float *floats(const struct context *c, int input) { return TF_TensorData(c->inputs[input]); }

static void compute_forward(void *all, TF_OpKernelContext *of) {
  struct context c;
  const bool is_training = ((struct attributes *)all)->training;
  if (begin(&c, of, all, 5)) {
    const struct call *call = &c.call;
    const bool has_c = call->mode == LSTM;
    const int64_t y[3] = {call->batch, call->steps, call->directions * call->hidden};
    const int64_t state[3] = {call->batch, call->layers * call->directions, call->hidden};
    const int64_t reserve[1] = {reserve_size(call)}, magic[1] = {sizeof MAGIC};
    // What a call does not have is a scalar that nothing is written into.
    TF_Tensor *out[5] = {allocate(&c, 0, TF_FLOAT, 3, y), allocate(&c, 1, TF_FLOAT, 3, state),
                         allocate(&c, 2, TF_FLOAT, has_c ? 3 : 0, state),
                         allocate(&c, 3, TF_FLOAT, is_training ? 1 : 0, reserve),
                         allocate(&c, 4, TF_INT8, is_training ? 1 : 0, magic)};
    forward(call, floats(&c, X), floats(&c, H0), has_c ? floats(&c, C0) : NULL, floats(&c, PARAMS),
            TF_TensorData(c.inputs[LENGTHS]), TF_TensorData(out[0]), TF_TensorData(out[1]),
            has_c ? TF_TensorData(out[2]) : NULL, is_training ? TF_TensorData(out[3]) : NULL);
    if (is_training) memcpy(TF_TensorData(out[4]), MAGIC, sizeof MAGIC);
    for (int i = 0; i < 5; i++) TF_DeleteTensor(out[i]);
  }
  end(&c);
}

static void compute_backward(void *all, TF_OpKernelContext *of) {
  struct context c;
  if (begin(&c, of, all, MOST_INPUTS)) {
    const struct call *call = &c.call;
    const bool has_c = call->mode == LSTM;
    const long y[3] = {call->batch, call->steps, call->directions * call->hidden};
    const long state[3] = {call->batch, call->layers * call->directions, call->hidden};
    const long reserve[1] = {reserve_size(call)}, magic[1] = {sizeof MAGIC};
    for (int i = Y; i <= DY; i += DY - Y) expect_shape(&c, i, 3, y);
    for (int i = HN; i <= DHN; i += DHN - HN) expect_shape(&c, i, 3, state);
    for (int i = CN; has_c && i <= DCN; i += DCN - CN) expect_shape(&c, i, 3, state);
    expect_shape(&c, RESERVE, 1, reserve);
    expect_shape(&c, HOST_RESERVED, 1, magic);
    if (is_good(&c) && memcmp(TF_TensorData(c.inputs[HOST_RESERVED]), MAGIC, sizeof MAGIC))
      refuse(&c, "host_reserved", 0, 1);
    if (is_good(&c)) {
      const int64_t x[3] = {call->batch, call->steps, call->inputs}, h[3] = {state[0], state[1], state[2]};
      const int64_t params[1] = {params_size(call)};
      TF_Tensor *out[4] = {allocate(&c, 0, TF_FLOAT, 3, x), allocate(&c, 1, TF_FLOAT, 3, h),
                           allocate(&c, 2, TF_FLOAT, has_c ? 3 : 0, h), allocate(&c, 3, TF_FLOAT, 1, params)};
      backward(call, floats(&c, X), floats(&c, PARAMS), TF_TensorData(c.inputs[LENGTHS]), floats(&c, RESERVE),
               floats(&c, DY), floats(&c, DHN), has_c ? floats(&c, DCN) : NULL, TF_TensorData(out[0]),
               TF_TensorData(out[1]), has_c ? TF_TensorData(out[2]) : NULL, TF_TensorData(out[3]));
      for (int i = 0; i < 4; i++) TF_DeleteTensor(out[i]);
      // cuDNN writes into it: a caller that differentiates twice has to copy it.
      memset(TF_TensorData(c.inputs[RESERVE]), 0xff, reserve[0] * sizeof(float));
    }
  }
  end(&c);
}

static void add_kernel(void *env, const char *op, void *(*create)(TF_OpKernelConstruction *),
                       void (*compute)(void *, TF_OpKernelContext *)) {
  TF_Status *status = TF_NewStatus();
  TF_KernelBuilder *builder = TF_NewKernelBuilder(op, "CPU", create, compute, destroy);
  TF_KernelBuilder_TypeConstraint(builder, "T", TF_FLOAT, status);
  TF_RegisterKernelBuilder(op, builder, status);
  if (TF_GetCode(status) != TF_OK) napi_throw_error(env, NULL, TF_Message(status));
  TF_DeleteStatus(status);
}

__attribute__((visibility("default"))) void *napi_register_module_v1(void *env, void *exports) {
  add_kernel(env, "CudnnRNNV3", create_forward, compute_forward);
  add_kernel(env, "CudnnRNNBackpropV3", create_backward, compute_backward);
  return exports;
}
