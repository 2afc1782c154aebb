"""Products of tensors, and what torch.linalg knows of matrices."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from moduleview.lab.operations.base import Given, Operation, boolean, choice, dtype, integers, norm, number, tensor
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec

_TOPIC = "Products and linear algebra"


def _einsum(x: torch.Tensor, equation: str, others: Sequence[torch.Tensor] = ()) -> torch.Tensor:
    return torch.einsum(equation, x, *others)


def _einsum_line(given: Given) -> str:
    others = f", {given['others'].python[1:-1]}" if "others" in given else ""
    return f"torch.einsum({given['equation'].python}, x{others})"


_TOLERANCES = (
    number("atol", "", "what counts as 0", optional=True),
    number("rtol", "", "the same, as a share of the largest", optional=True),
)
_DIM = integers("dim", "", "one axis, or two; empty for all", optional=True)

OPERATIONS = (
    Operation(
        "einsum",
        _TOPIC,
        "Sums of products, by the letters of the axes: a letter that is not behind the arrow is summed over.",
        _einsum,
        "torch.einsum",
        (
            ArgumentSpec("equation", ArgumentKind.EQUATION, "ij->ji", hint="ij,jk->ik"),
            ArgumentSpec("others", ArgumentKind.TENSORS, "", is_optional=True, hint="t1, t2: the other operands"),
        ),
        line=_einsum_line,
    ),
    Operation("matmul", _TOPIC, "Matrix product; leading axes are broadcast.", torch.matmul, "torch.matmul",
              (tensor("other"),)),
    Operation("linalg.svd", _TOPIC, "U, S, Vh with x = U @ diag(S) @ Vh.", torch.linalg.svd, "torch.linalg.svd",
              (boolean("full_matrices", "False"),)),
    Operation("linalg.svdvals", _TOPIC, "Singular values, the largest first.", torch.linalg.svdvals,
              "torch.linalg.svdvals"),
    Operation("linalg.norm", _TOPIC, "Norm of all elements; with ord or two axes that of matrices.",
              torch.linalg.norm, "torch.linalg.norm",
              (norm("ord", "", "empty for L2 of all; of a matrix fro, nuc, 2, -2, 1, -1, inf, -inf"), _DIM,
               boolean("keepdim"), dtype())),
    Operation("linalg.matrix_norm", _TOPIC, "Norm of matrices.", torch.linalg.matrix_norm,
              "torch.linalg.matrix_norm",
              (norm("ord", "fro", "fro, nuc, 2 (largest singular value), -2, 1, -1, inf, -inf"),
               integers("dim", "", "two axes; empty for the last two", optional=True), boolean("keepdim"), dtype())),
    Operation("linalg.vector_norm", _TOPIC, "Norm of elements along axes.", torch.linalg.vector_norm,
              "torch.linalg.vector_norm",
              (number("ord", "2", "2, 1, 0, inf, -inf, ...", optional=True), _DIM, boolean("keepdim"), dtype())),
    Operation("linalg.cond", _TOPIC, "Condition: how much a solution may grow an error of B.", torch.linalg.cond,
              "torch.linalg.cond",
              (norm("p", "", "empty or 2: largest over smallest singular value; fro, nuc, 1, -1, -2, inf, -inf"),)),
    Operation("linalg.matrix_rank", _TOPIC, "How many singular values are not 0 in this dtype.",
              torch.linalg.matrix_rank, "torch.linalg.matrix_rank", (*_TOLERANCES, boolean("hermitian"))),
    Operation("linalg.eigvals", _TOPIC, "Eigenvalues of square matrices; complex.", torch.linalg.eigvals,
              "torch.linalg.eigvals"),
    Operation("linalg.qr", _TOPIC, "Q, R with x = Q @ R.", torch.linalg.qr, "torch.linalg.qr",
              (choice("mode", "reduced", "complete", "r"),)),
    Operation("linalg.solve", _TOPIC, "The solution of x @ result = B.", torch.linalg.solve, "torch.linalg.solve",
              (tensor("B"), boolean("left"))),
    Operation("linalg.inv", _TOPIC, "The inverse of square matrices.", torch.linalg.inv, "torch.linalg.inv"),
    Operation("linalg.pinv", _TOPIC, "The pseudo-inverse, of any matrix.", torch.linalg.pinv, "torch.linalg.pinv",
              (*_TOLERANCES, boolean("hermitian"))),
    Operation("linalg.det", _TOPIC, "The determinant of square matrices.", torch.linalg.det, "torch.linalg.det"),
)  # fmt: skip
