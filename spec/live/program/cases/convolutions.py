"""Convolutions, pools, padding, sampling of grids."""

from torch import Tensor

from cases.draw import Draw
from cases.registry import Arguments, call, cases


def image(draw: Draw, channels: int, rank: int) -> Tensor:
    """A batch, or a single one, whose sizes leave room for a kernel."""
    sizes = [draw.size(5, 9 if rank < 3 else 6) for _ in range(rank)]
    batch = [draw.size(1, 3)] if draw.chance(0.8) else []
    return draw.floats([*batch, channels, *sizes])


def each(draw: Draw, rank: int, low: int, high: int) -> list[int]:
    """A number for each axis, or one for all."""
    return [draw.size(low, high) for _ in range(rank if draw.flag() else 1)]


def convolution(draw: Draw, rank: int) -> tuple[Tensor, Tensor, Tensor | None, int]:
    groups = draw.pick(1, 1, 2)
    inputs, outputs = groups * draw.size(1, 3), groups * draw.size(1, 3)
    weight = draw.floats([outputs, inputs // groups, *(draw.size(1, 3) for _ in range(rank))])
    return image(draw, inputs, rank), weight, draw.pick(draw.floats([outputs]), None), groups


def registered_conv(rank: int) -> None:
    @cases(f"conv{rank}d")
    def conv(draw: Draw) -> Arguments:
        x, weight, bias, groups = convolution(draw, rank)
        options = draw.some(stride=each(draw, rank, 1, 3), padding=each(draw, rank, 0, 2), dilation=each(draw, rank, 1, 2))
        return call(x, weight, bias, groups=groups, **options)

    @cases(f"conv{rank}d.padding")
    def conv_by_name(draw: Draw) -> Arguments:
        x, weight, bias, groups = convolution(draw, rank)
        padding = draw.pick("same", "valid")
        stride = [1] if padding == "same" else each(draw, rank, 1, 2)
        return call(x, weight, bias, stride, padding, each(draw, rank, 1, 2), groups)


def transposed(draw: Draw, rank: int) -> tuple[Tensor, Tensor, Tensor | None, int]:
    groups = draw.pick(1, 1, 2)
    inputs, outputs = groups * draw.size(1, 2), draw.size(1, 2)
    weight = draw.floats([inputs, outputs, *(draw.size(1, 4) for _ in range(rank))])
    return image(draw, inputs, rank), weight, draw.pick(draw.floats([groups * outputs]), None), groups


def registered_transposed_conv(rank: int, overload: str) -> None:
    @cases(f"conv_transpose{rank}d{overload}")
    def conv_transpose(draw: Draw) -> Arguments:
        x, weight, bias, groups = transposed(draw, rank)
        stride = [draw.size(2, 3) for _ in range(rank)]
        return call(x, weight, bias, stride, each(draw, rank, 0, 1), each(draw, rank, 0, 1), groups, each(draw, rank, 1, 2))


registered_conv(1)
registered_conv(2)
registered_conv(3)
registered_transposed_conv(1, "")
registered_transposed_conv(2, ".input")
registered_transposed_conv(3, ".input")


@cases("convolution")
def either_convolution(draw: Draw) -> Arguments:
    """What decomposed programs have."""
    rank, is_transposed = draw.pick(1, 2, 3), draw.flag()
    x, weight, bias, groups = (transposed if is_transposed else convolution)(draw, rank)
    stride, padding, dilation = ([draw.size(low, high)] * rank for low, high in ((1, 2), (0, 2), (1, 2)))
    return call(x, weight, bias, stride, padding, dilation, is_transposed, [0] * rank, groups)


def registered_pools(rank: int) -> None:
    @cases(f"max_pool{rank}d")
    def max_pool(draw: Draw) -> Arguments:
        x = image(draw, draw.size(1, 3), rank)
        options = draw.some(stride=each(draw, rank, 1, 3), dilation=each(draw, rank, 1, 2), ceil_mode=draw.flag())
        return call(x, [draw.size(2, 3)] * rank, **options, **draw.some(padding=[1] * rank))

    @cases(f"avg_pool{rank}d")
    def avg_pool(draw: Draw) -> Arguments:
        x = image(draw, draw.size(1, 3), rank)
        options = draw.some(stride=each(draw, rank, 1, 3), ceil_mode=draw.flag(), count_include_pad=draw.flag())
        if rank > 1:
            options |= draw.some(divisor_override=draw.size(1, 5))
        return call(x, [draw.size(2, 3)] * rank, **options, **draw.some(padding=[1] * rank))

    @cases(f"adaptive_avg_pool{rank}d", f"adaptive_max_pool{rank}d")
    def adaptive_pool(draw: Draw) -> Arguments:
        return call(image(draw, draw.size(1, 3), rank), [draw.size(1, 4) for _ in range(rank)])


registered_pools(1)
registered_pools(2)
registered_pools(3)


@cases("_adaptive_avg_pool2d")
def decomposed_adaptive_pool(draw: Draw) -> Arguments:
    return call(image(draw, draw.size(1, 3), 2), [draw.size(1, 4) for _ in range(2)])


@cases("_adaptive_avg_pool3d")
def decomposed_adaptive_pool_of_volumes(draw: Draw) -> Arguments:
    return call(image(draw, draw.size(1, 3), 3), [draw.size(1, 4) for _ in range(3)])


@cases("max_pool2d_with_indices")
def max_pool_with_indices(draw: Draw) -> Arguments:
    x = image(draw, draw.size(1, 3), 2)
    return call(x, [draw.size(2, 3)] * 2, **draw.some(stride=[2, 1], padding=[1, 0], ceil_mode=draw.flag()))


@cases("max_pool3d_with_indices")
def max_pool_of_volumes_with_indices(draw: Draw) -> Arguments:
    x = image(draw, draw.size(1, 3), 3)
    return call(x, [draw.size(2, 3)] * 3, **draw.some(stride=[2, 1, 2], padding=[1, 0, 1], ceil_mode=draw.flag()))


@cases("pad")
def pad(draw: Draw) -> Arguments:
    """Pairs from the last axis on; negative ones cut. The other modes take images."""
    mode = draw.pick("constant", "constant", "reflect", "replicate", "circular")
    if mode == "constant":
        x = draw.mixed(draw.shape(1))
        pads = [draw.size(-1, 2) for _ in range(2 * draw.size(1, x.dim()))]
        return call(x, pads, **draw.some(mode="constant", value=draw.pick(0.0, 1.5, -1.0)))
    rank = draw.pick(1, 2)
    return call(image(draw, 2, rank), [draw.size(0, 3) for _ in range(2 * rank)], mode)


@cases("constant_pad_nd")
def constant_pad(draw: Draw) -> Arguments:
    x = draw.mixed(draw.shape(1))
    return call(x, [draw.size(-1, 2) for _ in range(2 * draw.size(1, x.dim()))], **draw.some(value=draw.pick(0, 1.5)))


@cases("reflection_pad1d", "replication_pad1d")
def pad_steps(draw: Draw) -> Arguments:
    return call(image(draw, 2, 1), [draw.size(0, 3) for _ in range(2)])


@cases("reflection_pad2d", "replication_pad2d")
def pad_images(draw: Draw) -> Arguments:
    return call(image(draw, 2, 2), [draw.size(0, 3) for _ in range(4)])


@cases("reflection_pad3d", "replication_pad3d")
def pad_volumes(draw: Draw) -> Arguments:
    return call(image(draw, 2, 3), [draw.size(0, 3) for _ in range(6)])


def grid(draw: Draw, rank: int) -> Tensor:
    return draw.floats([draw.size(1, 2), draw.size(1, 3), *(draw.size(2, 5) for _ in range(rank))])


def size_or_scale(draw: Draw, rank: int, with_corners: bool) -> list:
    corners = [draw.flag()] if with_corners else []
    if draw.flag():
        return [[draw.size(2, 9) for _ in range(rank)], *corners, None]
    return [None, *corners, [draw.pick(2.0, 1.5, 3.0) for _ in range(rank)]]


@cases("upsample_nearest1d.vec")
def nearest_steps(draw: Draw) -> Arguments:
    return call(grid(draw, 1), *size_or_scale(draw, 1, False))


@cases("upsample_nearest2d.vec")
def nearest_images(draw: Draw) -> Arguments:
    return call(grid(draw, 2), *size_or_scale(draw, 2, False))


@cases("upsample_linear1d.vec")
def linear_steps(draw: Draw) -> Arguments:
    return call(grid(draw, 1), *size_or_scale(draw, 1, True))


@cases("upsample_bilinear2d.vec")
def linear_images(draw: Draw) -> Arguments:
    return call(grid(draw, 2), *size_or_scale(draw, 2, True))


@cases("upsample_nearest3d.vec", "_upsample_nearest_exact3d.vec")
def nearest_volumes(draw: Draw) -> Arguments:
    return call(grid(draw, 3), *size_or_scale(draw, 3, False))


@cases("upsample_trilinear3d.vec")
def linear_volumes(draw: Draw) -> Arguments:
    return call(grid(draw, 3), *size_or_scale(draw, 3, True))


@cases("upsample_nearest3d", "_upsample_nearest_exact3d")
def nearest_volumes_of_sizes(draw: Draw) -> Arguments:
    return call(grid(draw, 3), [draw.size(2, 9) for _ in range(3)])


@cases("upsample_trilinear3d")
def linear_volumes_of_sizes(draw: Draw) -> Arguments:
    return call(grid(draw, 3), [draw.size(2, 9) for _ in range(3)], draw.flag())


@cases("pixel_shuffle")
def pixel_shuffle(draw: Draw) -> Arguments:
    factor = draw.size(1, 3)
    return call(draw.floats([*draw.shape(0, 2), factor * factor * draw.size(1, 2), draw.size(), draw.size()]), factor)


@cases("pixel_unshuffle")
def pixel_unshuffle(draw: Draw) -> Arguments:
    factor = draw.size(1, 3)
    return call(draw.floats([*draw.shape(0, 2), draw.size(), factor * draw.size(), factor * draw.size()]), factor)


@cases("im2col")
def im2col(draw: Draw) -> Arguments:
    kernel, stride = [draw.size(1, 3), draw.size(1, 3)], [draw.size(1, 2), draw.size(1, 2)]
    return call(image(draw, draw.size(1, 2), 2), kernel, [draw.size(1, 2)] * 2, [draw.size(0, 1)] * 2, stride)
