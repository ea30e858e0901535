/**
 * The equations of cuDNN's recurrent layers, after NVIDIA's documentation of cudnnRNNMode_t and cudnnGetRNNWeightParams: gates
 * of a GRU in the order r z n, of an LSTM in i f g o; in params first all matrices, layer by layer and direction by direction, W_ih
 * before W_hh, then all biases in the same order.
 */
#include "call.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

long inputs_of(const struct call *call, long layer) {
  return layer == 0 ? call->inputs : call->directions * call->hidden;
}

static long matrices_size(const struct call *call, long layer) {
  return call->gates * call->hidden * (inputs_of(call, layer) + call->hidden);
}

static long biases_size(const struct call *call) { return 2 * call->gates * call->hidden; }

long params_size(const struct call *call) {
  long size = 0;
  for (long l = 0; l < call->layers; l++) size += call->directions * (matrices_size(call, l) + biases_size(call));
  return size;
}

static long slots_size(const struct call *call) { return call->steps * call->batch * SLOTS * call->hidden; }

static long output_size(const struct call *call) { return call->steps * call->batch * call->directions * call->hidden; }

long reserve_size(const struct call *call) {
  return call->layers * (call->directions * slots_size(call) + output_size(call));
}

struct places places_of(const struct call *call, long layer, long direction) {
  const long D = call->directions, rows = call->gates * call->hidden;
  const bool interleaved = call->fault == ORDER;
  if (call->fault == DIRECTIONS) direction = D - 1 - direction;
  long matrices = 0, biases = 0;
  if (!interleaved)
    for (long l = 0; l < call->layers; l++) biases += D * matrices_size(call, l);
  for (long l = 0; l < call->layers; l++)
    for (long d = 0; d < D; d++) {
      if (l == layer && d == direction) {
        if (interleaved) biases = matrices + matrices_size(call, l);
        struct places at = {matrices, matrices + rows * inputs_of(call, l), biases, biases + rows};
        if (call->fault == BIASES) at.bias_ih = biases + rows, at.bias_hh = biases;
        return at;
      }
      matrices += matrices_size(call, l) + (interleaved ? biases_size(call) : 0);
      if (!interleaved) biases += biases_size(call);
    }
  abort();
}

/** A factor of a product: TF32 keeps 10 bits of its fraction. */
static float factor(const struct call *call, float x) {
  if (call->fault != TF32) return x;
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x1000) & ~0x1fffu;
  memcpy(&x, &bits, sizeof bits);
  return x;
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/** The block of rows of a gate. */
static long block(const struct call *call, long gate) {
  return call->fault == GATES && call->gates > 1 && gate < 2 ? 1 - gate : gate;
}

static double dot(const struct call *call, const float *a, const float *b, long size) {
  double sum = 0;
  for (long i = 0; i < size; i++) sum += (double)factor(call, a[i]) * factor(call, b[i]);
  return sum;
}

/** One step of one row: h and c are those before it, then those after it. */
static void step(const struct call *call, struct places at, const float *params, const float *x, long inputs, float *h,
                 float *c, float *slot) {
  const long H = call->hidden, G = call->gates;
  for (long j = 0; j < H; j++) {
    double a[4], u[4];
    for (long g = 0; g < G; g++) {
      const long row = block(call, g) * H + j;
      a[g] = params[at.bias_ih + row] + dot(call, params + at.weight_ih + row * inputs, x, inputs);
      u[g] = params[at.bias_hh + row] + dot(call, params + at.weight_hh + row * H, h, H);
    }
    float *s = slot + j;
    s[5 * H] = h[j];
    if (call->mode == GRU) {
      s[0] = sigmoid(a[0] + u[0]), s[H] = sigmoid(a[1] + u[1]), s[4 * H] = u[2];
      s[2 * H] = tanh(a[2] + s[0] * u[2]);
    } else if (call->mode == LSTM) {
      s[0] = sigmoid(a[0] + u[0]), s[H] = sigmoid(a[1] + u[1]), s[2 * H] = tanh(a[2] + u[2]);
      s[3 * H] = sigmoid(a[3] + u[3]), s[4 * H] = c[j];
    } else {
      s[0] = call->mode == TANH ? tanh(a[0] + u[0]) : fmax(0, a[0] + u[0]);
    }
  }
  for (long j = 0; j < H; j++) {
    const float *s = slot + j;
    if (call->mode == GRU) h[j] = (1 - s[H]) * s[2 * H] + s[H] * h[j];
    else if (call->mode == LSTM) c[j] = s[H] * c[j] + s[0] * s[2 * H], h[j] = s[3 * H] * tanhf(c[j]);
    else h[j] = s[0];
  }
}

/** The place of a step of one direction: the reverse one begins at the end of its row. */
static long place(long direction, long step, long length) { return direction ? length - 1 - step : step; }

