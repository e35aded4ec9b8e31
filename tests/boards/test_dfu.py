from ffp8.boards.dfu import with_dfu_suffix


def test_suffix_is_what_dfu_suffix_writes():
    # Written by dfu-suffix 0.11: dfu-suffix -v 1209 -p 5af0 -a FILE, FILE being b"ffp8".
    suffix = bytes.fromhex("fffff05a09120001554644109ac25fa6")
    assert with_dfu_suffix(b"ffp8", vendor=0x1209, product=0x5AF0) == b"ffp8" + suffix
