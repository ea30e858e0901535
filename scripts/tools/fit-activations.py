"""Prints the coefficients of src/kernels/host/c/cells/activations.h: `pip install numpy`, then run it.

Each polynomial is the best one of its degree for the relative error of its function, by Remez's exchange: the error takes its largest
value with alternating signs at one more point than there are coefficients.
"""

import numpy as np

GRID = 20_001
EXCHANGES = 40


def best_polynomial(function, weight, count, begin, end):
    """`count` coefficients, lowest first, that minimise the largest weight(x) * |p(x) - function(x)|, and that largest value."""
    grid = np.linspace(begin, end, GRID)
    points = (begin + end) / 2 - (end - begin) / 2 * np.cos(np.pi * np.arange(count + 1) / count)
    for _ in range(EXCHANGES):
        alternating = (-1.0) ** np.arange(count + 1) / weight(points)
        rows = np.column_stack([*(points**power for power in range(count)), alternating])
        coefficients = np.linalg.solve(rows, function(points))[:count]
        error = weight(grid) * (np.polyval(coefficients[::-1], grid) - function(grid))
        points = grid[alternating_extrema(error, count + 1)]
    return coefficients, np.abs(error).max()


def alternating_extrema(error, count):
    """Indices of `count` neighbouring extrema with alternating signs, the largest of each sign's run."""
    inner = [i for i in range(1, len(error) - 1) if (error[i] - error[i - 1]) * (error[i + 1] - error[i]) <= 0]
    chosen = []
    for i in [0, *inner, len(error) - 1]:
        if chosen and np.sign(error[i]) == np.sign(error[chosen[-1]]):
            if abs(error[i]) > abs(error[chosen[-1]]):
                chosen[-1] = i
        else:
            chosen.append(i)
    while len(chosen) > count:
        chosen.pop(0 if abs(error[chosen[0]]) < abs(error[chosen[-1]]) else -1)
    return chosen


# Close to zero a difference of nearly equal numbers has no digits left, and the series has all that count.


def exp_part(g):
    """(e^g - 1 - g) / g^2."""
    series = 1 / 2 + g / 6 + g**2 / 24 + g**3 / 120 + g**4 / 720
    return np.where(np.abs(g) < 1e-2, series, (np.expm1(g) - g) / np.where(g == 0, 1, g**2))


def tanh_part(s):
    """(tanh(x) / x - 1) / s with s = x^2."""
    x = np.sqrt(np.maximum(s, 1e-300))
    series = -1 / 3 + s * (2 / 15 + s * (-17 / 315 + s * 62 / 2835))
    return np.where(s < 1e-3, series, (np.tanh(x) / x - 1) / np.where(s == 0, 1, s))


# Weights make the error of a part that of the whole function, divided by its value. They must not vanish.


def exp_weight(g):
    return g**2 / np.exp(g) + 1e-4


def tanh_weight(s):
    x = np.sqrt(np.maximum(s, 1e-300))
    return s * x / np.tanh(x) + 1e-4


def main():
    half = np.log(2) / 2
    for name, function, weight, count, begin, end in [
        ("exp", exp_part, exp_weight, 5, -half, half),
        ("tanh", tanh_part, tanh_weight, 7, 0, 1),
    ]:
        coefficients, error = best_polynomial(function, weight, count, begin, end)
        print(f"{name}: relative error {error:.1e}")
        for coefficient in coefficients:
            print(f"  {coefficient:.8e}")


if __name__ == "__main__":
    main()
