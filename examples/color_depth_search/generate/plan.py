"""Which picture each number of a library stands for; it depends on the plan and that number alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from .names import Name, micrograph_name, reconstruction_name
from .planting import KINDS, Copy, planted, subject
from .population import company
from .scenes import Pixels, micrograph, reconstruction
from .shapes import shape_of
from .streams import Purpose, stream

_RECONSTRUCTIONS: Final = 0.12  # share of the library in electron microscopy style


class Planting(NamedTuple):
    """A planted match: which mask, and how its neuron was copied."""

    mask: int
    copy: Copy


@dataclass(frozen=True, slots=True)
class Plan:
    """A library before it is drawn."""

    seed: int
    masks: int
    planted: int
    """Planted matches of each mask."""

    def planting(self, image: int) -> Planting | None:
        """What is planted in an image: every second one has a planted match, until all are planted."""
        turn, odd = divmod(image, 2)
        if not odd or turn >= self.masks * self.planted:
            return None
        number, mask = divmod(turn, self.masks)
        return Planting(mask, Copy.drawn(KINDS[number % len(KINDS)], stream(self.seed, Purpose.COPY, image)))

    def image_name(self, image: int) -> Name:
        """The name of an image of the library."""
        rng = stream(self.seed, Purpose.NAME, image)
        if rng.random() < _RECONSTRUCTIONS and self.planting(image) is None:
            return reconstruction_name(image)
        return micrograph_name(image, rng)

    def mask_name(self, mask: int) -> Name:
        """The name of a mask."""
        return reconstruction_name(mask, mask=True)

    def mask_image(self, mask: int) -> Pixels:
        """The picture of a mask: one clean neuron, no labels."""
        neuron = subject(self.seed, mask).neuron
        return reconstruction(shape_of(neuron, stream(self.seed, Purpose.KINKS, mask)))

    def image(self, image: int) -> Pixels:
        """The picture of an image of the library."""
        rng = stream(self.seed, Purpose.IMAGE, image)
        name = self.image_name(image)
        planting = self.planting(image)
        shown = company(self.seed, rng)
        if planting is not None:
            shown = planted(self.seed, planting.mask, planting.copy, rng) + shown
        elif name.electron:
            return reconstruction(shown[0][0], name.lines)
        return micrograph(shown, name.lines, rng)

    def truth(self, images: int) -> dict[str, list[dict[str, Any]]]:
        """The planted matches among the first ``images`` images, by the file name of their mask.

        Each is {"file": ..., "kind": ..., "missing": ...} and the fields of its ``Distortion``.
        """
        matches: dict[str, list[dict[str, Any]]] = {self.mask_name(mask).file: [] for mask in range(self.masks)}
        for image in range(1, min(images, 2 * self.masks * self.planted), 2):
            planting = self.planting(image)
            if planting is not None:
                entry = {"file": self.image_name(image).file, **planting.copy.as_truth()}
                matches[self.mask_name(planting.mask).file].append(entry)
        return matches
