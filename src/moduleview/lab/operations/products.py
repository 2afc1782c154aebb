"""Products of tensors, and what torch.linalg knows of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from moduleview.lab.operations.base import Operation, boolean, integers, number, tensor
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec

_TOPIC = "Products and linear algebra"


def _einsum(x: torch.Tensor, equation: str, others: Sequence[torch.Tensor] = ()) -> torch.Tensor:
    return torch.einsum(equation, x, *others)


def _norm(x: torch.Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False) -> torch.Tensor:
    norm: torch.Tensor = torch.linalg.norm(x, ord=ord, dim=dim, keepdim=keepdim)
    return norm


_ORD = ArgumentSpec("ord", ArgumentKind.CHOICE, "fro", choices=("fro", "nuc"), is_optional=True)
_P = number("ord", "2", "2, 1, inf, -inf, ...", optional=True)
_DIM = integers("dim", "", "one axis, or two; empty for all", optional=True)

OPERATIONS = (
    Operation(
        "einsum",
        _TOPIC,
        "Sums of products, by the letters of the axes: a letter that is not behind the arrow is summed over.",
        _einsum,
        "torch.einsum({equation}, x, *{others})",
        (
            ArgumentSpec("equation", ArgumentKind.EQUATION, "ij->ji", hint="ij,jk->ik"),
            ArgumentSpec("others", ArgumentKind.TENSORS, "", is_optional=True, hint="t1, t2: the other operands"),
        ),
        absent="[]",
    ),
    Operation("matmul", _TOPIC, "Matrix product; leading axes are broadcast.", torch.matmul, "torch.matmul",
              (tensor("other"),)),
    Operation("linalg.svd", _TOPIC, "U, S, Vh with x = U @ diag(S) @ Vh.", torch.linalg.svd, "torch.linalg.svd",
              (boolean("full_matrices", "False"),)),
    Operation("linalg.svdvals", _TOPIC, "Singular values, the largest first.", torch.linalg.svdvals,
              "torch.linalg.svdvals"),
    Operation("linalg.norm", _TOPIC, "Norm of all elements, or of a matrix: 2, 1, inf, -inf, ...", _norm,
              "torch.linalg.norm", (number("ord", "", "empty for L2; 2 of a matrix is its largest singular value",
                                           optional=True), _DIM, boolean("keepdim"))),
    Operation("linalg.matrix_norm", _TOPIC, "Frobenius or nuclear norm of matrices.", torch.linalg.matrix_norm,
              "torch.linalg.matrix_norm", (_ORD,)),
    Operation("linalg.vector_norm", _TOPIC, "Norm of elements along axes.", torch.linalg.vector_norm,
              "torch.linalg.vector_norm", (_P, _DIM, boolean("keepdim"))),
    Operation("linalg.cond", _TOPIC, "Condition: largest over smallest singular value.", torch.linalg.cond,
              "torch.linalg.cond"),
    Operation("linalg.matrix_rank", _TOPIC, "How many singular values are not 0 in this dtype.",
              torch.linalg.matrix_rank, "torch.linalg.matrix_rank"),
    Operation("linalg.eigvals", _TOPIC, "Eigenvalues of square matrices; complex.", torch.linalg.eigvals,
              "torch.linalg.eigvals"),
    Operation("linalg.qr", _TOPIC, "Q, R with x = Q @ R.", torch.linalg.qr, "torch.linalg.qr"),
    Operation("linalg.solve", _TOPIC, "The solution of x @ result = B.", torch.linalg.solve, "torch.linalg.solve",
              (tensor("B"),)),
)  # fmt: skip
