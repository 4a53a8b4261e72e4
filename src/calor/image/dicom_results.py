"""Results as DICOM: vessels as SEG, their measures as a TID 1500 report, through highdicom."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import highdicom as hd
import numpy as np
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from calor.errors import ImageError
from calor.image.dicom_file import read_file
from calor.image.study import Study, StudyTbr

VERSION = version("calor")
SCHEME = "99CALOR"
ANATOMY = {
    "ascending_aorta": CodedConcept("54247002", "SCT", "Ascending aorta"),
    "aortic_arch": CodedConcept("57034009", "SCT", "Aortic arch"),
    "carotid_left": CodedConcept("69105007", "SCT", "Carotid artery"),
    "carotid_right": CodedConcept("69105007", "SCT", "Carotid artery"),
    "svc": CodedConcept("48345005", "SCT", "Superior vena cava"),
    "jugular_left": CodedConcept("12123001", "SCT", "Jugular vein"),
    "jugular_right": CodedConcept("12123001", "SCT", "Jugular vein"),
}
VESSEL = CodedConcept("59820001", "SCT", "Blood vessel")
MEASURES = {
    "mean_tbr_max": CodedConcept("TBRMAXMEAN", SCHEME, "Mean over slices of maximum target-to-background ratio"),
    "max_tbr_max": CodedConcept("TBRMAXMAX", SCHEME, "Highest target-to-background ratio"),
    "mds_tbr_max": CodedConcept("TBRMDS", SCHEME, "Mean target-to-background ratio of the most diseased segment"),
    "active_percent": CodedConcept("TBRACTIVE", SCHEME, "Share of active slices"),
}
_UNITS = {"active_percent": codes.UCUM.Percent}


def pet_headers_of(study: Study) -> list[Dataset]:
    """Read the PET's files in the order of its grid; a multi-frame PET has one.

    Raises:
        ImageError: They have changed since the study was read.
    """
    heads = {str(h.SOPInstanceUID): h for h in (read_file(f) for f in study.pet_files)}
    wanted = dict.fromkeys(uid for _, uid in study.pet.instances)
    if set(heads) != set(wanted):
        raise ImageError.must("pet_files", "be those of the measured PET", f"{len(heads)} others", fix="Read it again.")
    return [heads[uid] for uid in wanted]


def write_seg(study: Study, sources: Sequence[Dataset], path: Path, *, names: Sequence[str]) -> None:
    """Write masks as DICOM SEG on the PET's grid.

    Args:
        study: The study as read.
        sources: Its `pet_headers_of`, to which the SEG refers.
        path: Where the file goes.
        names: Masks to write.

    Raises:
        ImageError: A mask is missing.
    """
    voxels = np.stack([_mask(study, name) for name in names], axis=-1).astype(np.uint8)
    segments = [
        hd.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=codes.SCT.AnatomicalStructure,
            segmented_property_type=ANATOMY.get(name, VESSEL),
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(names, 1)
    ]
    seg = hd.seg.Segmentation(
        source_images=list(sources), pixel_array=voxels, segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=segments, series_instance_uid=generate_uid(), series_number=900,
        sop_instance_uid=generate_uid(), instance_number=1, manufacturer="Calor", manufacturer_model_name="calor",
        software_versions=VERSION, device_serial_number="0",
    )  # fmt: skip
    seg.save_as(path)


def write_report(found: StudyTbr, sources: Sequence[Dataset], seg: Path, path: Path, *, reader: str) -> None:
    """Write the measures as a TID 1500 structured report that refers to the SEG.

    Args:
        found: A study's measures.
        sources: Its `pet_headers_of`.
        seg: The file that `write_seg` made.
        path: Where the report goes.
        reader: Code of the reader.
    """
    segmentation = read_file(seg)
    labels = {str(s.SegmentLabel): int(s.SegmentNumber) for s in segmentation.SegmentSequence}
    groups = [_group(name, found, labels[name], segmentation, sources) for name in found.vessels if name in labels]
    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=generate_uid(entropy_srcs=["calor", VERSION]), name=f"calor {VERSION}", serial_number=reader
        ),
    )
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=CodedConcept("44139-4", "LN", "PET whole body"),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    sr = hd.sr.Comprehensive3DSR(
        evidence=[*sources, segmentation], content=report[0], series_number=901, series_instance_uid=generate_uid(),
        sop_instance_uid=generate_uid(), instance_number=1, manufacturer="Calor", is_complete=True, is_verified=False,
    )  # fmt: skip
    sr.save_as(path)


def _group(
    name: str, found: StudyTbr, number: int, segmentation: Dataset, sources: Sequence[Dataset]
) -> hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    values = found.vessels[name].measures()
    made = [
        hd.sr.Measurement(name=concept, value=round(values[key], 6), unit=_UNITS.get(key, codes.UCUM.NoUnits))
        for key, concept in MEASURES.items()
    ]
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=generate_uid(), identifier=name),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=segmentation.SOPClassUID, sop_instance_uid=segmentation.SOPInstanceUID, segment_number=number,
            source_series=hd.sr.SourceSeriesForSegmentation(sources[0].SeriesInstanceUID),
        ),
        finding_type=ANATOMY.get(name, VESSEL),
        measurements=made,
    )  # fmt: skip


def _mask(study: Study, name: str) -> np.ndarray:
    if name not in study.masks:
        raise ImageError.must(
            "names", f"be among {', '.join(sorted(study.masks))}", name, fix="Name a mask of the study."
        )
    return study.masks[name].voxels
