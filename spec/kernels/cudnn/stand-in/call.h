/** One call of the stand-in: its sizes, and where its parameters and what it reserves lie. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>

enum mode { RELU, TANH, LSTM, GRU };

/** How a broken stand-in computes; the self-check of the package must see each. */
enum fault { NONE, GATES, BIASES, DIRECTIONS, ORDER, TF32, REFUSES };

/** Of one step of one row: up to four gates, then c before it or GRU's U_n h + b_hn, then h before it. */
#define SLOTS 6

struct call {
  enum mode mode;
  enum fault fault;
  /** T, B, I, H, L, D, G. */
  long steps, batch, inputs, hidden, layers, directions, gates;
};

/** W_ih, W_hh, b_ih and b_hh of one direction of one layer, as offsets into params. */
struct places {
  long weight_ih, weight_hh, bias_ih, bias_hh;
};

long inputs_of(const struct call *call, long layer);
long params_size(const struct call *call);
/** Floats that a call in training reserves: the slots, then the output of each layer. */
long reserve_size(const struct call *call);
struct places places_of(const struct call *call, long layer, long direction);

/** @param reserve NULL in inference. */
void forward(const struct call *call, const float *x, const float *h0, const float *c0, const float *params,
             const int *lengths, float *y, float *hn, float *cn, float *reserve);

void backward(const struct call *call, const float *x, const float *params, const int *lengths, const float *reserve,
              const float *dy, const float *dhn, const float *dcn, float *dx, float *dh0, float *dc0, float *dparams);

#endif
