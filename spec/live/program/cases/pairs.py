"""Two tensors, or a tensor and a number, with broadcasting and promotion."""

from collections.abc import Callable

import torch
from torch import Tensor

from cases.draw import Draw
from cases.registry import Arguments, call, cases


@cases("add.Tensor", "sub.Tensor", "subtract.Tensor", "rsub.Tensor", in_place=True)
def sums(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.mixed(left), draw.mixed(right), **draw.some(alpha=draw.pick(2, -1)))


@cases("add.Scalar", "sub.Scalar", "subtract.Scalar", "rsub.Scalar", in_place=True)
def sums_with_a_number(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.number(), **draw.some(alpha=2))


@cases("mul.Tensor", "multiply.Tensor", "logaddexp", in_place=True)
def products(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.mixed(left), draw.mixed(right))


@cases("maximum", "minimum", "max.other", "min.other")
def extremes(draw: Draw) -> Arguments:
    left, right = draw.pair()
    kinds = draw.mixed, draw.ties, draw.special
    return call(draw.pick(*kinds)(left), draw.pick(*kinds)(right))


@cases("fmax", "fmin")
def beside_special_numbers(draw: Draw) -> Arguments:
    left, right = draw.pair()
    kinds = draw.special, draw.floats, draw.ties
    return call(draw.pick(*kinds)(left), draw.pick(*kinds)(right))


@cases("mul.Scalar", "multiply.Scalar", in_place=True)
def product_with_a_number(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.number())


def divisor(draw: Draw, shape: list[int]) -> Tensor:
    """No element is 0 or close to it, in either dtype."""
    size = draw.ints(shape, 1, 4)
    sign = draw.ints(shape, 0, 1) * 2 - 1
    return size * sign if draw.flag() else (size + draw.uniform(shape, 0.1, 0.9)) * sign


@cases("div.Tensor", "divide.Tensor", "true_divide.Tensor", in_place=True)
def quotients(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.mixed(left), divisor(draw, right))


@cases("div.out")
def quotients_into_a_tensor(draw: Draw) -> Arguments:
    left, right = draw.pair()
    shape = torch.broadcast_shapes(left, right)
    x, y, out = draw.floats(left), draw.uniform(right, 0.5, 2.0), torch.zeros(shape)
    return call(*[draw.constant(tensor) for tensor in (x, y)], out=draw.constant(out))


@cases("div.Scalar", "divide.Scalar", "true_divide.Scalar", in_place=True)
def quotient_by_a_number(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.pick(2, -3, 0.5))


