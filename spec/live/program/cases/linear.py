"""Products of matrices."""

from cases.draw import Draw
from cases.registry import Arguments, call, cases


@cases("linear")
def linear(draw: Draw) -> Arguments:
    inputs, outputs = draw.size(), draw.size()
    x, weight = draw.floats([*draw.shape(0, 3), inputs]), draw.floats([outputs, inputs])
    return call(x, weight, draw.floats([outputs])) if draw.flag() else call(x, weight)


@cases("matmul")
def matmul(draw: Draw) -> Arguments:
    """Vectors, matrices, and stacks of them that broadcast."""
    inner = draw.size(0 if draw.chance(0.1) else 1)
    left, right = draw.pair(0, 2)
    a = draw.pick([inner], [*left, draw.size(), inner])
    b = draw.pick([inner], [*right, inner, draw.size()])
    return call(draw.floats(a), draw.floats(b))


@cases("mm")
def mm(draw: Draw) -> Arguments:
    rows, inner, columns = draw.size(0), draw.size(), draw.size(0)
    return call(draw.floats([rows, inner]), draw.floats([inner, columns]))


@cases("bmm")
def bmm(draw: Draw) -> Arguments:
    count, rows, inner, columns = (draw.size(0 if draw.chance(0.1) else 1) for _ in range(4))
    return call(draw.floats([count, rows, inner]), draw.floats([count, inner, columns]))


@cases("mv")
def mv(draw: Draw) -> Arguments:
    inner = draw.size()
    return call(draw.floats([draw.size(0), inner]), draw.floats([inner]))


@cases("dot", "vdot")
def dot(draw: Draw) -> Arguments:
    count = draw.size(0)
    return call(draw.floats([count]), draw.floats([count]))


@cases("outer")
def outer(draw: Draw) -> Arguments:
    return call(draw.floats([draw.size(0)]), draw.floats([draw.size(0)]))


@cases("addmm", in_place=True)
def addmm(draw: Draw) -> Arguments:
    rows, inner, columns = draw.size(), draw.size(), draw.size()
    start = draw.floats(draw.like([rows, columns]))
    return call(start, draw.floats([rows, inner]), draw.floats([inner, columns]), **draw.some(beta=draw.pick(0.5, 0), alpha=2))


@cases("addmv")
def addmv(draw: Draw) -> Arguments:
    rows, inner = draw.size(), draw.size()
    return call(draw.floats([rows]), draw.floats([rows, inner]), draw.floats([inner]), **draw.some(beta=0.5, alpha=2))


@cases("baddbmm", in_place=True)
def baddbmm(draw: Draw) -> Arguments:
    count, rows, inner, columns = (draw.size() for _ in range(4))
    start = draw.floats(draw.like([count, rows, columns]))
    left, right = draw.floats([count, rows, inner]), draw.floats([count, inner, columns])
    return call(start, left, right, **draw.some(beta=draw.pick(0.5, 0), alpha=2))


EQUATIONS = {
    "ij,jk->ik": 2,
    "bt,bth->bh": 2,
    "bij,bkj->bik": 2,
    "bhid,bhjd->bhij": 2,
    "bij,bjk,bik->bi": 3,
    "ij->ji": 1,
    "bij->b": 1,
    "...i,ij->...j": 2,
    "i,j->ij": 2,
    "ii->i": 1,
    "ij,ij": 2,
}


@cases("einsum")
def einsum(draw: Draw) -> Arguments:
    equation = draw.pick(*EQUATIONS)
    sizes = {letter: draw.size() for letter in "bdhijkt"}
    dots = [draw.size(), draw.size()]
    terms = equation.split("->")[0].split(",")
    shapes = [[*(dots if "..." in term else []), *(sizes[letter] for letter in term.replace("...", ""))] for term in terms]
    spaced = draw.pick(equation, equation.replace(",", ", ").replace("->", " -> "))
    return call(spaced, [draw.floats(shape) for shape in shapes])


@cases("bilinear")
def bilinear(draw: Draw) -> Arguments:
    batch, left, right, outputs = draw.shape(0, 2), draw.size(), draw.size(), draw.size()
    bias = draw.pick(draw.floats([outputs]), None)
    return call(draw.floats([*batch, left]), draw.floats([*batch, right]), draw.floats([outputs, left, right]), bias)


@cases("cdist")
def cdist(draw: Draw) -> Arguments:
    batch, size = draw.shape(0, 1), draw.size()
    left, right = draw.floats([*batch, draw.size(), size]), draw.floats([*batch, draw.size(), size])
    return call(left, right, **draw.some(p=draw.pick(0.0, 1.0, 2.0, 3.0, float("inf"))))


@cases("scaled_dot_product_attention")
def attention(draw: Draw) -> Arguments:
    """A mask is true where a key may be seen, or is added to the scores; a causal one starts at the upper left."""
    batch, queries, keys, size, width = draw.shape(1, 2), draw.size(), draw.size(), draw.size(), draw.size()
    q, k, v = draw.floats([*batch, queries, size]), draw.floats([*batch, keys, size]), draw.floats([*batch, keys, width])
    scale = draw.some(scale=0.3)
    kind = draw.pick("none", "bool", "float", "causal")
    if kind == "bool":
        mask = draw.bools(draw.like([*batch, queries, keys]))
        mask[..., 0] = True
        return call(q, k, v, mask, **scale)
    if kind == "float":
        return call(q, k, v, draw.floats(draw.like([*batch, queries, keys])), 0.0, False, **scale)
    return call(q, k, v, None, 0.0, True) if kind == "causal" else call(q, k, v, **scale)


@cases("tensordot")
def tensordot(draw: Draw) -> Arguments:
    inner = draw.size()
    return call(draw.floats([draw.size(), inner]), draw.floats([inner, draw.size()]), [1], [0])
