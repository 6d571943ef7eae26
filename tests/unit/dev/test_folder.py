"""The data folder: one stack at a time, and a note of who it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast_dev.folder import DataFolder, FolderTaken, Resident


def test_a_second_stack_learns_who_is_here(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as first:
        first.note(Resident(os.getpid(), 8080, 8081))
        with pytest.raises(FolderTaken) as refusal:
            DataFolder(tmp_path / "data").take()
    assert refusal.value.folder == tmp_path / "data"
    assert refusal.value.resident == Resident(os.getpid(), 8080, 8081)


def test_an_orderly_end_leaves_no_note(tmp_path: Path) -> None:
    for _ in range(2):
        with DataFolder(tmp_path) as folder:
            assert not folder.after_crash


def test_a_crash_shows(tmp_path: Path) -> None:
    program = f"""
import os, pathlib
from holdfast_dev.folder import DataFolder
DataFolder(pathlib.Path({str(tmp_path)!r})).take()
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    with DataFolder(tmp_path) as folder:
        assert folder.after_crash


def test_a_damaged_note_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "stack.lock").write_text("{")
    with DataFolder(tmp_path):
        pass
