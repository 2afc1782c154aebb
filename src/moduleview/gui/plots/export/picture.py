"""A widget as a picture: pixels at any scale, or lines and text that stay sharp.

Qt renders it as it does on the screen; pyqtgraph's own exporter fails from Qt 6.11 on.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPoint, QRect, QSizeF, Qt
from PySide6.QtGui import QImage, QImageWriter, QPageLayout, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

_POINTS_A_PIXEL = 72 / 96
_PDF_DPI = 1200


class PictureFormat(StrEnum):
    """What a picture can be, by the ending of its file."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


def picture_bytes(widget: QWidget, picture_format: PictureFormat, scale: int = 1) -> bytes:
    """The contents of the file.

    Args:
        widget: Drawn as it is now; it must have been shown.
        picture_format: Of the file.
        scale: Pixels of a PNG for each of the screen's; the others have none.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    draw: Callable[[], None] = {
        PictureFormat.PNG: lambda: _draw_png(widget, buffer, scale),
        PictureFormat.SVG: lambda: _draw_svg(widget, buffer),
        PictureFormat.PDF: lambda: _draw_pdf(widget, buffer),
    }[picture_format]
    draw()
    buffer.close()
    return bytes(buffer.data().data())


def _draw_png(widget: QWidget, device: QIODevice, scale: int) -> None:
    image = QImage(widget.size() * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(Qt.GlobalColor.white)
    _draw(widget, QPainter(image))
    QImageWriter(device, QByteArray(b"png")).write(image)


def _draw_svg(widget: QWidget, device: QIODevice) -> None:
    generator = QSvgGenerator()
    generator.setOutputDevice(device)
    generator.setSize(widget.size())
    generator.setViewBox(QRect(QPoint(), widget.size()))
    generator.setTitle(widget.accessibleName())
    _draw(widget, QPainter(generator))


def _draw_pdf(widget: QWidget, device: QIODevice) -> None:
    writer = QPdfWriter(device)
    writer.setResolution(_PDF_DPI)
    size = QSizeF(widget.size()) * _POINTS_A_PIXEL
    page = QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF()))
    writer.setTitle(widget.accessibleName())
    painter = QPainter(writer)
    painter.scale(_PDF_DPI / 96, _PDF_DPI / 96)
    _draw(widget, painter)


def _draw(widget: QWidget, painter: QPainter) -> None:
    try:
        QWidget.render(widget, painter, QPoint())  # a view's own would draw its scene only
    finally:
        painter.end()  # before what it paints on goes
