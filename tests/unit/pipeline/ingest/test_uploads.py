from __future__ import annotations

import errno
import hashlib
import io

import pytest

from pipeline.errors import RequestError
from pipeline.ingest.uploads import import_path, keep_upload

CONTENT = b"snapped_at,price,market_cap,total_volume\n"


def files(tmp_path):
    return [path.name for path in (tmp_path / "scheduler" / "imports").iterdir()]


def test_a_file_is_kept_under_its_hash(tmp_path):
    sha256 = keep_upload(io.BytesIO(CONTENT), tmp_path, 1000)
    assert sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert import_path(tmp_path, sha256).read_bytes() == CONTENT
    assert files(tmp_path) == [f"{sha256}.csv"]


def test_the_same_content_is_the_same_file(tmp_path):
    assert keep_upload(io.BytesIO(CONTENT), tmp_path, 1000) == keep_upload(io.BytesIO(CONTENT), tmp_path, 1000)
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize(("body", "limit", "status"), [(CONTENT, len(CONTENT) - 1, 413), (b"", 1000, 400)])
def test_what_is_refused_leaves_nothing(tmp_path, body, limit, status):
    with pytest.raises(RequestError) as caught:
        keep_upload(io.BytesIO(body), tmp_path, limit)
    assert caught.value.status == status
    assert files(tmp_path) == []


def test_a_file_of_exactly_the_limit_is_taken(tmp_path):
    keep_upload(io.BytesIO(CONTENT), tmp_path, len(CONTENT))


class Breaking(io.BytesIO):
    """A body that comes to its end with an error of the system."""

    def __init__(self, number: int) -> None:
        super().__init__(CONTENT)
        self.number = number

    def read(self, size: int | None = -1, /) -> bytes:
        if piece := super().read(size):
            return piece
        raise OSError(self.number, "as told")


def test_a_full_disk_is_507_and_leaves_nothing(tmp_path):
    with pytest.raises(RequestError, match="no space left") as caught:
        keep_upload(Breaking(errno.ENOSPC), tmp_path, 1000)
    assert caught.value.status == 507
    assert files(tmp_path) == []


def test_another_fault_of_the_disk_is_not_the_callers(tmp_path):
    with pytest.raises(OSError, match="as told"):
        keep_upload(Breaking(errno.EIO), tmp_path, 1000)
    assert files(tmp_path) == []