void forward(const struct call *call, const float *x, const float *h0, const float *c0, const float *params,
             const int *lengths, float *y, float *hn, float *cn, float *reserve) {
  const long B = call->batch, H = call->hidden, D = call->directions;
  float *slots = malloc(D * slots_size(call) * sizeof *slots), *output = malloc(output_size(call) * sizeof *output);
  float *input = NULL, *h = malloc(H * sizeof *h), *c = malloc(H * sizeof *c);
  for (long l = 0; l < call->layers; l++) {
    const long inputs = inputs_of(call, l);
    const float *from = l == 0 ? x : input;
    float *kept = reserve ? reserve + l * (D * slots_size(call) + output_size(call)) : slots;
    memset(kept, 0, D * slots_size(call) * sizeof *kept);
    memset(output, 0, output_size(call) * sizeof *output);
    for (long d = 0; d < D; d++)
      for (long b = 0; b < B; b++) {
        const long state = ((l * D + d) * B + b) * H;
        memcpy(h, h0 + state, H * sizeof *h);
        if (c0) memcpy(c, c0 + state, H * sizeof *c);
        for (long i = 0; i < lengths[b]; i++) {
          const long row = b * call->steps + place(d, i, lengths[b]);
          float *slot = kept + d * slots_size(call) + row * SLOTS * H;
          step(call, places_of(call, l, d), params, from + row * inputs, inputs, h, c, slot);
          memcpy(output + (row * D + d) * H, h, H * sizeof *h);
        }
        memcpy(hn + state, h, H * sizeof *h);
        if (cn) memcpy(cn + state, c, H * sizeof *c);
      }
    if (reserve) memcpy(kept + D * slots_size(call), output, output_size(call) * sizeof *output);
    float *spare = input ? input : malloc(output_size(call) * sizeof *spare);
    input = output, output = spare;
  }
  memcpy(y, input, output_size(call) * sizeof *y);
  free(slots), free(output), free(input), free(h), free(c);
}

/** The gradients of the sums of one unit: `a` of the side of x, `u` of the side of h. dh and dc become those before the step. */
static void unit_gradients(const struct call *call, const float *s, double *dh, double *dc, double *a, double *u) {
  const long H = call->hidden;
  if (call->mode == GRU) {
    const double r = s[0], z = s[H], n = s[2 * H], q = s[4 * H], h = s[5 * H];
    a[2] = *dh * (1 - z) * (1 - n * n), u[2] = a[2] * r;
    a[0] = u[0] = a[2] * q * r * (1 - r), a[1] = u[1] = *dh * (h - n) * z * (1 - z);
    *dh *= z;
  } else if (call->mode == LSTM) {
    const double i = s[0], f = s[H], g = s[2 * H], o = s[3 * H], c = s[4 * H], t = tanh(f * c + i * g);
    const double d = *dc + *dh * o * (1 - t * t);
    a[0] = u[0] = d * g * i * (1 - i), a[1] = u[1] = d * c * f * (1 - f), a[2] = u[2] = d * i * (1 - g * g);
    a[3] = u[3] = *dh * t * o * (1 - o);
    *dc = d * f, *dh = 0;
  } else {
    a[0] = u[0] = *dh * (call->mode == TANH ? 1 - (double)s[0] * s[0] : s[0] > 0);
    *dh = 0;
  }
}

static void add_products(const struct call *call, float *to, const float *row, double by, long size) {
  const float value = factor(call, by);
  for (long i = 0; i < size; i++) to[i] += (double)value * factor(call, row[i]);
}

/** One row of one direction of one layer, from its last step to its first. */
static void backward_row(const struct call *call, long l, long d, long b, const float *input, const float *params,
                         const int *lengths, const float *slots, const float *dy, float *dinput, float *dh, float *dc,
                         float *dparams) {
  const long H = call->hidden, D = call->directions, G = call->gates, inputs = inputs_of(call, l);
  const struct places at = places_of(call, l, d);
  double *a = malloc(4 * H * sizeof *a), *u = malloc(4 * H * sizeof *u);
  for (long i = lengths[b] - 1; i >= 0; i--) {
    const long row = b * call->steps + place(d, i, lengths[b]);
    const float *slot = slots + row * SLOTS * H;
    for (long j = 0; j < H; j++) {
      double unit = dh[j] + dy[(row * D + d) * H + j], cell = dc ? dc[j] : 0;
      unit_gradients(call, slot + j, &unit, &cell, a + 4 * j, u + 4 * j);
      dh[j] = unit;
      if (dc) dc[j] = cell;
    }
    for (long j = 0; j < H; j++)
      for (long g = 0; g < G; g++) {
        const long k = block(call, g) * H + j;
        dparams[at.bias_ih + k] += a[4 * j + g], dparams[at.bias_hh + k] += u[4 * j + g];
        add_products(call, dparams + at.weight_ih + k * inputs, input + row * inputs, a[4 * j + g], inputs);
        add_products(call, dparams + at.weight_hh + k * H, slot + 5 * H, u[4 * j + g], H);
        add_products(call, dinput + row * inputs, params + at.weight_ih + k * inputs, a[4 * j + g], inputs);
        add_products(call, dh, params + at.weight_hh + k * H, u[4 * j + g], H);
      }
  }
  free(a), free(u);
}

void backward(const struct call *call, const float *x, const float *params, const int *lengths, const float *reserve,
              const float *dy, const float *dhn, const float *dcn, float *dx, float *dh0, float *dc0, float *dparams) {
  const long B = call->batch, H = call->hidden, D = call->directions, states = call->layers * D * B * H;
  memset(dparams, 0, params_size(call) * sizeof *dparams);
  memcpy(dh0, dhn, states * sizeof *dh0);
  if (dc0) memcpy(dc0, dcn, states * sizeof *dc0);
  float *above = NULL;
  for (long l = call->layers - 1; l >= 0; l--) {
    const long stride = D * slots_size(call) + output_size(call), width = call->steps * B * inputs_of(call, l);
    const float *input = l == 0 ? x : reserve + (l - 1) * stride + D * slots_size(call);
    float *dinput = l == 0 ? dx : malloc(width * sizeof *dinput);
    memset(dinput, 0, width * sizeof *dinput);
    for (long d = 0; d < D; d++)
      for (long b = 0; b < B; b++) {
        const long state = ((l * D + d) * B + b) * H;
        backward_row(call, l, d, b, input, params, lengths, reserve + l * stride + d * slots_size(call),
                     above ? above : dy, dinput, dh0 + state, dc0 ? dc0 + state : NULL, dparams);
      }
    free(above);
    above = l == 0 ? NULL : dinput;
  }
}
