"""Apache Parquet, with labels kept as metadata of the columns."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from calor.datasets.contents import Contents, is_date
from calor.errors import DatasetError


def read_parquet(path: Path) -> Contents:
    """Read a Parquet file; labels come back where the file carries them.

    Raises:
        DatasetError: The file is no Parquet file.

    >>> import tempfile
    >>> import pandas as pd
    >>> path = Path(tempfile.mkdtemp()) / "adsl.parquet"
    >>> write_parquet(Contents("ADSL", pd.DataFrame({"AGE": [61.0]}), {"AGE": "Age"}), path)
    >>> read_parquet(path).labels
    {'AGE': 'Age'}
    """
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        raise DatasetError.must("file", "be Parquet", str(error), fix="Export it again.", where=path.name) from None
    labels = {field.name: _label(field.metadata) for field in table.schema}
    about = table.schema.metadata or {}
    name = about.get(b"dataset", path.stem.upper().encode()).decode()
    return Contents(name, table.to_pandas(date_as_object=False), labels, _label(about))


def write_parquet(contents: Contents, path: Path) -> None:
    """Write a Parquet file whose columns carry their labels.

    >>> import tempfile
    >>> import pandas as pd
    >>> path = Path(tempfile.mkdtemp()) / "adsl.parquet"
    >>> write_parquet(Contents("ADSL", pd.DataFrame({"AGE": [61.0]})), path)
    >>> read_parquet(path).name
    'ADSL'
    """
    frame = contents.frame
    fields = []
    for name in frame.columns:
        kind = pa.date32() if is_date(frame[name]) else pa.Schema.from_pandas(frame[[name]]).field(name).type
        fields.append(pa.field(name, kind, metadata={"label": contents.labels[name]}))
    schema = pa.schema(fields, metadata={"dataset": contents.name, "label": contents.label})
    pq.write_table(
        pa.Table.from_pandas(frame, schema=schema, preserve_index=False).replace_schema_metadata(schema.metadata), path
    )


def _label(metadata: dict[bytes, bytes] | None) -> str:
    return (metadata or {}).get(b"label", b"").decode()
