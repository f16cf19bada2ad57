import pytest

from mesa_lab.formatting import duration, plural, size_text


def test_sizes():
    assert [size_text(size) for size in (0, 999 * 1024, 3 * 2**20 // 2, 150 * 2**20)] == [
        "0 bytes",
        "999 KiB",
        "1.5 MiB",
        "150 MiB",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "less than 1 s"),
        (1, "1 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (7260, "2 h 1 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_plurals():
    assert [plural(n, "run") for n in (0, 1, 2, 1234567)] == ["0 runs", "1 run", "2 runs", "1,234,567 runs"]
