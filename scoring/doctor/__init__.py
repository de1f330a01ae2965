"""The rule doctor: what in the rules cannot work, hides something, feeds on itself or changes nobody's score."""

from scoring.doctor import caps, fading, idle, silence  # noqa: F401 - each registers its examination
from scoring.doctor.chart import Chart
from scoring.doctor.findings import Examination, Finding, Severity, examinations, examine

__all__ = ["Chart", "Examination", "Finding", "Severity", "examinations", "examine"]
