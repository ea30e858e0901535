"""Tensors from sizes and numbers; numbers from tensors; assertions."""

import torch

from cases.draw import Draw
from cases.registry import Arguments, call, cases

CPU = torch.device("cpu")


def options(draw: Draw) -> dict:
    return draw.some(dtype=draw.dtype(), device=CPU, pin_memory=False)


@cases("zeros", "ones")
def filled(draw: Draw) -> Arguments:
    return call(draw.shape(), **options(draw))


@cases("full")
def full(draw: Draw) -> Arguments:
    return call(draw.shape(), draw.number(), **options(draw))


@cases("zeros_like", "ones_like")
def filled_like(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), **options(draw))


@cases("full_like")
def full_like(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.number(), **options(draw))


@cases("new_zeros", "new_ones")
def new_filled(draw: Draw) -> Arguments:
    return call(draw.mixed([2]), draw.shape(), **options(draw))


@cases("new_full")
def new_full(draw: Draw) -> Arguments:
    return call(draw.mixed([2]), draw.shape(), draw.number(), **options(draw))


@cases("scalar_tensor")
def scalar_tensor(draw: Draw) -> Arguments:
    return call(draw.number(), **options(draw))


@cases("arange")
def arange(draw: Draw) -> Arguments:
    return call(draw.pick(0, 5, 3.0, 2.5), **options(draw))


@cases("arange.start")
def arange_from(draw: Draw) -> Arguments:
    return call(draw.pick(-2, 1, 0.5), draw.pick(3, 4.25, 5), **options(draw))


@cases("arange.start_step")
def arange_by_steps(draw: Draw) -> Arguments:
    return call(*draw.pick((0, 7, 2), (5, 0, -2), (0, 1, 0.25), (1.5, -1, -0.5), (2, 2, 1)), **options(draw))


@cases("linspace")
def linspace(draw: Draw) -> Arguments:
    return call(draw.pick(-1, 0.5), draw.pick(2, 1.5), draw.size(1, 7), **draw.some(device=CPU))


@cases("hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window")
def window(draw: Draw) -> Arguments:
    return call(draw.size(0, 9), **draw.some(device=CPU))


@cases(*(f"{name}_window.periodic" for name in ("hann", "hamming", "blackman", "bartlett", "kaiser")))
def window_of_a_period(draw: Draw) -> Arguments:
    return call(draw.size(0, 9), draw.flag(), **draw.some(device=CPU))


@cases("hamming_window.periodic_alpha")
def hamming(draw: Draw) -> Arguments:
    return call(draw.size(0, 9), draw.flag(), 0.6)


@cases("hamming_window.periodic_alpha_beta")
def hamming_of_both(draw: Draw) -> Arguments:
    return call(draw.size(0, 9), draw.flag(), 0.6, 0.3)


@cases("kaiser_window.beta")
def kaiser(draw: Draw) -> Arguments:
    return call(draw.size(0, 9), draw.flag(), draw.pick(0.0, 5.0, 14.0))


@cases("eye")
def eye(draw: Draw) -> Arguments:
    return call(draw.size(0, 4), **options(draw))


@cases("eye.m")
def wide_eye(draw: Draw) -> Arguments:
    return call(draw.size(0, 4), draw.size(0, 4), **options(draw))


@cases("_assert_async.msg")
def assertion_that_holds(draw: Draw) -> Arguments:
    return call(torch.tensor(draw.pick(True, 1, 0.5)), "never told")


@cases("_assert_scalar")
def number_that_holds(draw: Draw) -> Arguments:
    return call(draw.pick(True, 1), "never told")


@cases("item")
def item(draw: Draw) -> Arguments:
    """As sizes are read."""
    return call(draw.ints([1] * draw.size(0, 2)))


@cases("_assert_tensor_metadata")
def metadata_that_hold(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, **draw.some(size=list(x.shape), dtype=x.dtype, device=CPU, layout=torch.strided))


@cases("fill.Scalar", in_place=True)
def fill(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.number())


@cases("fill.Tensor", in_place=True)
def fill_with_a_tensor(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape()), draw.mixed([]))


@cases("copy", in_place=True)
def copy(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.mixed(shape), draw.mixed(draw.like(shape)))
