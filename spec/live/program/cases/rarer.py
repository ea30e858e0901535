"""The rarer forms: products, norms of matrices, resizing to sizes."""

import torch

from cases.convolutions import grid, image
from cases.draw import Draw
from cases.registry import Arguments, call, cases


@cases("_cdist_forward")
def cdist_forward(draw: Draw) -> Arguments:
    size = draw.size()
    return call(draw.floats([draw.size(), size]), draw.floats([draw.size(), size]), draw.pick(1.0, 2.0, 3.0, float("inf")), None)


@cases("addbmm")
def addbmm(draw: Draw) -> Arguments:
    count, rows, inner, columns = (draw.size() for _ in range(4))
    left, right = draw.floats([count, rows, inner]), draw.floats([count, inner, columns])
    return call(draw.floats([rows, columns]), left, right, **draw.some(beta=draw.pick(0.5, 0), alpha=2))


@cases("addr")
def addr(draw: Draw) -> Arguments:
    rows, columns = draw.size(), draw.size()
    start = draw.floats(draw.like([rows, columns]))
    return call(start, draw.floats([rows]), draw.floats([columns]), **draw.some(beta=draw.pick(0.5, 0), alpha=2))


@cases("ger")
def ger(draw: Draw) -> Arguments:
    return call(draw.floats([draw.size(0)]), draw.floats([draw.size(0)]))


@cases("inner")
def inner(draw: Draw) -> Arguments:
    size = draw.size()
    left, right = ([] if draw.chance(0.1) else [*draw.shape(0, 2), size] for _ in range(2))
    return call(draw.floats(left), draw.floats(right))


@cases("kron")
def kron(draw: Draw) -> Arguments:
    return call(draw.floats([draw.size() for _ in range(draw.size(0, 3))]), draw.floats([draw.size() for _ in range(draw.size(0, 3))]))


@cases("linalg_matmul")
def linalg_matmul(draw: Draw) -> Arguments:
    size = draw.size()
    return call(draw.floats([*draw.shape(0, 2), size]), draw.floats([size, draw.size()] if draw.flag() else [size]))


@cases("linalg_multi_dot", "chain_matmul")
def multi_dot(draw: Draw) -> Arguments:
    sizes = [draw.size() for _ in range(draw.size(3, 5))]
    return call([draw.floats(pair) for pair in zip(sizes, sizes[1:], strict=False)])


@cases("linalg_vecdot")
def vecdot(draw: Draw) -> Arguments:
    left, right = draw.pair(1, 3)
    return call(draw.floats(left), draw.floats(right))


def threes(draw: Draw) -> tuple[list[int], int]:
    """A shape with an axis of three elements, and the axis."""
    shape = draw.shape(0, 2)
    axis = draw.random.randint(0, len(shape))
    shape.insert(axis, 3)
    return shape, draw.pick(axis, axis - len(shape))


@cases("cross")
def cross(draw: Draw) -> Arguments:
    shape, axis = threes(draw)
    kind = draw.pick(draw.floats, draw.ints)
    return call(kind(shape), draw.pick(draw.floats, kind)(shape), **draw.some(dim=axis))


@cases("linalg_cross")
def linalg_cross(draw: Draw) -> Arguments:
    shape, axis = threes(draw)
    other = [1 if size != 3 and draw.chance(0.2) else size for size in shape]
    return call(draw.floats(shape), draw.floats(other), dim=axis)


@cases("dist")
def dist(draw: Draw) -> Arguments:
    left, right = draw.pair(0, 3)
    return call(draw.floats(left), draw.floats(right), **draw.some(p=draw.pick(1.0, 2.0, 3.0)))


@cases("linalg_norm")
def linalg_norm(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(2, 2))
    order = draw.pick(None, 1, -1, float("inf"), float("-inf"))
    return call(x, order, **draw.some(keepdim=draw.flag()))


@cases("linalg_norm.ord_str")
def linalg_norm_by_name(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(2, 2)), "fro", **draw.some(keepdim=draw.flag()))


@cases("linalg_matrix_norm")
def matrix_norm(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(2))
    return call(x, draw.pick(1, -1, float("inf"), float("-inf")), **draw.some(keepdim=draw.flag(), dim=[0, -1]))


@cases("linalg_matrix_norm.str_ord")
def matrix_norm_by_name(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(2)), "fro", **draw.some(keepdim=draw.flag(), dim=[0, -1]))


@cases("frobenius_norm.dim")
def frobenius(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    return call(x, draw.axes(x), **draw.some(keepdim=draw.flag()))


@cases("norm.ScalarOpt_dtype")
def norm_in(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape()), draw.pick(1, 2, 3.0, None), dtype=torch.float32)


@cases("norm.ScalarOpt_dim_dtype")
def norm_along_in(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    return call(x, draw.pick(1, 2, 3.0, None), draw.axes(x), draw.flag(), dtype=torch.float32)


@cases("median")
def median(draw: Draw) -> Arguments:
    return call(draw.distinct(draw.shape()))


@cases("median.dim")
def median_along(draw: Draw) -> Arguments:
    x = draw.distinct(draw.shape())
    return call(x, draw.axis(x), **draw.some(keepdim=draw.flag()))


@cases("std_mean", "var_mean")
def spread_of_all(draw: Draw) -> Arguments:
    return call(draw.distinct([*draw.shape(0, 3), draw.size(3, 5)]), **draw.some(unbiased=draw.flag()))


@cases("count_nonzero.dim_IntList")
def count_nonzero(draw: Draw) -> Arguments:
    x = draw.pick(draw.ties, draw.ints, draw.bools)(draw.shape())
    return call(x, draw.axes(x))


@cases("trace")
def trace(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape(2, 2)))


