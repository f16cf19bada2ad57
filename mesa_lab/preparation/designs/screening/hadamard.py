"""Hadamard matrices: square, of 1 and -1, with columns at right angles to each other."""

from typing import Any

import numpy as np

__all__ = ["hadamard_of"]

type Matrix = np.ndarray[Any, np.dtype[np.int64]]


def hadamard_of(least: int) -> Matrix:
    """Return a Hadamard matrix of the smallest order from `least` on that the known constructions give.

    They are Sylvester's for powers of 2 and for doubling, and Paley's two (1933, J. Math. Phys. 12: 311-320) over the
    residues of a prime: all orders below 92 that are multiples of 4, but for 52.

    Args:
        least: The order wanted, at least 1.

    Returns:
        The matrix, whose first column is of ones.

    Example:
        >>> hadamard_of(26).shape
        (28, 28)
    """
    order = least
    while (made := _of_order(order)) is None:
        order += 1
    normal: Matrix = made * made[:, :1]
    return normal


def _of_order(order: int) -> Matrix | None:
    if order & (order - 1) == 0:
        from scipy.linalg import hadamard

        return np.asarray(hadamard(order), dtype=np.int64)
    if order % 4:
        return None
    if _prime(order - 1):
        return _paley_first(order - 1)
    if (order // 2 - 1) % 4 == 1 and _prime(order // 2 - 1):
        return _paley_second(order // 2 - 1)
    half = _of_order(order // 2)
    return None if half is None else np.kron(np.array([[1, 1], [1, -1]]), half)


def _paley_first(prime: int) -> Matrix:
    """The matrix of order prime + 1, for a prime that leaves 3 when divided by 4."""
    return _bordered(prime, sign=-1) + np.eye(prime + 1, dtype=np.int64)


def _paley_second(prime: int) -> Matrix:
    """The matrix of order 2 (prime + 1), for a prime that leaves 1 when divided by 4."""
    conference = _bordered(prime, sign=1)
    unit = np.eye(prime + 1, dtype=np.int64)
    return np.kron(conference, np.array([[1, 1], [1, -1]])) + np.kron(unit, np.array([[1, -1], [-1, -1]]))


def _bordered(prime: int, sign: int) -> Matrix:
    """Quadratic residues of all differences, within a border of ones; `sign` is that of the border on the left."""
    residues = {number * number % prime for number in range(1, prime)}
    character = np.array([0, *(1 if number in residues else -1 for number in range(1, prime))])
    differences = (np.arange(prime)[:, None] - np.arange(prime)[None, :]) % prime
    bordered = np.ones((prime + 1, prime + 1), dtype=np.int64)
    bordered[1:, 1:] = character[differences]
    bordered[1:, 0] = sign
    bordered[0, 0] = 0
    return bordered


def _prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))
