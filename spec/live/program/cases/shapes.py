"""Shapes, views, and tensors put together or taken apart."""

import torch

from cases.draw import Draw
from cases.registry import Arguments, call, cases


def factorised(draw: Draw, count: int) -> list[int]:
    """A shape of this many elements."""
    sizes: list[int] = []
    while count > 1:
        factor = draw.pick(*[n for n in range(2, count + 1) if count % n == 0])
        sizes.append(factor)
        count //= factor
    return sizes if count else [0, draw.size()]


@cases("view", "reshape", "_unsafe_view")
def reshape(draw: Draw) -> Arguments:
    """One size may be -1."""
    x = draw.mixed(draw.shape())
    sizes = factorised(draw, x.numel())
    if sizes and x.numel() and draw.flag():
        sizes[draw.random.randrange(len(sizes))] = -1
    return call(x, sizes)


@cases("view_as", "reshape_as")
def reshape_as(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape())
    return call(x, draw.floats(factorised(draw, x.numel())))


@cases("unsqueeze", in_place=True)
def unsqueeze(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.random.randint(-x.dim() - 1, x.dim()))


def with_ones(draw: Draw) -> torch.Tensor:
    return draw.mixed([1 if draw.flag() else size for size in draw.shape()])


@cases("squeeze", in_place=True)
def squeeze(draw: Draw) -> Arguments:
    return call(with_ones(draw))


@cases("squeeze.dim", in_place=True)
def squeeze_an_axis(draw: Draw) -> Arguments:
    x = with_ones(draw)
    return call(x, draw.axis(x))


@cases("squeeze.dims", in_place=True)
def squeeze_axes(draw: Draw) -> Arguments:
    x = with_ones(draw)
    return call(x, draw.axes(x))


@cases("transpose.int", "swapaxes", "swapdims", in_place=True)
def transpose(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.axis(x), draw.axis(x))


@cases("permute")
def permute(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    order = draw.random.sample(range(x.dim()), x.dim())
    return call(x, [axis - x.dim() if draw.flag() else axis for axis in order])


@cases("t", "numpy_T")
def matrix_or_less(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape(0, 2)))


@cases("mT", "adjoint")
def matrices(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape(2)))


@cases("mH", "matrix_H")
def conjugate_matrices(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(2, 2)))


@cases("movedim.int")
def move_an_axis(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.axis(x), draw.axis(x))


