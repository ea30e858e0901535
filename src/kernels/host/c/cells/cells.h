/*
 * The cells: one vector of units of one row, of so many registers, a step forward and a step back. gru.h, lstm.h and rnn.h hold one
 * cell each.
 *
 * `gx` and `gh` are what input and state add to each gate's sum; the biases are in gx, except GRU's b_hn. Gates lie `gate`
 * floats apart in gx and GH in gh. The reserve's slots lie `gate` = Hp floats apart.
 */
#ifndef CELLS_H
#define CELLS_H

#include "activations.h"
#include "../engine.h"

/* Rows of a step that go through all gates together: a panel stays in the first-level cache for them. */
#define STEP_ROWS (4 * ROWS)
#define GH (STEP_ROWS * VL)

INLINE int gates_of(const int cell) { return cell == CELL_GRU ? 3 : cell == CELL_LSTM ? 4 : 1; }

/* Slots of the reserve in training. */
INLINE int slots_of(const int cell) { return cell == CELL_GRU ? 4 : cell == CELL_LSTM ? 5 : 0; }

/* Slots of the gates' gradients. */
INLINE int gradient_slots_of(const int cell) { return cell == CELL_RNN_TANH || cell == CELL_RNN_RELU ? 1 : 4; }

#include "gru.h"
#include "lstm.h"
#include "rnn.h"

#endif
