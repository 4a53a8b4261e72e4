"""Where the trial's data lie."""

from __future__ import annotations

from calor.protocol.value import Text, Value


class MeddraFiles(Value):
    """The licensee's own MedDRA files, by which adverse events are coded; none are shipped.

    Attributes:
        folder: Folder of the distribution's ASCII files, relative to the trial folder.
        version: Version of the files, such as "27.1"; it stands in every result that rests on them.
    """

    folder: Text
    version: Text


class DataSources(Value):
    """Folders of data, relative to the trial folder or to the folder that the variable `CALOR_DATA` names.

    Attributes:
        adam: The analysis datasets.
        meddra: The dictionary of adverse-event terms; None takes the codes that the data hold.
    """

    adam: Text = "adam"
    meddra: MeddraFiles | None = None
