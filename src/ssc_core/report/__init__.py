"""Reports: one HTML file that holds everything it shows, readable in any browser and on paper."""

from ssc_core.report.page import Figure, Note, Numbers, Page, Section, Table

__all__ = ["Figure", "Note", "Numbers", "Page", "Section", "Table"]
