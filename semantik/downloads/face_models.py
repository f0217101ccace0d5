"""The two models that find faces and tell them apart: plain data, and whether they are here.

YuNet (MIT) and SFace (Apache-2.0), as OpenCV's zoo has them. They are ONNX files, in which nothing can be executed.
"""

from __future__ import annotations

from pathlib import Path

from semantik.downloads import model_file_set
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named

_ZOO = "https://media.githubusercontent.com/media/opencv/opencv_zoo/966be4cb6eefc2a4f586ed0581bf4bbaa2533070/models"
_TITLE = "YuNet + SFace"

RECOGNISER = WeightsFile(
    _TITLE,
    f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx",
    "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    38696353,
    "faces/face_recognition_sface_2021dec.onnx",
)
DETECTOR = WeightsFile(
    _TITLE,
    f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx",
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    232589,
    "faces/face_detection_yunet_2023mar.onnx",
)
FILES = ModelFiles(_TITLE, (RECOGNISER, DETECTOR))


class FaceModels:
    """The files of both models in the user's folder for models. May be called from any thread."""

    def __init__(self, config: Config) -> None:
        self._folder = path_named(config.weights_folder) if config.weights_folder else None

    @property
    def are_ready(self) -> bool:
        """Whether nothing needs to be downloaded. Cheap: contents are checked by ``paths``."""
        return model_file_set.is_ready(FILES, self._folder)

    @property
    def title(self) -> str:
        """What both are called."""
        return FILES.name

    @property
    def size(self) -> int:
        """Bytes of the download."""
        return FILES.size

    def paths(self) -> tuple[Path, Path]:
        """The detector and the recogniser, checked. Raises WeightsMissing and WrongHash."""
        recogniser, detector = model_file_set.checked_paths(FILES, self._folder)
        return detector, recogniser

    def download(self, control: TaskControl = UNATTENDED) -> None:
        """Fetch what is missing; progress counts bytes. Raises as ``model_file_set.download``."""
        model_file_set.download(FILES, self._folder, control)

    def remove(self) -> int:
        """Delete the files; returns the bytes that became free. Raises OSError."""
        return model_file_set.remove(FILES, self._folder)
