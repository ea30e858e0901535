/*
 * Elman network, torch.nn.RNN's equations:
 *
 *     a  = gx + gh
 *     h' = tanh(a) or max(a, 0)
 *
 * Back from dh', by h' alone:
 *
 *     da = dh' * (1 - h'^2)   or   dh' but where h' <= 0 (torch's rule: a NaN passes dh' on)
 *     dh = W_h^T da                          (by the caller)
 */

INLINE vf rnn_forward(const int cell, const float *gx, const float *gh) {
  vf a = load(gx) + load(gh);
  return cell == CELL_RNN_TANH ? tanh_of(a) : relu(a);
}

INLINE vf rnn_backward(const int cell, vf dh, vf h_next) {
  if (cell == CELL_RNN_TANH) return dh * (splat(1.f) - h_next * h_next);
  return select(h_next <= (vf){0}, (vf){0}, dh);
}
