"""What is picked or placed by tensors of indices."""

from torch import Tensor

from cases.draw import Draw
from cases.registry import Arguments, call, cases


def index_along(draw: Draw, x: Tensor, axis: int, low: int = 0) -> Tensor:
    """Indices for gather and scatter: the other axes have the sizes of x, or less."""
    sizes = [draw.size(1, max(size, 1)) for size in x.shape]
    sizes[axis] = draw.size(1, 5)
    return draw.ints(sizes, low, x.size(axis) - 1)


def permutation_along(draw: Draw, x: Tensor, axis: int) -> Tensor:
    """Indices of which no two are the same place."""
    return draw.distinct(list(x.shape)).argsort(axis)


@cases("take_along_dim")
def take_along_dim(draw: Draw) -> Arguments:
    """Other axes of the indices are broadcast; without an axis the values of x count as a vector. Indices beyond the ends go round."""
    x = draw.floats(draw.shape(1))
    if draw.chance(0.3):
        return call(x, draw.ints(draw.shape(0, 2), -x.numel(), x.numel() + 1))
    axis = draw.axis(x)
    sizes = [draw.pick(1, size) for size in x.shape]
    sizes[axis] = draw.size()
    return call(x, draw.ints(sizes, -x.size(axis) - 1, x.size(axis) + 1), axis)


@cases("scatter.value", in_place=True)
def scatter_a_number(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    return call(x, axis, index_along(draw, x, axis), draw.pick(1, 0.5, True))


@cases("scatter.src", in_place=True)
def scatter(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    index = permutation_along(draw, x, axis)
    return call(x, axis, index, draw.floats(index.shape))


@cases("scatter_add", in_place=True)
def scatter_add(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    index = index_along(draw, x, axis)
    return call(x, axis, index, draw.floats([size + draw.size(0, 1) for size in index.shape]))


@cases("index_select")
def index_select(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    axis = draw.axis(x)
    return call(x, axis, draw.ints([draw.size(0, 5)], 0, x.size(axis) - 1))


@cases("index_add", in_place=True)
def index_add(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    sizes = list(x.shape)
    sizes[axis] = draw.size(1, 5)
    index = draw.ints([sizes[axis]], 0, x.size(axis) - 1)
    return call(x, axis, index, draw.floats(sizes), **draw.some(alpha=2))


@cases("index_fill.int_Scalar", in_place=True)
def index_fill(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    return call(x, axis, draw.ints([draw.size(1, 3)], 0, x.size(axis) - 1), draw.pick(0, 1.5))


@cases("embedding")
def embedding(draw: Draw) -> Arguments:
    """The row of padding_idx has no gradient."""
    rows = draw.size(2, 6)
    weight, ids = draw.floats([rows, draw.size()]), draw.ints(draw.shape(0, 3), 0, rows - 1)
    return call(weight, ids, **draw.some(padding_idx=draw.size(0, rows - 1)))


@cases("one_hot")
def one_hot(draw: Draw) -> Arguments:
    return call(draw.ints(draw.shape(), 0, 3), **draw.some(num_classes=draw.size(4, 6)))


@cases("bucketize.Tensor")
def bucketize(draw: Draw) -> Arguments:
    edges = draw.distinct([draw.size(1, 6)]).sort().values
    x = draw.pick(draw.floats, draw.ties, draw.ints)(draw.shape())
    return call(x, edges, **draw.some(right=draw.flag(), out_int32=draw.flag()))


@cases("isin.Tensor_Tensor")
def isin(draw: Draw) -> Arguments:
    """NaN is in nothing."""
    kinds = (draw.ints, draw.ints, draw.ties, draw.special, draw.bools)
    tests = draw.pick(*kinds)(draw.shape(0, 2))
    return call(draw.pick(*kinds)(draw.shape()), tests, **draw.some(invert=draw.flag(), assume_unique=False))


@cases("isin.Tensor_Scalar")
def is_a_number(draw: Draw) -> Arguments:
    return call(draw.pick(draw.ties, draw.ints)(draw.shape()), draw.pick(1, -2, 0.5), **draw.some(invert=draw.flag()))


@cases("isin.Scalar_Tensor")
def number_is_in(draw: Draw) -> Arguments:
    return call(draw.pick(1, -2, 0.5), draw.pick(draw.ties, draw.ints)(draw.shape()), **draw.some(invert=draw.flag()))
