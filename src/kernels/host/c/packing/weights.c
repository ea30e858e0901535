/* Packing: weights and biases in the order in which the tiles read them. */

#include "../engine.h"
#include "../vec.h"

EXPORT(packed_size) int32_t packed_size(int32_t gates, int32_t units, int32_t columns) {
  return limited((int64_t)gates * padded(units) * columns);
}

EXPORT(packed_transposed_size) int32_t packed_transposed_size(int32_t gates, int32_t units, int32_t columns) {
  return limited((int64_t)gates * padded(units) * padded(columns));
}

EXPORT(pack_weight)
void pack_weight(float *arena, index_t weight, index_t packed, int32_t gates, int32_t units, int32_t columns) {
  const float *from = arena + weight;
  float *to = arena + packed;
  for (long g = 0; g < gates; g++) {
    for (long u = 0; u < units; u += VL) {
      const float *rows = from + (g * units + u) * columns;
      int regs = regs_of(units - u);
      long count = units - u < VL ? units - u : VL;
      for (long k = 0; k < columns; k++, to += regs * REG) {
        vf v = {0};
        for (long i = 0; i < count; i++) v[i] = rows[i * columns + k];
        store_regs(regs, to, v);
      }
    }
  }
}

EXPORT(pack_transposed)
void pack_transposed(float *arena, index_t weight, index_t packed, int32_t gates, int32_t units, int32_t columns,
                     int32_t first_gate) {
  const float *from = arena + weight;
  float *to = arena + packed;
  long units_padded = padded(units);
  for (long j = 0; j < columns; j += VL) {
    int regs = regs_of(columns - j);
    for (long slot = 0; slot < gates; slot++) {
      long g = (first_gate + slot) % gates;
      for (long u = 0; u < units_padded; u++, to += regs * REG)
        store_regs(regs, to, u < units ? load_part(from + (g * units + u) * columns + j, columns - j) : (vf){0});
    }
  }
}

EXPORT(pack_bias)
void pack_bias(float *arena, index_t bias, index_t other, index_t packed, int32_t gates, int32_t units,
               int32_t added_gates) {
  float *to = arena + packed;
  for (long g = 0; g < gates; g++) {
    for (long u = 0; u < units; u += VL) {
      long at = g * units + u;
      int regs = regs_of(units - u);
      vf sum = load_part(arena + bias + at, units - u);
      if (other && g < added_gates) sum += load_part(arena + other + at, units - u);
      store_regs(regs, to, sum);
      to += regs * REG;
    }
  }
}

EXPORT(add_bias) void add_bias(float *arena, index_t to, index_t bias, int32_t rows, int32_t columns) {
  for (long i = 0; i < rows; i++)
    for (long j = 0; j < columns; j += VL) {
      float *at = arena + to + i * columns + j;
      int regs = regs_of(columns - j);
      store_regs(regs, at, load_regs(regs, at) + load_regs(regs, arena + bias + j));
    }
}
