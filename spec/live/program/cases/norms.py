"""Norms of activations and of weights. Three elements or more are normalised together, no two of them close: the gradient of two
is what is left of terms that cancel."""

from torch import Tensor

from cases.draw import Draw
from cases.registry import Arguments, call, cases


def running_values(draw: Draw, channels: int) -> list:
    return [draw.constant(draw.floats([channels])), draw.constant(draw.uniform([channels], 0.5, 2.0))]


def images(draw: Draw, channels: int) -> Tensor:
    return draw.distinct([draw.size(3, 5), channels, *(draw.size() for _ in range(draw.size(0, 2)))])


def affine(draw: Draw, sizes: list[int]) -> list:
    """Weight and bias, or neither."""
    return [draw.floats(sizes), draw.floats(sizes)] if draw.flag() else [None, None]


@cases("batch_norm")
def batch_norm(draw: Draw) -> Arguments:
    """Training moves the running values, unless there are none."""
    channels = draw.size()
    running = running_values(draw, channels)
    training = draw.flag()
    if training and draw.chance(0.3):
        running = [None, None]
    return call(images(draw, channels), *affine(draw, [channels]), *running, training, draw.pick(0.1, 0.3), 1e-5, False)


@cases("_native_batch_norm_legit_no_training")
def native_batch_norm(draw: Draw) -> Arguments:
    channels = draw.size()
    running = running_values(draw, channels)
    return call(images(draw, channels), *affine(draw, [channels]), *running, 0.1, 1e-5)


@cases("_native_batch_norm_legit_functional")
def native_batch_norm_in_training(draw: Draw) -> Arguments:
    channels = draw.size()
    running = running_values(draw, channels)
    return call(images(draw, channels), *affine(draw, [channels]), *running, True, 0.1, 1e-5)


@cases("_native_batch_norm_legit.no_stats")
def native_batch_norm_without_running_values(draw: Draw) -> Arguments:
    channels = draw.size()
    return call(images(draw, channels), *affine(draw, [channels]), True, 0.1, 1e-5)


@cases("instance_norm")
def instance_norm(draw: Draw) -> Arguments:
    channels = draw.size()
    x = draw.distinct([draw.size(), channels, draw.size(3, 4), *([draw.size()] if draw.flag() else [])])
    return call(x, *affine(draw, [channels]), None, None, True, 0.1, 1e-5, False)


@cases("layer_norm")
def layer_norm(draw: Draw) -> Arguments:
    shape = [*draw.shape(0, 3), draw.size(3, 5)]
    sizes = shape[draw.random.randrange(len(shape)) :]
    weight, bias = affine(draw, sizes)
    return call(draw.distinct(shape), sizes, weight, draw.pick(bias, None), draw.pick(1e-5, 0.1), False)


@cases("native_layer_norm")
def native_layer_norm(draw: Draw) -> Arguments:
    shape = [*draw.shape(0, 3), draw.size(3, 5)]
    sizes = shape[draw.random.randrange(len(shape)) :]
    return call(draw.distinct(shape), sizes, *affine(draw, sizes), 1e-5)


@cases("rms_norm")
def rms_norm(draw: Draw) -> Arguments:
    shape = [*draw.shape(0, 3), draw.size(3, 5)]
    sizes = shape[draw.random.randrange(len(shape)) :]
    return call(draw.floats(shape), sizes, **draw.some(weight=draw.floats(sizes), eps=draw.pick(1e-6, 0.1)))


@cases("_fused_rms_norm")
def fused_rms_norm(draw: Draw) -> Arguments:
    shape = [*draw.shape(0, 3), draw.size(3, 5)]
    return call(draw.floats(shape), shape[-1:], draw.pick(draw.floats(shape[-1:]), None), 1e-6)


@cases("group_norm")
def group_norm(draw: Draw) -> Arguments:
    groups = draw.size(1, 3)
    channels = groups * draw.size(3, 4)
    return call(images(draw, channels), groups, *affine(draw, [channels]), **draw.some(eps=0.1))


@cases("native_group_norm")
def native_group_norm(draw: Draw) -> Arguments:
    groups = draw.size(1, 3)
    channels = groups * draw.size(3, 4)
    x = images(draw, channels)
    return call(x, *affine(draw, [channels]), x.size(0), channels, x[0, 0].numel(), groups, 1e-5)


@cases("_weight_norm")
def weight_norm(draw: Draw) -> Arguments:
    """Weights have elements: torch's backward pass ends the process without them."""
    v = draw.floats([max(size, 1) for size in draw.shape(1)])
    axis = draw.pick(0, v.dim() - 1)
    return call(*directions(draw, v, axis), axis)


@cases("_weight_norm_interface")
def weight_norm_interface(draw: Draw) -> Arguments:
    v = draw.floats([max(size, 1) for size in draw.shape(2)])
    return call(*directions(draw, v, 0), 0)


def directions(draw: Draw, v: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """v and g. By a vector of one element the derivative is 0: torch has what rounding leaves of two terms that cancel."""
    g = draw.floats([size if i == axis else 1 for i, size in enumerate(v.shape)])
    return (v, g) if v.numel() > v.size(axis) else (draw.constant(v), draw.constant(g))
