from __future__ import annotations

import errno
import hashlib
import io

import pytest

from pipeline.errors import RequestError
from pipeline.ingest.scheduler.uploads import Uploads

CONTENT = b"snapped_at,price,market_cap,total_volume\n"


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "scheduler" / "imports").iterdir())


@pytest.fixture
def in_use():
    """The contents that unfinished jobs need."""
    return set()


@pytest.fixture
def make(tmp_path, in_use):
    return lambda limit=1000: Uploads(tmp_path, limit, lambda: set(in_use))


def test_a_file_is_kept_under_its_hash_while_a_job_needs_it(make, tmp_path, in_use):
    uploads = make()
    with uploads.kept(io.BytesIO(CONTENT)) as sha256:
        assert sha256 == hashlib.sha256(CONTENT).hexdigest()
        assert uploads.path(sha256).read_bytes() == CONTENT
        uploads.sweep()  # another job has ended
        in_use.add(sha256)
    assert files(tmp_path) == [f"{sha256}.csv"]
    in_use.clear()
    uploads.sweep()
    assert files(tmp_path) == []


def test_a_file_that_became_no_job_goes(make, tmp_path):
    with make().kept(io.BytesIO(CONTENT)):
        assert len(files(tmp_path)) == 1
    assert files(tmp_path) == []


def test_the_same_content_twice_is_one_file_and_needed_until_both_are_jobs(make, tmp_path):
    uploads = make()
    with uploads.kept(io.BytesIO(CONTENT)) as one:
        with uploads.kept(io.BytesIO(CONTENT)) as two:
            assert one == two
        assert files(tmp_path) == [f"{one}.csv"]
    assert files(tmp_path) == []


def test_a_start_deletes_what_a_killed_process_left(make, tmp_path, in_use):
    uploads = make()
    for name in ("0a.part", "0b.csv", "0c.csv"):
        (uploads.folder / name).write_bytes(CONTENT)
    in_use.add("0b")
    uploads.sweep()  # a .part may be an upload under way
    assert files(tmp_path) == ["0a.part", "0b.csv"]
    make().sweep(at_start=True)
    assert files(tmp_path) == ["0b.csv"]


@pytest.mark.parametrize(("body", "limit", "status"), [(CONTENT, len(CONTENT) - 1, 413), (b"", 1000, 400)])
def test_what_is_refused_leaves_nothing(make, tmp_path, body, limit, status):
    with pytest.raises(RequestError) as caught, make(limit).kept(io.BytesIO(body)):
        pass
    assert caught.value.status == status
    assert files(tmp_path) == []


def test_a_file_of_exactly_the_limit_is_taken(make):
    with make(len(CONTENT)).kept(io.BytesIO(CONTENT)):
        pass


class Breaking(io.BytesIO):
    """A body that comes to its end with an error of the system."""

    def __init__(self, number: int) -> None:
        super().__init__(CONTENT)
        self.number = number

    def read(self, size: int | None = -1, /) -> bytes:
        if piece := super().read(size):
            return piece
        raise OSError(self.number, "as told")


def test_a_full_disk_is_507_and_leaves_nothing(make, tmp_path):
    with pytest.raises(RequestError, match="no space left") as caught, make().kept(Breaking(errno.ENOSPC)):
        pass
    assert caught.value.status == 507
    assert files(tmp_path) == []


def test_another_fault_of_the_disk_is_not_the_callers(make, tmp_path):
    with pytest.raises(OSError, match="as told"), make().kept(Breaking(errno.EIO)):
        pass
    assert files(tmp_path) == []
