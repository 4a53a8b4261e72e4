"""Where the trial's data lie."""

from __future__ import annotations

from calor.protocol.value import Text, Value


class DataSources(Value):
    """Folders of data, relative to the trial folder or to the folder that the variable `CALOR_DATA` names."""

    adam: Text = "adam"
