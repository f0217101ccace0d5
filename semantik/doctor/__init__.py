"""What may be wrong with an installation and its data, looked into without changing anything."""

from semantik.doctor.diagnosis import Window, diagnose
from semantik.doctor.findings import Diagnosis, Finding, Grade, Private
from semantik.doctor.report import as_fields, as_text

__all__ = ["Diagnosis", "Finding", "Grade", "Private", "Window", "as_fields", "as_text", "diagnose"]
