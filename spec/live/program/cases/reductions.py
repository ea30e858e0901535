"""Sums, extremes and norms over axes; what runs along an axis; order."""

import torch
from torch import Tensor

from cases.draw import Draw
from cases.registry import Arguments, call, cases


@cases("sum", "mean", "prod")
def over_all(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()))


@cases("sum.dim_IntList")
def sum_over_axes(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.pick(draw.axes(x), None), **draw.some(keepdim=draw.flag()))


@cases("mean.dim")
def mean_over_axes(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    return call(x, draw.pick(draw.axes(x), None), **draw.some(keepdim=draw.flag()))


@cases("prod.dim_int")
def product_over_an_axis(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, draw.axis(x), **draw.some(keepdim=draw.flag()))


@cases("amax", "amin")
def extremes_over_axes(draw: Draw) -> Arguments:
    x = draw.pick(draw.floats, draw.ties, draw.ints)(draw.shape())
    return call(x, **draw.some(dim=draw.axes(x), keepdim=draw.flag()))


@cases("aminmax")
def both_extremes(draw: Draw) -> Arguments:
    x = draw.distinct(draw.shape())
    return call(x, **draw.some(dim=draw.axis(x), keepdim=draw.flag()))


@cases("max", "min")
def extreme_of_all(draw: Draw) -> Arguments:
    return call(draw.pick(draw.floats, draw.ties, draw.ints)(draw.shape()))


@cases("max.dim", "min.dim")
def extreme_over_an_axis(draw: Draw) -> Arguments:
    """Of equal elements the first one counts."""
    x = draw.pick(draw.floats, draw.ties, draw.ints)(draw.shape())
    return call(x, draw.axis(x), **draw.some(keepdim=draw.flag()))


@cases("argmax", "argmin")
def place_of_an_extreme(draw: Draw) -> Arguments:
    x = draw.pick(draw.floats, draw.ties, draw.ints)(draw.shape())
    return call(x, **draw.some(dim=draw.axis(x), keepdim=draw.flag()))


@cases("all", "any")
def truth_of_all(draw: Draw) -> Arguments:
    return call(draw.pick(draw.bools, draw.ties)(draw.shape()))


@cases("all.dim", "any.dim")
def truth_over_an_axis(draw: Draw) -> Arguments:
    x = draw.pick(draw.bools, draw.ties)(draw.shape())
    return call(x, draw.axis(x), **draw.some(keepdim=draw.flag()))


@cases("all.dims", "any.dims")
def truth_over_axes(draw: Draw) -> Arguments:
    x = draw.bools(draw.shape())
    return call(x, draw.axes(x) or None, **draw.some(keepdim=draw.flag()))


@cases("count_nonzero")
def count_nonzero(draw: Draw) -> Arguments:
    x = draw.pick(draw.ties, draw.bools)(draw.shape())
    return call(x, **draw.some(dim=draw.axis(x)))


@cases("logsumexp")
def logsumexp(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(), 3.0)
    return call(x, draw.axes(x), **draw.some(keepdim=draw.flag()))


@cases("var", "std")
def spread_of_all(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(1)), **draw.some(unbiased=draw.flag()))


@cases("var.dim", "std.dim", "var_mean.dim", "std_mean.dim")
def spread_over_axes(draw: Draw) -> Arguments:
    """Axes or none: torch's gradients for an empty list of them are wrong."""
    x = draw.floats(draw.shape(1))
    return call(x, draw.axes(x) or None, **draw.some(unbiased=draw.flag(), keepdim=draw.flag()))


