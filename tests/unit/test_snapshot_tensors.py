"""Every kind of tensor that torch has is described, and none makes the picture fail (fault row 20)."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from moduleview.introspect.tree import snapshot_model
from moduleview.telemetry.snapshot import TensorTable


def table_of(tensor: Tensor) -> TensorTable:
    model = nn.Module()
    model.register_buffer("special", tensor)
    model.register_buffer("plain", torch.zeros(2, 2))
    return snapshot_model(model).tensors


def quietly(make: Callable[[], Tensor]) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that some of these are deprecated or in beta
        return make()


class Hostile(Tensor):
    """Refuses every question asked through torch's function overrides."""

    @classmethod
    def __torch_function__(cls, func: object, types: object, args: object = (), kwargs: object = None) -> object:
        raise AssertionError(f"asked {func}")


DENSE = [
    torch.float16,
    torch.bfloat16,
    torch.float64,
    torch.complex64,
    torch.int8,
    torch.bool,
    torch.uint16,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
]


@pytest.mark.parametrize("dtype", DENSE, ids=str)
def test_dense_types_say_shape_and_bytes(dtype: torch.dtype) -> None:
    table = table_of(torch.empty(3, 5, dtype=dtype))
    assert table.shapes[0] == (3, 5)
    assert table.dtypes[0] == str(dtype).removeprefix("torch.")
    assert int(table.n_bytes[0]) == 15 * dtype.itemsize


def test_a_meta_tensor_says_that_it_is_on_meta() -> None:
    table = table_of(torch.empty(10**6, 10**6, device="meta"))
    assert table.devices[0] == "meta"
    assert int(table.numel[0]) == 10**12


@pytest.mark.parametrize(
    ("make", "n_bytes"),
    [
        (lambda: torch.eye(4).to_sparse(), 2 * 4 * 8 + 4 * 4),
        (lambda: torch.eye(4).to_sparse_csr(), 5 * 8 + 4 * 8 + 4 * 4),
        (lambda: torch.eye(4).to_sparse_csc(), 5 * 8 + 4 * 8 + 4 * 4),
    ],
    ids=["coo", "csr", "csc"],
)
def test_a_sparse_tensor_counts_the_bytes_it_stores(make: Callable[[], Tensor], n_bytes: int) -> None:
    table = table_of(quietly(make))
    assert table.shapes[0] == (4, 4)
    assert int(table.numel[0]) == 16
    assert int(table.n_bytes[0]) == n_bytes


def test_a_quantised_tensor_says_its_type() -> None:
    table = table_of(quietly(lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)))
    assert (table.dtypes[0], int(table.n_bytes[0])) == ("quint8", 3)


def test_a_nested_tensor_has_elements_but_no_shape() -> None:
    table = table_of(quietly(lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])))
    assert int(table.numel[0]) == 5


def test_a_scalar_has_no_dimension() -> None:
    table = table_of(torch.tensor(1.0))
    assert table.shapes[0] == ()
    assert int(table.numel[0]) == 1


def test_a_subclass_that_refuses_everything_is_described_without_being_asked() -> None:
    table = table_of(torch.zeros(2, 3).as_subclass(Hostile))
    assert table.shapes == ((2, 3), (2, 2))
    assert table.dtypes == ("float32", "float32")
    assert table.n_bytes.tolist() == [24, 16]


def test_a_default_device_is_not_asked_either() -> None:
    model = nn.Linear(2, 2)
    with torch.device("meta"):
        table = snapshot_model(model).tensors
    assert table.devices == ("cpu", "cpu")


def test_a_lazy_buffer_waits() -> None:
    table = snapshot_model(nn.LazyBatchNorm1d()).tensors
    assert dict(zip(table.names, table.shapes, strict=True))["running_mean"] is None


def test_parameters_of_different_kinds_keep_their_rows() -> None:
    model = nn.Module()
    model.a = nn.Parameter(torch.zeros(2))
    model.b = nn.Parameter(torch.eye(2).to_sparse(), requires_grad=False)
    model.c = nn.UninitializedParameter()
    model.d = nn.Parameter(torch.zeros(3, 1))
    table = snapshot_model(model).tensors
    assert table.names == ("a", "b", "c", "d")
    assert table.shapes == ((2,), (2, 2), None, (3, 1))
    assert table.requires_grad.tolist() == [True, False, True, True]
