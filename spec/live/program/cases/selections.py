"""What depends on values: masks, sorted values, counts; and the rarer forms of picking, placing and turning."""

import torch
from torch import Tensor

from cases.draw import Draw
from cases.indexing import index_along
from cases.registry import Arguments, call, cases


def different(draw: Draw, count: int) -> Tensor:
    """Some of the indices below a number, each once."""
    return draw.distinct([count]).argsort()[: draw.size(0, count)]


@cases("masked_select")
def masked_select(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.mixed(draw.like(shape)), draw.bools(draw.like(shape)))


@cases("nonzero", "argwhere", "nonzero_numpy")
def nonzero(draw: Draw) -> Arguments:
    return call(draw.pick(draw.ties, draw.ints, draw.bools)(draw.shape()))


@cases("index.Tensor", "_unsafe_index.Tensor")
def index_by_anything(draw: Draw) -> Arguments:
    """Indices broadcast; None keeps an axis, and where it stands between indices their axes come first; negative indices count
    from the end; a mask stands for its axes."""
    x = draw.mixed(draw.shape(1))
    if draw.chance(0.3):
        first = draw.size(0, x.dim() - 1)
        mask = draw.bools(x.shape[first : draw.size(first + 1, x.dim())])
        return call(x, [None] * first + [mask])
    shape = draw.shape(0, 2)
    sizes = x.shape[: draw.size(1, x.dim())]
    indices = [draw.ints(draw.like(shape), -size, size - 1) if draw.chance(0.7) else None for size in sizes]
    return call(x, indices)


@cases("index_put", "_unsafe_index_put", in_place=True)
def index_put_anything(draw: Draw) -> Arguments:
    """Places are all different, or values are added up. Values broadcast."""
    x = draw.floats(draw.shape(1))
    kind = draw.pick("sum", "mask", "rows", "later")
    if kind == "mask":
        mask = draw.bools(x.shape[: draw.size(1, x.dim())])
        return call(x, [mask], draw.floats(draw.like(x[mask].shape)), draw.chance(0.2))
    if kind == "sum":
        indices = [draw.ints([3], -size, size - 1) if draw.chance(0.7) else None for size in x.shape]
        return call(x, indices, draw.floats([]), True)
    axis = 0 if kind == "rows" else x.dim() - 1
    index = [None] * axis + [different(draw, x.size(axis))]
    picked = torch.ops.aten.index.Tensor(x, index).shape
    return call(x, index, draw.floats(draw.like(picked)))


@cases("take")
def take(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.ints(draw.shape(0, 2), -x.numel(), x.numel() - 1))


