"""A module's norm is the root of the sum of its parameters' squares."""

from __future__ import annotations

import numpy as np

from builders import add_steps, declare_gradients, opened_store
from moduleview.telemetry.module_norms import own_norms, owners, segment_norms, tensor_matrix


def test_norms_of_modules_and_subtrees() -> None:
    store = opened_store()
    assert store.model is not None
    model = store.model
    keys = declare_gradients(store)
    add_steps(store, np.array([[0.5, 1.0, 3.0, 4.0, 1e-12, 0.0, 2.0]]))
    assert len(keys) == 7
    tensors = tensor_matrix(store, model, "grad_norm", 5)

    nodes = owners(model)
    assert [model.fqns[node] for node in nodes] == ["embed", "blocks.0.lin", "blocks.1.lin", "head"]
    own = own_norms(tensors, model, nodes)
    np.testing.assert_allclose(own.values[0], [1.0, 5.0, 1e-12, 2.0], rtol=1e-6)

    ends = model.tensor_begin[model.subtree_end]
    subtree, was_measured = segment_norms(tensors.values, tensors.measured, model.tensor_begin[:-1], ends)
    expected = {"": np.sqrt(1 + 25 + 4), "blocks": 5.0, "blocks.1": 1e-12, "blocks.0.lin": 5.0}
    for fqn, norm in expected.items():
        node = model.node_of(fqn)
        assert node is not None
        np.testing.assert_allclose(subtree[0, node], norm, rtol=1e-6)
    activation = model.node_of("blocks.0.act")
    assert not was_measured[0, activation]
    assert np.isnan(subtree[0, activation])


def test_not_a_number_in_one_parameter_is_the_modules() -> None:
    store = opened_store()
    assert store.model is not None
    declare_gradients(store)
    add_steps(store, np.array([[0.5, 1.0, np.nan, 4.0, -1, -1, 2.0]]))
    tensors = tensor_matrix(store, store.model, "grad_norm", 5)
    own = own_norms(tensors, store.model, owners(store.model))
    assert np.isnan(own.values[0, 1])
    assert own.measured[0].tolist() == [True, True, False, True]
