"""All operations of the lab by name, in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from moduleview.lab.dtypes import DTYPES
from moduleview.lab.operations import choose, compare, create, pointwise, predicates, products, random, reduce, shape
from moduleview.lab.operations.base import Operation
from moduleview.telemetry.lab_pipelines import OperationsListed

_TOPICS = (choose, shape, pointwise, reduce, compare, products, create, random, predicates)

CATALOGUE: Mapping[str, Operation] = MappingProxyType(
    {operation.name: operation for topic in _TOPICS for operation in topic.OPERATIONS}
)


def list_operations() -> OperationsListed:
    """What the viewing side is told of them."""
    return OperationsListed(tuple(operation.spec for operation in CATALOGUE.values()), tuple(DTYPES))