@cases("var.correction", "std.correction", "var_mean.correction", "std_mean.correction")
def corrected_spread(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    return call(x, **draw.some(dim=draw.axes(x) or None, correction=draw.pick(0, 1, 1.5), keepdim=draw.flag()))


@cases("linalg_vector_norm")
def vector_norm(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    order = draw.pick(1, 2, 3.0, 0, float("inf"), float("-inf"))
    return call(x, order, **draw.some(dim=draw.axes(x), keepdim=draw.flag()))


@cases("norm.Scalar")
def norm_of_all(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape()), **draw.some(p=draw.pick(1, 2, 3.0)))


@cases("norm.ScalarOpt_dim")
def norm_over_axes(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    return call(x, draw.pick(1, 2, None), draw.axes(x), **draw.some(keepdim=draw.flag()))


@cases("cumsum", "cumprod", in_place=True)
def running_sums(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.axis(x))


@cases("cummax", "cummin", "logcumsumexp")
def running_extremes(draw: Draw) -> Arguments:
    x = draw.distinct(draw.shape())
    return call(x, draw.axis(x))


@cases("softmax.int", "log_softmax.int")
def softmax(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(), 3.0)
    return call(x, draw.axis(x))


@cases("_softmax", "_log_softmax")
def decomposed_softmax(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(), 3.0)
    return call(x, draw.axis(x), False)


@cases("sort", "argsort")
def sort(draw: Draw) -> Arguments:
    x = draw.distinct(draw.shape())
    return call(x, **draw.some(dim=draw.axis(x), descending=draw.flag()))


@cases("argsort.stable")
def stable_sort(draw: Draw) -> Arguments:
    """Equal elements keep their order."""
    x = draw.pick(draw.ties, draw.ints)(draw.shape())
    return call(x, stable=True, **draw.some(dim=draw.axis(x), descending=draw.flag()))


@cases("topk")
def topk(draw: Draw) -> Arguments:
    x = draw.distinct(draw.shape())
    axis = draw.axis(x)
    size = x.size(axis) if x.dim() > 0 else 1
    return call(x, draw.size(0, size), axis, **draw.some(largest=draw.flag()))


@cases("nanmean")
def nanmean(draw: Draw) -> Arguments:
    """Infinities have no gradient that is a number."""
    x = draw.floats(draw.shape())
    x = x.masked_fill(draw.bools(x.shape), float("nan")) if draw.flag() else x
    return call(x, draw.axes(x), **draw.some(keepdim=draw.flag()))


def with_nan(draw: Draw) -> torch.Tensor:
    x = draw.distinct(draw.shape())
    return x.masked_fill(draw.ints(x.shape, 0, 2) == 0, float("nan"))


@cases("nanmedian")
def nanmedian(draw: Draw) -> Arguments:
    return call(with_nan(draw))


@cases("nanmedian.dim")
def nanmedian_along(draw: Draw) -> Arguments:
    x = with_nan(draw)
    return call(x, draw.axis(x), **draw.some(keepdim=draw.flag()))


@cases("mode")
def mode(draw: Draw) -> Arguments:
    """Up to 16 elements torch sorts in a stable order, and none where one is NaN."""
    shape = [*draw.shape(0, 2), draw.size(1, 9)]
    x = draw.pick(draw.ties, draw.ints, draw.bools)(shape)
    return call(x, **draw.some(dim=draw.axis(x), keepdim=draw.flag()))


@cases("nansum")
def nansum(draw: Draw) -> Arguments:
    x = draw.special(draw.shape())
    return call(x, draw.axes(x), **draw.some(keepdim=draw.flag()))


INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile_options(draw: Draw, x: Tensor) -> dict:
    return draw.some(dim=draw.axis(x), keepdim=draw.flag(), interpolation=draw.pick(*INTERPOLATIONS))


@cases("quantile", "nanquantile")
def quantiles(draw: Draw) -> Arguments:
    x = draw.distinct(draw.shape())
    q = draw.pick(draw.uniform([]), draw.uniform([draw.size(0, 3)]), torch.tensor([0.0, 0.5, 1.0]))
    return call(x, q, **quantile_options(draw, x))


@cases("quantile.scalar", "nanquantile.scalar")
def quantile(draw: Draw) -> Arguments:
    """Equal elements and NaN, which counts for all or is passed over."""
    x = draw.distinct(draw.shape())
    if draw.flag() and x.numel() > 0:
        x = draw.constant(x.where(draw.uniform(x.shape) > 0.3, draw.pick(float("nan"), 1.0)))
    return call(x, draw.pick(0.0, 0.25, 0.5, 1.0, round(draw.random.random(), 3)), **quantile_options(draw, x))


@cases("renorm", in_place=True)
def renorm(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(2))
    return call(x, draw.pick(1, 2, 3.0), draw.axis(x), draw.pick(0.5, 1, 2.0))
