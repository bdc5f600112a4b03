"""Where arrays are computed: on a GPU through torch or cupy when there is one that answers, else with numpy.

The three have the same names for what the decomposition uses (`@`, `linalg.eigh`, `fft.rfft`, `where`, ...), so that there is
one code for all; what differs is here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Device:
    """A library of arrays and a place that its arrays are in."""

    name: str
    """As reports give it, such as `numpy` or `torch on cuda: NVIDIA H200`."""
    xp: Any
    """The library: numpy, torch or cupy."""
    put: Callable[[NDArray[Any]], Any]
    """Copy a numpy array there."""
    get: Callable[[Any], NDArray[Any]]
    """Copy an array from there to numpy."""
    why: str = ""
    """Why it is not a GPU, when one was looked for and none answered."""


class NoDevice(Exception):
    """Raised when the device that was asked for does not answer."""


def pick_device(asked: str = "auto") -> Device:
    """Find where to compute.

    Args:
        asked: `auto`, a GPU when there is one; `gpu`; `cpu`, numpy; `torch-cpu`, torch without a GPU, with which the code for
            GPUs is tested where there is none.

    Raises:
        NoDevice: when it is asked for and does not answer, with the reason of each way that was tried.
    """
    if asked == "cpu":
        return numpy_device()
    if asked == "torch-cpu":
        return _torch_device("cpu")
    reasons = []
    ways: dict[str, Callable[[], Device]] = {"torch": lambda: _torch_device("cuda"), "cupy": _cupy_device}
    for library, make in ways.items():
        try:
            return make()
        except NoDevice as error:
            reasons.append(f"{library}: {error}")
    why = "; ".join(reasons)
    if asked == "gpu":
        raise NoDevice(f"device is 'gpu', and none answers ({why}): say 'auto' or 'cpu' to compute without one")
    return numpy_device(why)


def numpy_device(why: str = "") -> Device:
    """The processor, with numpy."""
    return Device("numpy", np, np.asarray, np.asarray, why)


def _torch_device(kind: str) -> Device:
    """Torch, after a first product there: a driver that is too old shows only then."""
    torch = _imported("torch")
    try:
        name = f"torch on cuda: {torch.cuda.get_device_name()}" if kind == "cuda" else "torch on cpu"
        torch.backends.cuda.matmul.allow_tf32 = False
        place = torch.device(kind)
        float((torch.ones((2, 2), device=place) @ torch.ones((2, 2), device=place)).sum())
    except (RuntimeError, AssertionError) as error:
        raise NoDevice(_first_line(error)) from error
    return Device(
        name, torch, lambda array: torch.as_tensor(array, device=place), lambda array: array.detach().cpu().numpy()
    )


def _cupy_device() -> Device:
    cupy = _imported("cupy")
    try:
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
        float((cupy.ones((2, 2)) @ cupy.ones((2, 2))).sum())
    except (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.compiler.CompileException) as error:
        raise NoDevice(_first_line(error)) from error
    return Device(f"cupy on cuda: {name}", cupy, cupy.asarray, cupy.asnumpy)


def _imported(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except (ImportError, OSError) as error:  # OSError: a shared library of it is not there
        raise NoDevice(_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
