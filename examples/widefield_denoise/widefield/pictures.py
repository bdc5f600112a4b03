"""Pictures of what was denoised and demixed, for people."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .components import Components, Recovery
from .denoising import Denoised
from .generation import Truth

Array = NDArray[Any]
Colour = tuple[int, ...]
SIDE = 340
GAP = 16
HEAD = 30
PLOT = 190
PAPER = (255, 255, 255)
INK = (40, 40, 48)
FAINT = (200, 200, 206)
BLUE = (32, 96, 192)
RED = (208, 64, 48)
SECONDS_SHOWN = 60.0
TYPICAL = 0.75
"""The pixel whose trace is shown: stronger than this share of all, brain and dark."""
COLD = np.array([(20, 60, 150), (110, 160, 215), (247, 247, 247), (235, 140, 100), (150, 15, 35)], dtype=float)


def draw_denoised(video: Array, denoised: Denoised, truth: Truth | None, frame_rate_hz: float) -> Image.Image:
    """A frame as it was measured, denoised, and what is left over; below, a pixel's trace, and components of each block."""
    strength = (denoised.traces**2).T @ (denoised.images / denoised.noise).std((1, 2)) ** 2
    frame = int(strength.argmax())
    clean = denoised.frames(frame, frame + 1)[0]
    noisy = video[frame].astype(float) - denoised.mean
    scale = max(float(np.percentile(np.abs(clean), 99.5)), float(np.median(denoised.noise)) * 0.5, 1e-9)
    panels = [
        (f"frame {frame}, measured", _diverging(noisy / scale)),
        ("denoised", _diverging(clean / scale)),
        ("the rest", _diverging((noisy - clean) / scale)),
        ("components of each block", _ramp(denoised.ranks / max(int(denoised.ranks.max()), 1))),
    ]
    page = _page(len(panels), HEAD + PLOT + GAP)
    for number, (title, pixels) in enumerate(panels):
        _panel(page, number, title, pixels)
    by_strength = np.argsort(((denoised.images / denoised.noise) ** 2).sum(0), axis=None)
    row, column = divmod(int(by_strength[int(TYPICAL * (by_strength.size - 1))]), denoised.mean.shape[1])
    last = min(len(video), int(SECONDS_SHOWN * frame_rate_hz))
    raw = video[:last, row, column].astype(float) - denoised.mean[row, column]
    lines: list[tuple[Array, Colour]] = [
        (raw, FAINT),
        (denoised.traces[:, :last].T @ denoised.images[:, row, column], RED),
    ]
    title = f"pixel ({row}, {column}), {last / frame_rate_hz:.0f} s: measured (grey), denoised (red)"
    if truth:
        exact = truth.offset + truth.baseline[row, column] * (
            1
            + truth.traces.T @ truth.footprints[:, row, column]
            + truth.blood_traces.T @ truth.blood_maps[:, row, column]
        )
        lines.append(((exact - exact.mean())[:last], BLUE))
        title += ", truth (blue)"
    top = 2 * GAP + HEAD + SIDE
    _write(page, (GAP, top), title)
    _plot(page, (GAP, top + HEAD, page.width - GAP, top + HEAD + PLOT - GAP), lines)
    return page


