"""The values of a slice as a table whose cells come from the lab's thread."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from moduleview.gui.lab.cell_words import whole
from moduleview.gui.lab.cells_model import CellsModel
from moduleview.gui.lab.cells_table import CellsTable
from moduleview.gui.lab.lab_view import LabView
from moduleview.gui.lab.question import Question
from moduleview.gui.lab.shown_tensor import plane_sizes
from moduleview.gui.look import number_format
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_tensors import LabRefused
from moduleview.telemetry.lab_views import RequestTile, TileAnswered

_MOST_CELLS = 65_536
_MARGIN_PAGES = 2  # beyond what can be seen, so that scrolling finds cells that are there


class TableView(LabView):
    """Asks for what can be seen and some pages around it; only the newest request counts."""

    def __init__(self, context: PanelContext, parent: QWidget) -> None:
        super().__init__(context, parent)
        self.model = CellsModel(self)
        self.table = CellsTable(context.theme, self.model, self)
        self.table.window_moved.connect(self._on_window_moved)
        self.table.copy_wanted.connect(lambda: self.copy("\t"))
        self.table.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.view.customContextMenuRequested.connect(self._open_menu)
        self._copying, self._separator = Question(context), "\t"
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self.setFocusProxy(self.table)

    def begin(self, *, is_other: bool) -> None:
        """Nothing of the slice is known."""
        assert self.shown is not None
        assert self.plane is not None
        sizes = plane_sizes(self.shown.shape, self.plane)
        if is_other or sizes != (self.model.n_rows, self.model.n_columns):
            self.table.show_slice(*sizes)
        else:
            self.model.forget_cells()

    def ask(self) -> None:
        """Ask for what can be seen and what is around it."""
        if self.shown is None or self.plane is None or not self.shown.n_elements:
            return
        shown, plane, model = self.shown, self.plane, self.model
        rows, columns = self.table.page()
        width = min(columns * (1 + 2 * _MARGIN_PAGES), model.n_columns, 1024)
        height = min(rows * (1 + 2 * _MARGIN_PAGES), model.n_rows, _MOST_CELLS // max(width, 1))
        top = max(0, min(model.top - (height - rows) // 2, model.n_rows - height))
        left = max(0, min(model.left - (width - columns) // 2, model.n_columns - width))
        self.question.ask(lambda r: RequestTile(r, shown.tensor_id, plane, top, left, height, width))

    def show_answer(self, answer: LabRecord) -> None:
        """Fill the cells; where a person has scrolled on meanwhile, ask again."""
        if isinstance(answer, TileAnswered):
            self.model.take_tile(answer)
            self.table.cells_came()
            if not self.model.is_known():
                self.ask()

    def take(self, book: LabBook) -> None:
        """Cells, or what is to be copied."""
        super().take(book)
        answer = self._copying.take(book)
        if isinstance(answer, TileAnswered):
            self._put_on_clipboard(answer)
        elif isinstance(answer, LabRefused):
            self.context.notify(answer.reason)

    def copy(self, separator: str) -> None:
        """Put the selected cells onto the clipboard at full precision; those out of view are asked for."""
        block = self.table.block
        if self.shown is None or self.plane is None:
            return
        if block.n_cells > _MOST_CELLS:
            text = self.tr("{0} cells are selected; at most {1} can be copied at once")
            most = number_format.exact_count(_MOST_CELLS)
            self.context.notify(text.format(number_format.exact_count(block.n_cells), most))
            return
        shown, plane, rows, columns = self.shown, self.plane, block.rows, block.columns
        self._separator = separator
        size = (len(rows), len(columns))
        self._copying.ask(lambda r: RequestTile(r, shown.tensor_id, plane, rows[0], columns[0], *size, place="copy"))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _on_window_moved(self) -> None:
        if self.shown is not None and not self.model.is_known() and not self.question.is_waiting:
            self.ask()

    def _put_on_clipboard(self, tile: TileAnswered) -> None:
        lines = (self._separator.join(whole(value, tile.digits) for value in row) for row in tile.values)
        QGuiApplication.clipboard().setText("\n".join(lines))
        self.context.notify(self.tr("{0} cells copied").format(number_format.exact_count(tile.values.size)))

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Copy cells")).triggered.connect(lambda _checked=False: self.copy("\t"))
        menu.addAction(self.tr("Copy cells as CSV")).triggered.connect(lambda _checked=False: self.copy(","))
        menu.addAction(self.tr("Select all")).triggered.connect(lambda _checked=False: self.table.select_all())
        menu.popup(self.table.view.viewport().mapToGlobal(at))
