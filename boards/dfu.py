"""DFU suffix: what tells dfu-util that a file is for a device, and whole."""

import struct
import zlib

__all__ = ["with_dfu_suffix"]


def with_dfu_suffix(data: bytes, *, vendor: int, product: int) -> bytes:
    """A file with the suffix of the USB DFU class specification, revision 1.1, appendix B."""
    any_release, dfu_version, length = 0xFFFF, 0x0100, 16
    fields = struct.pack("<HHHH3sB", any_release, product, vendor, dfu_version, b"UFD", length)
    # The specification's CRC is the usual one without the last inversion.
    checksum = zlib.crc32(data + fields) ^ 0xFFFFFFFF
    return data + fields + struct.pack("<I", checksum)