@cases("div.Tensor_mode", "divide.Tensor_mode", in_place=True)
def rounded_quotients(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(
        draw.pick(draw.ints, draw.floats)(left), divisor(draw, right), rounding_mode=draw.pick("floor", "trunc", None)
    )


@cases("div.Scalar_mode", "divide.Scalar_mode", in_place=True)
def rounded_quotients_by_a_number(draw: Draw) -> Arguments:
    x = draw.pick(draw.ints, draw.floats)(draw.shape())
    return call(x, draw.pick(2, -3, 0.5), rounding_mode=draw.pick("floor", "trunc", None))


def dividend(draw: Draw, by_whole: bool) -> Callable[[list[int]], Tensor]:
    return draw.pick(draw.ints, draw.floats, *([draw.wide] if by_whole else []))


@cases("floor_divide", "remainder.Tensor", "fmod.Tensor", in_place=True)
def floor_division(draw: Draw) -> Arguments:
    left, right = draw.pair()
    by = divisor(draw, right)
    return call(dividend(draw, by.dtype == torch.int64)(left), by)


@cases("floor_divide.Scalar", "remainder.Scalar", "fmod.Scalar", in_place=True)
def floor_division_by_a_number(draw: Draw) -> Arguments:
    by = draw.pick(2, -3, 1.5)
    return call(dividend(draw, isinstance(by, int))(draw.shape()), by)


@cases("remainder.Scalar_Tensor")
def remainder_of_a_number(draw: Draw) -> Arguments:
    return call(draw.pick(7, -7, 2.5), divisor(draw, draw.shape()))


@cases("pow.Tensor_Scalar", in_place=True)
def power_by_a_number(draw: Draw) -> Arguments:
    shape = draw.shape()
    exponent = draw.pick(0, 1, 2, 3, 0.5, -1.0, 2.5)
    if isinstance(exponent, int) and draw.flag():
        return call(draw.pick(draw.ints, draw.floats)(shape), exponent)
    return call(draw.uniform(shape, 0.3, 2.0), exponent)


@cases("pow.Tensor_Tensor", in_place=True)
def powers(draw: Draw) -> Arguments:
    left, right = draw.pair()
    if draw.chance(0.25):
        return call(draw.ints(left, -3, 3), draw.ints(right, 0, 3))
    if draw.chance(0.25):
        return call(draw.ties(left), draw.ties(right))
    return call(draw.uniform(left, 0.3, 2.0), draw.floats(right))


@cases("pow.Scalar")
def power_of_a_number(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.pick(2, 1.5, 1), draw.floats(shape) if draw.flag() else draw.ints(shape, 0, 4))


@cases("atan2", "arctan2", "hypot", "copysign.Tensor", in_place=True)
def of_two_floats(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.floats(left), draw.floats(right))


@cases("xlogy.Tensor", "special_xlogy")
def x_log_y(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.ties(left), draw.uniform(right, 0.2, 2.0))


@cases("xlogy.Scalar_Self", "special_xlogy.self_scalar")
def number_log_y(draw: Draw) -> Arguments:
    return call(draw.pick(0, 2, -1.5), draw.uniform(draw.shape(), 0.2, 2.0))


@cases("xlogy.Scalar_Other", "special_xlogy.other_scalar")
def x_log_number(draw: Draw) -> Arguments:
    return call(draw.ties(draw.shape()), draw.pick(2, 0.5))


@cases("copysign.Scalar", in_place=True)
def sign_of_a_number(draw: Draw) -> Arguments:
    return call(draw.mixed(draw.shape()), draw.pick(-1, 2.5, -0.0))


COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "less_equal", "greater", "greater_equal")


@cases(*[f"{name}.Tensor" for name in COMPARISONS])
def comparisons(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.pick(draw.ties, draw.mixed, draw.special)(left), draw.pick(draw.ties, draw.ints)(right))


@cases(*[f"{name}.Scalar" for name in COMPARISONS])
def comparisons_with_a_number(draw: Draw) -> Arguments:
    return call(draw.pick(draw.ties, draw.mixed, draw.special)(draw.shape()), draw.number())


@cases("logical_and", "logical_or", "logical_xor")
def logic(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.mixed(left), draw.pick(draw.bools, draw.ties)(right))


BITWISE = [f"{form}.Tensor" for name in ("and", "or", "xor") for form in (f"bitwise_{name}", f"__{name}__")]


@cases(*BITWISE, in_place=True)
def bits(draw: Draw) -> Arguments:
    left, right = draw.pair()
    if draw.chance(0.3):
        most = 2**31 - 1
        return call(draw.ints(left, -most, most), draw.ints(right, -most, most))
    return call(draw.pick(draw.bools, draw.ints)(left), draw.pick(draw.bools, draw.ints)(right))


@cases(*[name.replace("Tensor", "Scalar") for name in BITWISE], in_place=True)
def bits_of_a_number(draw: Draw) -> Arguments:
    return call(draw.pick(draw.bools, draw.ints)(draw.shape()), draw.pick(True, False, 3, 1))


@cases("bitwise_and.Scalar_Tensor", "bitwise_or.Scalar_Tensor", "bitwise_xor.Scalar_Tensor")
def bits_of_a_number_before(draw: Draw) -> Arguments:
    return call(draw.pick(True, False, 3, 1), draw.pick(draw.bools, draw.ints)(draw.shape()))


SHIFTS = ("bitwise_left_shift", "bitwise_right_shift")


@cases("__lshift__.Tensor", "bitwise_left_shift.Tensor")
def shifts_by_tensors(draw: Draw) -> Arguments:
    """All bits may be moved out, and so they are by negative counts; what is left of int64 has to be within int32."""
    left, right = draw.pair()
    if draw.flag():
        return call(draw.ints(left), draw.ints(right, 0, 4))
    most = 2**31 - 1
    return call(draw.ints(left, -most, most).int(), draw.ints(right, -1, 40).int())