@cases("concatenate")
def concatenate(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call([x, draw.mixed(list(x.shape))], **draw.some(dim=draw.axis(x)))


@cases("moveaxis.intlist")
def moveaxis(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(2))
    return call(x, [0, -1], [-1, 0])


@cases("view_copy")
def view_copy(draw: Draw) -> Arguments:
    return call(draw.mixed([2, 3, 4]), draw.pick([-1], [4, -1], [2, 12]))


@cases("channel_shuffle")
def channel_shuffle(draw: Draw) -> Arguments:
    groups = draw.size(1, 3)
    return call(draw.floats([draw.size(), groups * draw.size(), *draw.shape(1, 3)]), groups)


@cases("col2im")
def col2im(draw: Draw) -> Arguments:
    kernel, stride = [draw.size(1, 3), draw.size(1, 3)], [draw.size(1, 2), draw.size(1, 2)]
    x, dilation, padding = image(draw, draw.size(1, 2), 2), [draw.size(1, 2)] * 2, [draw.size(0, 1)] * 2
    columns = torch.ops.aten.im2col(x, kernel, dilation, padding, stride)
    return call(columns.clone(), list(x.shape[-2:]), kernel, dilation, padding, stride)


@cases("max_pool1d_with_indices")
def max_pool_of_steps(draw: Draw) -> Arguments:
    return call(image(draw, draw.size(1, 3), 1), [draw.size(2, 3)], **draw.some(stride=[2], padding=[1], ceil_mode=draw.flag()))


@cases("_pad_circular")
def pad_circular(draw: Draw) -> Arguments:
    rank = draw.size(1, 3)
    x = draw.floats([draw.size(), draw.size(), *(draw.size(3, 5) for _ in range(rank))])
    return call(x, [draw.size(0, 3) for _ in range(2 * rank)])


def sized(rank: int, has_corners: bool, *names: str) -> None:
    @cases(*names)
    def resize(draw: Draw) -> Arguments:
        corners = [draw.flag()] if has_corners else []
        return call(grid(draw, rank), [draw.size(2, 9) for _ in range(rank)], *corners)


sized(1, False, "upsample_nearest1d", "_upsample_nearest_exact1d")
sized(2, False, "upsample_nearest2d", "_upsample_nearest_exact2d")
sized(1, True, "upsample_linear1d")
sized(2, True, "upsample_bilinear2d", "upsample_bicubic2d")


@cases("_upsample_nearest_exact1d.vec", "_upsample_nearest_exact2d.vec")
def nearest_exact(draw: Draw) -> Arguments:
    """torch refuses the rank that does not fit."""
    rank = draw.pick(1, 2)
    sizes = [draw.size(2, 9) for _ in range(rank)]
    return call(grid(draw, rank), *draw.pick((sizes, None), (None, [draw.pick(2.0, 1.5, 3.0) for _ in range(rank)])))


@cases("upsample_bicubic2d.vec")
def bicubic(draw: Draw) -> Arguments:
    factors = [draw.pick(2.0, 1.5, 3.0) for _ in range(2)]
    return call(grid(draw, 2), None, draw.flag(), factors)


@cases("grid_sampler", "grid_sampler_2d")
def grid_sampler(draw: Draw) -> Arguments:
    """Places inside and outside of the image, not on the borders between elements."""
    batch, padding = draw.size(1, 2), draw.size(0, 1)
    x = draw.floats([batch, draw.size(0 if draw.chance(0.1) else 1, 3), draw.size(1, 5), draw.size(1, 5)])
    places = draw.uniform([batch, draw.size(1, 3), draw.size(1, 4), 2], -1.6, 1.6)
    return call(x, places, draw.size(0, 1), padding, draw.flag())


@cases("affine_grid_generator")
def affine_grid(draw: Draw) -> Arguments:
    batch = draw.size()
    return call(draw.floats([batch, 2, 3]), [batch, draw.size(), draw.size(1, 5), draw.size(1, 5)], draw.flag())


@cases("_safe_softmax")
def safe_softmax(draw: Draw) -> Arguments:
    """Zeros where all scores are -inf."""
    x = draw.floats(draw.shape(1))
    masked = draw.constant(x.masked_fill(draw.bools(x.shape), float("-inf"))) if draw.flag() else x
    return call(masked, draw.axis(x))


@cases("trapezoid.dx", "cumulative_trapezoid.dx")
def area(draw: Draw) -> Arguments:
    y = draw.mixed(draw.shape(1))
    return call(y, **draw.some(dx=draw.pick(2, 0.5), dim=draw.axis(y)))


@cases("trapz.dx")
def area_by_its_old_name(draw: Draw) -> Arguments:
    y = draw.floats(draw.shape(1))
    return call(y, **draw.some(dx=0.5, dim=draw.axis(y)))


@cases("trapezoid.x", "trapz.x", "cumulative_trapezoid.x")
def area_over_places(draw: Draw) -> Arguments:
    """Places of one axis, or of all."""
    y = draw.floats(draw.shape(1))
    axis = draw.axis(y)
    return call(y, draw.floats([y.size(axis)] if draw.flag() else list(y.shape)), dim=axis)
