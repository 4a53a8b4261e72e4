"""Trial data in and out (ADaM as XPORT, Dataset-JSON, Parquet, CSV): the only place that knows those formats."""
