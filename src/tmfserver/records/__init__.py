"""Files of many records as streams: NDJSON, JSON arrays, CSV and Parquet, plain or packed.

A reader gives each record as JSON text, whatever the format, and says of what it cannot read where
it stands and why. No file is ever held in memory.
"""

from tmfserver.records.formats import (
    MEDIA_TYPES,
    Format,
    format_of_media_type,
    format_of_name,
    records_of,
)
from tmfserver.records.record import Columns, Record, Refused
from tmfserver.records.writing import Writer, open_writer

__all__ = [
    "MEDIA_TYPES", "Columns", "Format", "Record", "Refused", "Writer", "format_of_media_type",
    "format_of_name", "open_writer", "records_of",
]  # fmt: skip
