"""One tensor in, one of the same shape out."""

import torch
from torch import Tensor

from cases.draw import Draw
from cases.registry import Arguments, call, cases


@cases(
    "exp",
    "exp2",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "atan",
    "arctan",
    "sinh",
    "cosh",
    "erf",
    "expm1",
    "deg2rad",
    "rad2deg",
    in_place=True,
)
def of_any_number(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()))


@cases("erfc", in_place=True)
def erfc(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.pick(draw.mixed(shape), draw.floats(shape, 4.0), draw.special(shape)))


@cases("lgamma", "digamma", in_place=True)
def gamma(draw: Draw) -> Arguments:
    """Small, large and negative numbers, whole ones among them; near poles the numbers of all are as far apart as their roundings."""
    shape = draw.shape()
    negative = -draw.ints(shape, 0, 6) - draw.uniform(shape, 0.2, 0.8)
    large = draw.uniform(shape, 3.0, 300.0)
    return call(draw.pick(draw.uniform(shape, 0.1, 5.0), large, negative, draw.ints(shape, 1, 9), draw.ints(shape, 1, 5).float()))


@cases("special_gammaln", "special_digamma", "special_psi", "special_erfc")
def gamma_by_other_names(draw: Draw) -> Arguments:
    return call(draw.uniform(draw.shape(), 0.1, 9.0))


@cases("asinh", "arcsinh", "special_exp2", "special_expm1", "special_expit", "special_erf")
def of_any_number_not_in_place(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()))


@cases("atanh", "arctanh")
def of_small_numbers_not_in_place(draw: Draw) -> Arguments:
    return call(draw.uniform(draw.shape(), -0.9, 0.9))


@cases("tan", "asin", "arcsin", "acos", "arccos", in_place=True)
def of_small_numbers(draw: Draw) -> Arguments:
    return call(draw.uniform(draw.shape(), -0.9, 0.9))


@cases(
    "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "special_log1p", in_place=True
)
def of_positive_numbers(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.uniform(shape, 0.2, 3.0) if draw.chance(0.8) else draw.ints(shape, 1, 6))


@cases("acosh", "arccosh")
def of_numbers_above_one(draw: Draw) -> Arguments:
    return call(draw.uniform(draw.shape(), 1.2, 3.0))


@cases("abs", "absolute", "neg", "negative", "sign", "sgn", "square", "positive", "relu", "relu6", in_place=True)
def of_numbers_that_keep_their_dtype(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.pick(draw.floats, draw.halves, draw.ints)(shape))


@cases("floor", "ceil", "round", "trunc", "fix", "frac", in_place=True)
def of_halves(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.pick(draw.halves(shape), draw.floats(shape, 3.0), draw.ints(shape)))


@cases("isnan", "isinf", "isfinite", "signbit", "nan_to_num", "logical_not")
def of_special_numbers(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.special(shape) if draw.flag() else draw.mixed(shape))


@cases("bitwise_not", in_place=True)
def bitwise_not(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.bools(shape) if draw.flag() else draw.ints(shape))


@cases(
    "clone",
    "contiguous",
    "alias",
    "detach",
    "detach_copy",
    "lift_fresh",
    "lift_fresh_copy",
    "resolve_conj",
    "resolve_neg",
)
def of_all(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()))


@cases("detach_", "zero", "zero_")
def of_floats(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape()))


def across_bounds(draw: Draw) -> Tensor:
    """Floats, or multiples of a half: some lie on the bounds of an activation."""
    return draw.halves(draw.shape()) if draw.chance(0.4) else draw.floats(draw.shape(), 2.0)


@cases("selu", "silu", "mish", "hardswish", "hardsigmoid", "log_sigmoid", in_place=True)
def activations_without_options(draw: Draw) -> Arguments:
    return call(across_bounds(draw))


@cases("gelu", in_place=True)
def gelu(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(), 2.0), **draw.some(approximate=draw.pick("none", "tanh")))


@cases("elu", in_place=True)
def elu(draw: Draw) -> Arguments:
    return call(across_bounds(draw), **draw.some(alpha=draw.pick(0.5, 2), scale=draw.pick(1.5, 1)))


@cases("celu", in_place=True)
def celu(draw: Draw) -> Arguments:
    return call(across_bounds(draw), **draw.some(alpha=0.7))