@cases("bitwise_right_shift.Tensor", "__rshift__.Tensor")
def shifts_to_the_right(draw: Draw) -> Arguments:
    left, right = draw.pair()
    most = 2**31 - 1
    return call(draw.pick(draw.ints(left), draw.ints(left, -most, most)), draw.ints(right, -1, 70))


@cases(*[f"{name}.Scalar_Tensor" for name in SHIFTS])
def shifts_of_a_number(draw: Draw) -> Arguments:
    return call(draw.pick(5, -9, 1), draw.ints(draw.shape(), 0, 4))


@cases("isclose")
def isclose(draw: Draw) -> Arguments:
    left, right = draw.pair()
    kind = draw.pick(draw.ties, draw.special, draw.ints)
    return call(
        kind(left), kind(right), **draw.some(rtol=draw.pick(0.0, 0.6), atol=draw.pick(0.0, 1.1), equal_nan=True)
    )


@cases("__lshift__.Scalar", "__rshift__.Scalar", *[f"{name}.Tensor_Scalar" for name in SHIFTS])
def shifts(draw: Draw) -> Arguments:
    return call(draw.ints(draw.shape()), draw.pick(0, 1, 3))


@cases("where.self")
def where(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.bools(draw.like(shape)), draw.mixed(draw.like(shape)), draw.mixed(draw.like(shape)))


@cases("where.ScalarOther")
def where_or_a_number(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.bools(left), draw.mixed(right), draw.number())


@cases("where.ScalarSelf")
def where_a_number(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.bools(left), draw.number(), draw.mixed(right))


@cases("where.Scalar")
def where_numbers(draw: Draw) -> Arguments:
    return call(draw.bools(draw.shape()), draw.number(), draw.number())


@cases("lerp.Tensor", in_place=True)
def lerp(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(draw.floats(draw.like(shape)), draw.floats(draw.like(shape)), draw.uniform(draw.like(shape)))


@cases("lerp.Scalar", in_place=True)
def lerp_by_a_number(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.floats(left), draw.floats(right), draw.pick(0.3, 0.8, 1))


@cases("addcmul", in_place=True)
def addcmul(draw: Draw) -> Arguments:
    shape = draw.shape()
    return call(*[draw.floats(draw.like(shape)) for _ in range(3)], **draw.some(value=draw.pick(0.5, -2)))


@cases("addcdiv", in_place=True)
def addcdiv(draw: Draw) -> Arguments:
    shape = draw.shape()
    start, top = (draw.floats(draw.like(shape)) for _ in range(2))
    return call(start, top, draw.uniform(draw.like(shape), 0.5, 2.0), **draw.some(value=draw.pick(0.5, -2)))


@cases("masked_fill.Scalar", in_place=True)
def masked_fill(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.mixed(left), draw.bools(right), draw.pick(0, 2.5, float("-inf"), -1e9))


@cases("masked_fill.Tensor", in_place=True)
def masked_fill_by_a_tensor(draw: Draw) -> Arguments:
    left, right = draw.pair()
    return call(draw.floats(left), draw.bools(right), draw.floats([]))


@cases("cosine_similarity")
def cosine_similarity(draw: Draw) -> Arguments:
    left, right = draw.pair(1)
    shape = torch.broadcast_shapes(left, right)
    x1, x2, axis = draw.floats(left), draw.floats(right), draw.random.randrange(-len(shape), 0)
    if any(len(sizes) < -axis or sizes[axis] == 1 for sizes in (left, right)):
        # By a vector whose elements are all one the derivative is 0: torch has what rounding leaves of two terms that cancel.
        x1, x2 = draw.constant(x1), draw.constant(x2)
    return call(x1, x2, dim=axis, **draw.some(eps=1e-4))


@cases("pairwise_distance")
def pairwise_distance(draw: Draw) -> Arguments:
    left, right = draw.pair(1)
    return call(draw.floats(left), draw.floats(right), **draw.some(p=draw.pick(1.0, 2.0, 3.0), keepdim=draw.flag()))
