"""What is written about a class: docstring, signatures, source, help. Looks at the class only, never at a module.

To read the source of a class Python parses its whole file (71 ms for ``nn.Transformer``), so this is made to be called
beside the training: any thread may.
"""

from __future__ import annotations

import pydoc
import re

from moduleview.introspect.module_report import AskedTexts, class_texts, cut, written_class
from moduleview.telemetry.internals_messages import ClassDocumentation

_MAXIMUM_HELP = 200_000  # characters
LONGEST_S = 5.0  # a metaclass of a person's may have a __dir__ without end
_OWN_FILE = re.compile(r"^moduleview_target_(.+)_[0-9a-f]{8}\.")  # the name under which a person's file is imported


def document_class(fqn: str, cls: type) -> ClassDocumentation:
    """All that can be read about ``cls``, the class of the module ``fqn``; what raises becomes a sentence."""
    cls = written_class(cls)
    texts = class_texts(cls)
    return ClassDocumentation(
        fqn=fqn,
        class_name=_OWN_FILE.sub(r"\1.", f"{cls.__module__}.{cls.__qualname__}"),
        docstring=texts.docstring,
        signatures=texts.signatures,
        source=texts.source,
        location=texts.location,
        help_text=AskedTexts(LONGEST_S).text(
            lambda: cut(pydoc.plain(pydoc.render_doc(cls, "Help on %s:")), _MAXIMUM_HELP), "help"
        ),
    )