@cases("leaky_relu", in_place=True)
def leaky_relu(draw: Draw) -> Arguments:
    return call(across_bounds(draw), **draw.some(negative_slope=draw.pick(0.2, 0, 0.5)))


@cases("hardtanh", in_place=True)
def hardtanh(draw: Draw) -> Arguments:
    return call(across_bounds(draw), **draw.some(min_val=draw.pick(-0.5, 0), max_val=draw.pick(0.7, 20.0)))


@cases("softplus")
def softplus(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(), 4.0), **draw.some(beta=draw.pick(0.5, 2), threshold=draw.pick(3, 10.0)))


@cases("softshrink", "hardshrink")
def shrink(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape()), **draw.some(lambd=draw.pick(0.3, 0.8)))


@cases("threshold", in_place=True)
def threshold(draw: Draw) -> Arguments:
    return call(across_bounds(draw), draw.pick(0.1, -0.5), draw.pick(0, 2.5))


@cases("glu")
def glu(draw: Draw) -> Arguments:
    shape = draw.shape(1)
    axis = draw.random.randrange(-len(shape), len(shape))
    shape[axis] = 2 * draw.size()
    if axis in (-1, len(shape) - 1) and draw.flag():
        return call(draw.floats(shape))
    return call(draw.floats(shape), axis)


@cases("prelu")
def prelu(draw: Draw) -> Arguments:
    x = draw.pick(draw.floats, draw.halves)(draw.shape(1))
    channels = x.size(1) if x.dim() > 1 else 1
    return call(x, draw.floats([draw.pick(1, channels)]))


@cases("clamp", "clip", in_place=True)
def clamp(draw: Draw) -> Arguments:
    x = draw.pick(draw.floats, draw.halves, draw.ints, draw.special)(draw.shape())
    low, high = draw.pick(-1, -0.5, None), draw.pick(1, 0.75, None)
    return call(x, low, high) if draw.flag() else call(x, min=low, max=high)


@cases("clamp.Tensor", "clip.Tensor", in_place=True)
def clamp_by_tensors(draw: Draw) -> Arguments:
    kind = draw.pick(draw.floats, draw.ties)
    x = kind(draw.shape())
    low, high = (kind(draw.like(x.shape)) for _ in range(2))
    return call(x, draw.pick(low, None), draw.pick(high, None))


@cases("clamp_min.Tensor", "clamp_max.Tensor", in_place=True)
def clamp_one_side_by_a_tensor(draw: Draw) -> Arguments:
    left, right = draw.pair()
    kind = draw.pick(draw.floats, draw.ties)
    return call(kind(left), kind(right))


@cases("clamp_min", "clamp_max", in_place=True)
def clamp_one_side(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.floats(shape) if draw.flag() else draw.ints(shape), draw.pick(0, 0.5, -1))


@cases("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", in_place=True)
def dropout_that_is_off(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(2))
    return call(x, 0.5, False) if draw.flag() else call(x, 0.0, True)


@cases("rrelu", in_place=True)
def rrelu_that_is_off(draw: Draw) -> Arguments:
    return call(across_bounds(draw), **draw.some(lower=draw.pick(0.1, 0.2), upper=0.5))


@cases("_prelu_kernel")
def prelu_kernel(draw: Draw) -> Arguments:
    x = draw.pick(draw.floats, draw.halves)(draw.shape(1))
    return call(x, draw.floats([1 if draw.flag() else size for size in x.shape]))


@cases("logit", "special_logit")
def logit(draw: Draw) -> Arguments:
    return call(draw.uniform(draw.shape(), 0.05, 0.95), **draw.some(eps=draw.pick(0.1, 0.2)))


@cases("round.decimals", in_place=True)
def round_to_decimals(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(), 20.0), decimals=draw.pick(0, 1, 2, -1))


@cases("item", "_local_scalar_dense")
def item(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.pick([], [1], [1, 1])))


@cases("to.other")
def to_other(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.mixed(draw.shape()))


@cases("native_dropout")
def native_dropout_that_is_off(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape()), 0.5, False)


@cases("to.dtype")
def to_dtype(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()) * 3, draw.dtype(), **draw.some(non_blocking=False, copy=draw.flag()))


@cases("_to_copy")
def to_copy(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()) * 3, **draw.some(dtype=draw.dtype()))


@cases("to.dtype_layout", "to.device")
def to_device(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), dtype=draw.dtype(), device=torch.device("cpu"))


@cases("type_as")
def type_as(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.mixed(draw.shape()))