@cases("movedim.intlist")
def move_axes(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    count = draw.size(0, x.dim())
    return call(x, draw.random.sample(range(x.dim()), count), draw.random.sample(range(-x.dim(), 0), count))


@cases("flatten.using_ints")
def flatten(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, **draw.some(start_dim=draw.axis(x), end_dim=draw.axis(x)))


@cases("unflatten.int")
def unflatten(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    axis = draw.axis(x)
    sizes = factorised(draw, x.size(axis)) or [1]
    if x.size(axis) and draw.flag():
        sizes[draw.random.randrange(len(sizes))] = -1
    return call(x, axis, sizes)


@cases("expand", "broadcast_to")
def expand(draw: Draw) -> Arguments:
    shape = draw.shape()
    x = draw.mixed(draw.like(shape))
    kept = len(shape) - x.dim()
    return call(x, [-1 if i >= kept and x.size(i - kept) == size and draw.flag() else size for i, size in enumerate(shape)])


@cases("expand_as")
def expand_as(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.floats(draw.like(shape)), draw.floats(shape))


@cases("repeat", "tile")
def repeat(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(0, 3))
    return call(x, [draw.size(0, 3) for _ in range(x.dim() + draw.size(0, 2))])


@cases("repeat_interleave.self_int")
def repeat_interleave(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.size(0, 3), **draw.some(dim=draw.axis(x)))


@cases("cat", "concat")
def cat(draw: Draw) -> Arguments:
    """Sizes differ along one axis; dtypes are promoted; empty vectors are skipped, as torch does for old code."""
    shape = draw.shape(1)
    axis = draw.random.randrange(-len(shape), len(shape))
    tensors = []
    for _ in range(draw.size(1, 4)):
        shape[axis] = draw.size(0 if draw.chance(0.2) else 1)
        tensors.append(draw.mixed(shape) if draw.chance(0.9) else draw.floats([0]))
    return call(tensors, **draw.some(dim=axis))


@cases("stack")
def stack(draw: Draw) -> Arguments:
    shape = draw.shape(0, 3)
    return call([draw.mixed(shape) for _ in range(draw.size())], **draw.some(dim=draw.size(-len(shape) - 1, len(shape))))


@cases("hstack", "vstack", "dstack")
def stack_by_name(draw: Draw) -> Arguments:
    shape = draw.shape(0, 3)
    return call([draw.floats(shape) for _ in range(draw.size())])


@cases("chunk")
def chunk(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, draw.size(1, 5), **draw.some(dim=draw.axis(x)))


@cases("split.Tensor")
def split(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, draw.size(1, 3), **draw.some(dim=draw.axis(x)))


@cases("split_with_sizes", "split.sizes")
def split_with_sizes(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    axis = draw.axis(x)
    first = draw.size(0, x.size(axis))
    return call(x, [first, x.size(axis) - first], axis)


@cases("tensor_split.sections")
def tensor_split(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, draw.size(1, 5), **draw.some(dim=draw.axis(x)))


@cases("tensor_split.indices")
def tensor_split_at(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, sorted(draw.size(0, 5) for _ in range(2)), draw.axis(x))


@cases("unbind.int")
def unbind(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, **draw.some(dim=draw.axis(x)))


@cases("select.int")
def select(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    axis = draw.axis(x)
    return call(x, axis, draw.size(-x.size(axis), x.size(axis) - 1))


@cases("narrow")
def narrow(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    axis = draw.axis(x)
    start = draw.size(0, x.size(axis))
    return call(x, axis, start, draw.size(0, x.size(axis) - start))


LAST = 9223372036854775807
"""What torch writes for the end of `x[1:]`."""


@cases("slice.Tensor")
def slice_of(draw: Draw) -> Arguments:
    """Bounds beyond the ends count as the ends."""
    x = draw.mixed(draw.shape(1))
    bounds = draw.some(start=draw.pick(draw.size(-6, 6), None), end=draw.pick(draw.size(-6, 6), LAST, None))
    return call(x, **draw.some(dim=draw.axis(x), step=draw.size(1, 3)), **bounds)


@cases("slice_scatter")
def slice_scatter(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis, start, end, step = draw.axis(x), draw.size(-3, 3), draw.pick(draw.size(-3, 4), LAST), draw.size(1, 2)
    source = draw.floats(torch.ops.aten.slice.Tensor(x, axis, start, end, step).shape)
    return call(x, source, axis, start, end, step)


@cases("select_scatter")
def select_scatter(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    index = draw.size(-x.size(axis), x.size(axis) - 1)
    return call(x, draw.floats(x.select(axis, index).shape), axis, index)


@cases("flip")
def flip(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    return call(x, draw.axes(x))


@cases("roll")
def roll(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape())
    axes = draw.axes(x)
    return call(x, [draw.size(-5, 5) for _ in axes], axes) if axes else call(x, [draw.size(-5, 5)])


@cases("diff")
def diff(draw: Draw) -> Arguments:
    x = draw.floats(draw.shape(1))
    axis = draw.axis(x)
    edge = list(x.shape)
    edge[axis] = 1
    return call(x, draw.pick(1, 2), axis, **draw.some(prepend=draw.floats(edge), append=draw.floats(edge)))


@cases("tril", "triu", in_place=True)
def triangle(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape(2)), **draw.some(diagonal=draw.size(-3, 3)))


@cases("diag")
def diagonal_matrix(draw: Draw) -> Arguments:
    return call(draw.floats(draw.shape(1, 2)))


@cases("broadcast_tensors")
def broadcast_tensors(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call([draw.mixed(draw.like(shape)) for _ in range(draw.size(1, 3))])


@cases("meshgrid.indexing")
def meshgrid(draw: Draw) -> Arguments:
    return call([draw.floats([draw.size()]) for _ in range(draw.size(1, 3))], indexing=draw.pick("ij", "xy"))


@cases("sym_size.int")
def sym_size(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, draw.axis(x))
