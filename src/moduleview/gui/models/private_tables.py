"""What torch's private tables in a module's ``__dict__`` are for, a sentence each."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.internals_messages import Attribute, AttributeKind


class PrivateTables(QObject):
    """The sentences, translated; those of torch 2.4 to 2.13. GUI thread only."""

    def explanation(self, entry: Attribute) -> str:
        """What an entry of ``__dict__`` is for; "" where its name is not a private one."""
        for sentences in (self._registrations, self._forward_hooks, self._backward_hooks, self._saving, self._others):
            if text := sentences().get(entry.name):
                return text
        if entry.kind is AttributeKind.TABLE:
            return self.tr("A table of this torch's nn.Module that is not explained here.")
        return self._private(entry) if entry.name.startswith("_") else ""

    def _private(self, entry: Attribute) -> str:
        if entry.written_for:
            return self.tr("Private to {0}, whose own code uses it; nn.Module does not know it.").format(
                displayable(entry.written_for)
            )
        return self.tr(
            "Private, but not of nn.Module: no method of its classes names it, so other code has put it there."
        )

    def _registrations(self) -> dict[str, str]:
        return {
            "_parameters": self.tr(
                "The module's own parameters by name. module.weight looks here; parameters(), the optimizer and "
                "state_dict() know no others. None stands for one that was left out, such as bias=False."
            ),
            "_buffers": self.tr(
                "Tensors that belong to the module but are not learned, by name: running means, masks. They move with "
                ".to() and, when persistent, are saved by state_dict()."
            ),
            "_non_persistent_buffers_set": self.tr(
                "Names of the buffers that were registered with persistent=False: they move with .to(), but "
                "state_dict() leaves them out."
            ),
            "_modules": self.tr(
                "The module's children by name, as named_children() gives them. What is not in here is not seen by "
                "parameters(), .to(), train() and state_dict()."
            ),
            "training": self.tr(
                "True after train(), False after eval(). Dropout and batch norm look at it; it does not switch "
                "gradients."
            ),
        }

    def _forward_hooks(self) -> dict[str, str]:
        return {
            "_forward_hooks": self.tr(
                "Run after forward(), by handle number: register_forward_hook. What one returns takes the place of the "
                "output; None leaves it."
            ),
            "_forward_pre_hooks": self.tr(
                "Run before forward(): register_forward_pre_hook. What one returns takes the place of the inputs."
            ),
            "_forward_hooks_with_kwargs": self.tr(
                "Numbers of the forward hooks that are given keyword arguments too (with_kwargs=True)."
            ),
            "_forward_pre_hooks_with_kwargs": self.tr(
                "Numbers of the forward-pre hooks that are given keyword arguments too (with_kwargs=True)."
            ),
            "_forward_hooks_always_called": self.tr(
                "Numbers of the forward hooks that run even where forward() raised (always_call=True)."
            ),
        }

    def _backward_hooks(self) -> dict[str, str]:
        return {
            "_backward_hooks": self.tr(
                "Run in the backward pass with the gradients of inputs and outputs: "
                "register_full_backward_hook, or the "
                "deprecated register_backward_hook; _is_full_backward_hook says which. A module has but one of the "
                "kinds."
            ),
            "_is_full_backward_hook": self.tr(
                "True: the backward hooks are full ones. False: they are deprecated ones, which see the "
                "gradients of the last operation of forward() only. None: there are none."
            ),
            "_backward_pre_hooks": self.tr(
                "Run before the gradients of a module's inputs are computed: register_full_backward_pre_hook."
            ),
        }

    def _saving(self) -> dict[str, str]:
        return {
            "_state_dict_hooks": self.tr(
                "Run after a module has written itself into state_dict(); they may rename keys, take them out or add "
                "some."
            ),
            "_state_dict_pre_hooks": self.tr("Run before a module writes itself into state_dict()."),
            "_load_state_dict_pre_hooks": self.tr(
                "Run before load_state_dict() fills the module; they may change the state that is loaded, as for older "
                "checkpoints."
            ),
            "_load_state_dict_post_hooks": self.tr(
                "Run after load_state_dict(), with the keys that were missing or unexpected."
            ),
        }

    def _others(self) -> dict[str, str]:
        return {
            "_compiled_call_impl": self.tr(
                "What module.compile() has put in place of the module's call; None, or absent, where it was not "
                "compiled."
            ),
            "_initialize_hook": self.tr(
                "Of a lazy module: the handle of the hook that gives it its shapes at the first call; gone after that."
            ),
            "_load_hook": self.tr(
                "Of a lazy module: the handle of the hook that gives it its shapes when a checkpoint is loaded."
            ),
        }
