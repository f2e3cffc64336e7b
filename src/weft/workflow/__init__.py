"""The one room that joins the rooms: recordings to alignments, to capsules, to a version, to a report."""

from weft.workflow.aligning import align, corrections_path, plot, require_plot_name, save_alignment
from weft.workflow.build_result import BuildOptions, BuildResult
from weft.workflow.building import build
from weft.workflow.datasets import check, export, open_dataset, report
from weft.workflow.opening import inspect, open_one, open_recording
from weft.workflow.training import SyncTraining, train_sync
from weft.workflow.verifying import verify_alignment

__all__ = [
    "BuildOptions",
    "BuildResult",
    "SyncTraining",
    "align",
    "build",
    "check",
    "corrections_path",
    "export",
    "inspect",
    "open_dataset",
    "open_one",
    "open_recording",
    "plot",
    "report",
    "require_plot_name",
    "save_alignment",
    "train_sync",
    "verify_alignment",
]