@cases("put", in_place=True)
def put(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    accumulate = draw.flag()
    index = draw.ints([draw.size(0, 4)], -x.numel(), x.numel() - 1) if accumulate else different(draw, x.numel())
    return call(x, index, draw.floats(index.shape), accumulate)


@cases("gather")
def gather(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(0))
    if x.dim() == 0:
        return call(x, draw.pick(0, -1), draw.ints(draw.pick([], [2]), 0, 0))
    axis = draw.axis(x)
    return call(x, axis, index_along(draw, x, axis))


@cases("scatter.reduce", in_place=True)
def scatter_with(draw: Draw) -> Arguments:
    x = draw.constant(draw.floats(draw.shape(1)))
    axis = draw.axis(x)
    index = index_along(draw, x, axis)
    return call(x, axis, index, draw.constant(draw.floats(index.shape)), reduce=draw.pick("add", "multiply"))


@cases("scatter.value_reduce", in_place=True)
def scatter_value_with(draw: Draw) -> Arguments:
    x = draw.constant(draw.floats(draw.shape(1)))
    axis = draw.axis(x)
    return call(x, axis, index_along(draw, x, axis), draw.pick(2, 0.5), reduce=draw.pick("add", "multiply"))


@cases("scatter_reduce.two", in_place=True)
def scatter_reduce(draw: Draw) -> Arguments:
    """Equal extremes share the gradient; products have zeros among their factors."""
    values = draw.pick(draw.ties, draw.floats, draw.ints)
    x = values(draw.shape(1))
    axis = draw.axis(x)
    index = index_along(draw, x, axis)
    means = ("mean",) if x.is_floating_point() else ()
    reduce = draw.pick("sum", "prod", "amax", "amin", *means)
    return call(x, axis, index, values(index.shape), reduce, **draw.some(include_self=draw.flag()))


@cases("index_reduce", in_place=True)
def index_reduce(draw: Draw) -> Arguments:
    values = draw.pick(draw.ties, draw.floats, draw.ints)
    x = values(draw.shape(1))
    axis = draw.axis(x)
    sizes = list(x.shape)
    sizes[axis] = draw.size(0, 5)
    index = draw.ints([sizes[axis]], 0, x.size(axis) - 1)
    means = ("mean",) if x.is_floating_point() else ()
    reduce = draw.pick("prod", "amax", "amin", *means)
    return call(x, axis, index, values(sizes), reduce, **draw.some(include_self=draw.flag()))


@cases("index_copy", in_place=True)
def index_copy(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    if x.dim() == 0:
        return call(x, 0, torch.tensor([0]), draw.floats([1]).to(x.dtype))
    axis = draw.axis(x)
    index = different(draw, x.size(axis))
    sizes = list(x.shape)
    sizes[axis] = len(index)
    return call(x, axis, index, draw.floats(sizes).to(x.dtype))


@cases("index_fill.int_Tensor", in_place=True)
def index_fill(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    axis = draw.axis(x)
    size = x.size(axis) if x.dim() else 1
    return call(x, axis, draw.ints([draw.size(0, 3)], -size, size - 1), draw.floats([]))


@cases("masked_scatter", in_place=True)
def masked_scatter(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    return call(x, draw.bools(draw.like(x.shape)), draw.floats([max(1, x.numel())]))


@cases("repeat_interleave.self_Tensor")
def repeat_each_by(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    if draw.flag():
        return call(x, draw.ints([draw.pick(1, x.numel())], 0, 2))
    axis = draw.axis(x)
    return call(x, draw.ints([x.size(axis) if x.dim() else 1], 0, 2), axis)


@cases("repeat_interleave.Tensor")
def repeat_numbers(draw: Draw) -> Arguments:
    return call(draw.ints([draw.size(0, 4)], 0, 3))


@cases("narrow.Tensor")
def narrow(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    start = draw.size(0, x.size(axis))
    return call(x, axis, torch.tensor(start), draw.size(0, x.size(axis) - start))


@cases("tensor_split.tensor_indices_or_sections")
def tensor_split(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    return call(x, draw.pick(torch.tensor(draw.size(1, 4)), torch.tensor([1, -1, 2])), draw.axis(x))


@cases("unsafe_chunk", "unsafe_split.Tensor")
def chunk(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    return call(x, draw.size(1, 5), **draw.some(dim=draw.axis(x)))


@cases("unsafe_split_with_sizes")
def split_with_sizes(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    first = draw.size(0, x.size(axis))
    return call(x, [first, x.size(axis) - first], axis)


@cases("column_stack")
def column_stack(draw: Draw) -> Arguments:
    rows = draw.size()
    return call([draw.floats([rows] if draw.flag() else [rows, draw.size()]) for _ in range(draw.size())])


@cases("cartesian_prod", "meshgrid")
def cartesian_prod(draw: Draw) -> Arguments:
    return call([draw.floats([draw.size(0 if draw.chance(0.1) else 1)]) for _ in range(draw.size(1, 3))])


@cases("ravel", "atleast_1d", "atleast_2d", "atleast_3d", "sym_numel")
def whole(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()))


@cases("moveaxis.int")
def moveaxis(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.axis(x), draw.axis(x))


@cases("transpose_")
def transpose(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.axis(x), draw.axis(x))


@cases("fliplr", "flipud")
def flip(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape(2)))


@cases("rot90")
def rot90(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(2))
    return call(x, draw.size(-5, 5), draw.random.sample(range(x.dim()), 2))


@cases("diagonal", "diagonal_copy")
def diagonal(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(2))
    first, second = draw.random.sample(range(-x.dim(), 0), 2)
    return call(x, draw.size(-3, 3), first, second)


@cases("diagonal_scatter")
def diagonal_scatter(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(2))
    first, second = draw.random.sample(range(x.dim()), 2)
    offset = draw.size(-2, 2)
    return call(x, draw.floats(x.diagonal(offset, first, second).shape), offset, first, second)


@cases("diag_embed")
def diag_embed(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1, 3))
    first, second = draw.random.sample(range(x.dim() + 1), 2)
    return call(x, draw.size(-2, 2), first, second)


@cases("diagflat")
def diagflat(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape(0, 2)), **draw.some(offset=draw.size(-2, 2)))


@cases("unfold")
def unfold(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    if x.dim() == 0:
        return call(x, 0, draw.size(0, 1), draw.size())
    axis = draw.axis(x)
    return call(x, axis, draw.size(0, x.size(axis)), draw.size(1, 3))


@cases("msort")
def msort(draw: Draw) -> Arguments:
    return call(draw.distinct(draw.shape()))


@cases("kthvalue")
def kthvalue(draw: Draw) -> Arguments:
    x = draw.distinct(draw.shape())
    axis = draw.axis(x)
    size = x.size(axis) if x.dim() else 1
    return call(x, draw.size(1, size), axis, **draw.some(keepdim=draw.flag()))


@cases("sort.stable")
def sort_special_values(draw: Draw) -> Arguments:
    """NaN is greater than any number; more than the few that are kept in order while others pass by."""
    x = draw.constant(draw.pick(draw.special, draw.ties)(draw.pick([70], [2, 90], [7], [4, 3])))
    return call(x, stable=True, **draw.some(dim=draw.axis(x), descending=draw.flag()))


def edges_of(draw: Draw, shape: list[int]) -> Tensor:
    return draw.pick(draw.ties, draw.ints)(shape).sort(-1).values


@cases("searchsorted.Tensor")
def searchsorted(draw: Draw) -> Arguments:
    """One sequence for each row, or one for all; equal edges; NaN lies behind all."""
    rows = draw.shape(0, 2)
    values = draw.pick(draw.ties, draw.special, draw.ints)([*rows, draw.size()])
    keywords = draw.some(out_int32=draw.flag()) | draw.pick({}, {"right": draw.flag()}, {"side": draw.pick("left", "right")})
    edges = edges_of(draw, [*(rows if draw.flag() else []), draw.size(1, 9)]).to(values.dtype)
    if draw.flag():
        return call(edges, values, **keywords)
    order = draw.distinct(list(edges.shape)).argsort(-1)
    return call(torch.zeros_like(edges).scatter(-1, order, edges), values, sorter=order, **keywords)


@cases("searchsorted.Scalar")
def searchsorted_number(draw: Draw) -> Arguments:
    return call(edges_of(draw, [draw.size(1, 9)]), draw.pick(0, 1.5, -1), **draw.some(right=draw.flag()))


@cases("bucketize.Scalar")
def bucketize_number(draw: Draw) -> Arguments:
    return call(draw.pick(0, 1.5, -1), edges_of(draw, [draw.size(1, 9)]), **draw.some(right=draw.flag()))


@cases("_unique2")
def unique(draw: Draw) -> Arguments:
    x = draw.constant(draw.pick(draw.ties, draw.ints, draw.bools)(draw.shape()))
    return call(x, True, **draw.some(return_inverse=draw.flag(), return_counts=draw.flag()))


@cases("unique_consecutive")
def unique_consecutive(draw: Draw) -> Arguments:
    x = draw.constant(draw.pick(draw.ties, draw.ints, draw.bools)(draw.shape(1)))
    return call(x, **draw.some(return_inverse=draw.flag(), return_counts=draw.flag(), dim=draw.axis(x)))


@cases("unique_dim")
def unique_dim(draw: Draw) -> Arguments:
    x = draw.constant(draw.bools(draw.shape(1)).float())
    return call(x, draw.axis(x), True, **draw.some(return_inverse=draw.flag(), return_counts=draw.flag()))


@cases("bincount")
def bincount(draw: Draw) -> Arguments:
    x = draw.ints([draw.size(0, 6)], 0, 4)
    return call(x, **draw.some(weights=draw.constant(draw.floats(x.shape)), minlength=draw.size(0, 7)))


@cases("histc")
def histc(draw: Draw) -> Arguments:
    """Elements on the edges, and beyond them."""
    x = draw.constant(draw.pick(draw.halves, draw.floats, draw.ties)(draw.shape(0, 3)))
    return call(x, draw.size(1, 9), *draw.pick((), (-1, 1), (-2, 0.5), (0, 3)))