def draw_components(
    denoised: Denoised, components: Components, frame_rate_hz: float, truth: Truth | None, recovery: Recovery | None
) -> Image.Image:
    """Footprints on the mean image, each in a colour of its own, the true ones beside, and the traces in the same colours."""
    demixed = components.demixed
    footprints = components.image(demixed.footprints)
    number = len(footprints)
    matched = {found: true for true, found in recovery.pairs} if recovery and truth else {}
    colours = [_colour(place, number) for place in range(number)]
    panels = [
        ("mean image", _ramp(denoised.mean / max(float(denoised.mean.max()), 1e-9))),
        (f"{number} footprints", _painted(footprints, colours)),
    ]
    if truth and matched:
        true_colours: list[Colour] = [FAINT] * len(truth.footprints)
        for found, true in matched.items():
            true_colours[true] = colours[found]
        panels.append((f"{len(truth.footprints)} true footprints", _painted(truth.footprints, true_colours)))
    height = 26
    page = _page(max(len(panels), 3), HEAD + number * height + GAP)
    for place, (title, pixels) in enumerate(panels):
        _panel(page, place, title, pixels)
    for place, footprint in enumerate(footprints):
        peak = np.unravel_index(int(footprint.argmax()), footprint.shape)
        scale = SIDE / max(footprint.shape)
        left = 2 * GAP + SIDE + min(max(int(peak[1] * scale) - 6, 2), SIDE - 18)
        upper = GAP + HEAD + min(max(int(peak[0] * scale) - 8, 2), SIDE - 18)
        _write(page, (left, upper), str(place), 13, PAPER, outlined=True)
    top = 2 * GAP + HEAD + SIDE
    last = min(demixed.traces.shape[1], int(SECONDS_SHOWN * frame_rate_hz))
    _write(
        page, (GAP, top), f"traces, {last / frame_rate_hz:.0f} s" + (", and the true ones (grey)" if matched else "")
    )
    for place in range(number):
        lines: list[tuple[Array, Colour]] = [(demixed.traces[place, :last], colours[place])]
        note = ""
        if truth and recovery and place in matched:
            true = truth.traces[matched[place]]
            lines.insert(0, ((true - true.mean())[:last], (150, 150, 156)))
            note = f"r = {recovery.traces[[pair[1] for pair in recovery.pairs].index(place)]:.3f}"
        upper = top + HEAD + place * height
        _write(page, (GAP, upper + 5), str(place), 13, colours[place])
        _plot(page, (GAP + 30, upper, page.width - GAP - 80, upper + height), lines, frame=False)
        _write(page, (page.width - GAP - 70, upper + 5), note, 13)
    return page


def _page(columns: int, below: int) -> Image.Image:
    """A page for a row of panels, and something below."""
    return Image.new("RGB", (GAP + columns * (SIDE + GAP), GAP + HEAD + SIDE + GAP + below), PAPER)


def _panel(page: Image.Image, place: int, title: str, pixels: Array) -> None:
    """Put an image, (height, width, 3) of bytes, at its place, as large as fits."""
    left = GAP + place * (SIDE + GAP)
    _write(page, (left, GAP), title)
    scale = SIDE / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    page.paste(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST), (left, GAP + HEAD))


def _write(
    page: Image.Image,
    place: tuple[int, int],
    text: str,
    size: int = 16,
    ink: Colour = INK,
    *,
    outlined: bool = False,
) -> None:
    font = ImageFont.load_default(size)
    ImageDraw.Draw(page).text(place, text, fill=ink, font=font, stroke_width=2 * outlined, stroke_fill=INK)


def _plot(
    page: Image.Image, box: tuple[int, int, int, int], lines: Sequence[tuple[Array, Colour]], *, frame: bool = True
) -> None:
    """Draw lines over each other, on one scale."""
    draw = ImageDraw.Draw(page)
    left, top, right, bottom = box
    low = min(float(line.min()) for line, _ in lines)
    high = max(float(line.max()) for line, _ in lines)
    span = max(high - low, 1e-12)
    if frame:
        draw.rectangle(box, outline=FAINT)
    for line, ink in lines:
        across = np.linspace(left + 2, right - 2, len(line))
        down = bottom - 3 - (line - low) / span * (bottom - top - 6)
        draw.line([(float(x), float(y)) for x, y in zip(across, down, strict=True)], fill=ink, width=1)


def _diverging(values: Array) -> Array:
    """-1 blue, 0 white, 1 red."""
    place = np.clip((values + 1) / 2, 0, 1) * (len(COLD) - 1)
    lower = np.minimum(place.astype(int), len(COLD) - 2)
    part = (place - lower)[..., None]
    return np.asarray(COLD[lower] * (1 - part) + COLD[lower + 1] * part).astype(np.uint8)


def _ramp(values: Array) -> Array:
    """0 black, 1 white."""
    grey = (255 * np.clip(values, 0, 1)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _painted(footprints: Array, colours: Sequence[Colour]) -> Array:
    """Footprints as light of their colours, on black."""
    light = np.tensordot(np.moveaxis(footprints, 0, -1), np.asarray(colours, dtype=float), 1)
    return np.clip(light, 0, 255).astype(np.uint8)


def _colour(place: int, number: int) -> Colour:
    """Neighbours in number differ in hue and in lightness."""
    hue = (place * 0.381966) % 1.0 if number > 6 else place / number
    return tuple(int(255 * part) for part in colorsys.hls_to_rgb(hue, 0.5 if place % 2 else 0.42, 0.85))
