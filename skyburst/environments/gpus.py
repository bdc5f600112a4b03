"""GPUs of this machine: which there are, and how busy they are.

Asks NVIDIA's management library, which the driver brings along: that takes microseconds, where starting `nvidia-smi` for each
look takes a second. Imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
from typing import NamedTuple

LIBRARIES = ("libnvidia-ml.so.1", "libnvidia-ml.so")
VISIBLE = "CUDA_VISIBLE_DEVICES"
LONGEST_ID = 96
MB = 2**20


class GpuUse(NamedTuple):
    """How busy some GPUs are together."""

    percent: float
    """Of the time in which a kernel ran, summed up: 200 for two that are wholly busy."""
    memory_mb: float
    """MiB in use."""


class _Utilization(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class _Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


class Gpus:
    """The GPUs that the driver knows; none where there is no driver."""

    def __init__(self) -> None:
        self._library: ctypes.CDLL | None = None
        for name in LIBRARIES:
            try:
                library = ctypes.CDLL(name)
            except OSError:
                continue
            if library.nvmlInit_v2() == 0:
                self._library = library
            return

    def ids(self) -> list[str]:
        """Those that this process may use, as CUDA_VISIBLE_DEVICES names them: those it has in there, else all."""
        visible = os.environ.get(VISIBLE)
        if visible is not None:
            named = [entry.strip() for entry in visible.split(",")]
            return [entry for entry in named if entry and entry not in ("-1", "NoDevFiles")] if self._library else []
        count = ctypes.c_uint()
        if self._library is None or self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return []
        return [self._id(number) for number in range(count.value)]

    def use(self, ids: list[str]) -> GpuUse | None:
        """How busy these are; None when the driver does not say, as of parts of GPUs."""
        percent = memory_mb = 0.0
        known = False
        for name in ids:
            handle = self._handle(name)
            if handle is None:
                continue
            assert self._library
            utilization, memory = _Utilization(), _Memory()
            if self._library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(utilization)) == 0:
                percent, known = percent + utilization.gpu, True
            if self._library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0:
                memory_mb, known = memory_mb + memory.used / MB, True
        return GpuUse(percent, memory_mb) if known else None

    def _id(self, number: int) -> str:
        """The id that no other GPU has: numbers differ between libraries."""
        handle, text = ctypes.c_void_p(), ctypes.create_string_buffer(LONGEST_ID)
        assert self._library
        if (
            self._library.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle))
            or self._library.nvmlDeviceGetUUID(handle, text, LONGEST_ID)
        ):  # fmt: skip
            return str(number)
        return text.value.decode()

    def _handle(self, name: str) -> ctypes.c_void_p | None:
        if self._library is None:
            return None
        handle = ctypes.c_void_p()
        if name.isdigit():
            failed = self._library.nvmlDeviceGetHandleByIndex_v2(int(name), ctypes.byref(handle))
        else:
            failed = self._library.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(handle))
        return None if failed else handle


def share_out(ids: list[str], each: int, slot: int) -> list[str]:
    """The GPUs of one of several workers, so many each; fewer, and shared, where there are not as many. Pure."""
    if not ids or not each:
        return []
    shares = max(1, len(ids) // each)
    start = slot % shares * each
    return ids[start : start + each]
